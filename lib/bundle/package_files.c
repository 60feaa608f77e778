/* lib/bundle/package_files.c - the content of a project's files into the store. */
#include "base/path.h"
#include "bundle/packaging.h"
#include "registry/bundle.h"
#include "registry/registry.h"

/* The manifest of the model's newest bundle, whose files the new ones may resemble. One that cannot
 * be read is fsck's matter. */
static int load_previous(struct packaging *packaging, struct mlops_error *err)
{
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_version version;
    struct mlops_error damage = {0};
    TRY(registry_newest_bundle(packaging->registry, packaging->project.model, id, err));
    if (!id[0])
        return MLOPS_OK;
    int code =
        manifest_load(packaging->registry, id, &version, &packaging->previous, NULL, &damage);
    if (code == MLOPS_OK)
        return MLOPS_OK;
    manifest_clear(&packaging->previous);
    packaging->previous = (struct manifest){0};
    if (code == MLOPS_IO)
        *err = damage;
    return code == MLOPS_IO ? code : MLOPS_OK;
}

static int compare_file(const void *path, const void *file)
{
    return strcmp(path, ((const struct manifest_file *)file)->path);
}

/* What the file at `path` was in the model's newest bundle; NULL where it was not. */
static const struct digest *previous_content(const struct packaging *packaging, const char *path)
{
    const struct manifest *previous = &packaging->previous;
    const struct manifest_file *file = previous->file_count == 0
                                           ? NULL
                                           : bsearch(path, previous->files, previous->file_count,
                                                     sizeof(*previous->files), compare_file);
    return file && file->kind == MANIFEST_FILE ? &file->digest : NULL;
}

/* Take digests of files that look as they did and are in the store; the others are left without a
 * size. */
static int use_known(struct packaging *packaging, bool *known, struct mlops_error *err)
{
    for (size_t i = 0; i < packaging->walk.count; i++) {
        struct walked *item = &packaging->walk.items[i];
        if (item->made) {
            const char *text = packaging->source->project;
            TRY(store_writer_add(packaging->writer, text, strlen(text), &item->file.digest, err));
            known[i] = true;
            continue;
        }
        const struct digest *digest =
            item->file.kind == MANIFEST_FILE && !packaging->options->afresh
                ? stat_cache_find(packaging->cache, item->file.path, &item->status)
                : NULL;
        if (!digest)
            continue;
        TRY(store_writer_has(packaging->writer, digest, &known[i], err));
        item->file.digest = *digest;
        item->file.size = (uint64_t)item->status.st_size;
    }
    return MLOPS_OK;
}

/* The other regular files into the store at once; sizes and digests come back into the list. */
static int add_files(struct packaging *packaging, const bool *known, struct mlops_error *err)
{
    struct walk *walk = &packaging->walk;
    struct store_file *files = xcalloc(walk->count, sizeof(*files));
    size_t *places = xcalloc(walk->count, sizeof(*places)), count = 0;
    for (size_t i = 0; i < walk->count; i++)
        if (walk->items[i].file.kind == MANIFEST_FILE && !known[i])
            places[count++] = i;
    int code = count > 0 ? load_previous(packaging, err) : MLOPS_OK;
    for (size_t i = 0; i < count; i++) {
        const struct walked *item = &walk->items[places[i]];
        files[i].path = path_join(packaging->root, item->file.path);
        files[i].base = previous_content(packaging, item->file.path);
        files[i].size = (uint64_t)item->status.st_size;
    }
    if (code == MLOPS_OK)
        code = store_writer_add_files(packaging->writer, files, count, err);
    for (size_t i = 0; i < count; i++) {
        walk->items[places[i]].file.size = files[i].size;
        walk->items[places[i]].file.digest = files[i].digest;
        free((char *)(uintptr_t)files[i].path);
    }
    free(files);
    free(places);
    return code;
}

int package_store_files(struct packaging *packaging, struct mlops_package *package,
                        struct mlops_error *err)
{
    const struct walk *walk = &packaging->walk;
    bool *known = xcalloc(walk->count, sizeof(*known));
    int code = use_known(packaging, known, err);
    if (code == MLOPS_OK)
        code = add_files(packaging, known, err);
    free(known);
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->items[i].file.kind != MANIFEST_FILE)
            continue;
        package->bytes += walk->items[i].file.size;
        package->files++;
    }
    return code;
}

int package_store_patch(struct packaging *packaging, struct mlops_error *err)
{
    const struct buffer *patch = &packaging->git.patch;
    struct digest digest;
    if (patch->length == 0)
        return MLOPS_OK;
    return store_writer_add(packaging->writer, patch->data, patch->length, &digest, err);
}

int package_check_unchanged(const struct packaging *packaging, struct mlops_error *err)
{
    const struct walked *item = walk_find(&packaging->walk, PROJECT_FILE);
    if (item && item->file.kind == MANIFEST_FILE &&
        !digest_equal(&item->file.digest, &packaging->project_digest))
        return mlops_fail(err, MLOPS_CONFLICT, "%s changed while it was packaged", PROJECT_FILE);
    return walk_check_unchanged(&packaging->walk, err);
}
