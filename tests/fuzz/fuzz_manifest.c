/*
 * tests/fuzz/fuzz_manifest.c - any bytes as a manifest: refused, or safe to lay out in a folder.
 */
#include "../unit/manifest_list.h"
#include "base/json_member.h"
#include "base/path.h"
#include "bundle/walk.h"

static bool has_part(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (const char *c = path; *c; c += strcspn(c, "/"), c += *c == '/')
        if (strcspn(c, "/") == length && memcmp(c, name, length) == 0)
            return true;
    return false;
}

/* A list that is read without a tree is canonical: written again, it is the same bytes. */
static void check_list(const char *text, size_t length)
{
    _cleanup_(free_string) char *again = manifest_list_again(text, length);
    if (again && (strlen(again) != length || memcmp(again, text, length) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(manifest_clear) struct manifest manifest;
    static const char *const key = "files";
    struct json_span list;
    if (json_find_members((const char *)data, size, &key, 1, &list) && list.text)
        check_list(list.text, list.length);
    if (manifest_parse((const char *)data, size, &manifest, &err)) {
        if (err.code != MLOPS_INTEGRITY || err.message[0] == '\0')
            abort();
        return 0;
    }
    for (size_t i = 0; i < manifest.file_count; i++) {
        const struct manifest_file *file = &manifest.files[i];
        if (file->path[0] == '/' || has_part(file->path, "..") || has_part(file->path, ".git") ||
            file->mode > 0777)
            abort();
        if (file->kind == MANIFEST_LINK && !path_link_stays_inside(file->path, file->target))
            abort();
    }
    return 0;
}
