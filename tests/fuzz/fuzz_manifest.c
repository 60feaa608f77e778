/*
 * tests/fuzz/fuzz_manifest.c - any bytes as a manifest: refused, or safe to lay out in a folder.
 */
#include "base/path.h"
#include "bundle/manifest.h"

static bool has_part(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (const char *c = path; *c; c += strcspn(c, "/"), c += *c == '/')
        if (strcspn(c, "/") == length && memcmp(c, name, length) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(manifest_clear) struct manifest manifest;
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
