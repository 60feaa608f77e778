/* tests/fuzz/fuzz_dvc.c - no bytes break a reader of DVC's files or of GTO's tags: the first byte
 * chooses which, the rest is the file. Whatever is read stays inside the folder. */
#include "base/path.h"
#include "bundle/dvc_file.h"
#include "bundle/gto.h"

static void check_inside(const char *path)
{
    struct mlops_error err = {0};
    char *normal = NULL;
    if (path_normalize(path, &normal, &err) || !str_equal(normal, path))
        abort();
    free(normal);
}

static void read_file(const char *path, const char *text, size_t length)
{
    struct dvc_repository dvc = {0};
    struct mlops_error err = {0};
    if (dvc_file_read(&dvc, path, text, length, &err) == MLOPS_OK)
        for (size_t i = 0; i < dvc.count; i++)
            if (!dvc.outs[i].external)
                check_inside(dvc.outs[i].path);
    dvc_repository_clear(&dvc);
}

static void read_list(const char *text, size_t length)
{
    struct dvc_list list;
    struct mlops_error err = {0};
    if (dvc_list_parse(text, length, "list", &list, &err) == MLOPS_OK)
        for (size_t i = 0; i < list.count; i++)
            check_inside(list.items[i].path);
    dvc_list_clear(&list);
}

/* A tag a line; every second is of another commit. */
static void read_tags(const char *text, size_t length)
{
    char *copy = xstrndup(text, length), *rest = copy, *line;
    struct gto_tag tags[64];
    struct gto_state state;
    size_t count = 0;
    while (count < ARRAY_LENGTH(tags) && (line = strsep(&rest, "\n"))) {
        tags[count] = (struct gto_tag){
            .name = line, .commit = count % 2 ? "a" : "b", .time_s = (int64_t)(count / 4)};
        count++;
    }
    gto_state_make(tags, count, &state);
    for (size_t i = 1; i < state.version_count; i++) {
        const char *one = state.versions[i - 1].version, *two = state.versions[i].version;
        int there = gto_compare_versions(one, two), back = gto_compare_versions(two, one);
        if ((there < 0) != (back > 0) || (there > 0) != (back < 0))
            abort();
    }
    gto_state_clear(&state);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a/dvc.yaml", "dvc.lock", "a/x.dvc", "artifacts.yaml"};
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    switch (data[0] % 7) {
    case 4:
        read_list(text, size - 1);
        break;
    case 5:
        read_tags(text, size - 1);
        break;
    case 6:
        free(dvc_config_cache(text, size - 1));
        break;
    default:
        read_file(names[data[0] % 7], text, size - 1);
    }
    return 0;
}
