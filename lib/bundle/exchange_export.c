/* lib/bundle/exchange_export.c - a bundle written into a folder for another tool. */
#include "base/file.h"
#include "base/path.h"
#include "bundle/destination.h"
#include "bundle/exchange.h"
#include "registry/registry.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int folder_writer_lay(const struct folder_writer *writer, const char *from, const char *to,
                      struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest part = {0};
    _cleanup_(free_string) char *path =
        str_equal(to, ".") ? xstrdup(writer->tree) : path_join(writer->tree, to);
    TRY(manifest_part(&writer->manifest, from, writer->leave_out, &part, err));
    return manifest_checkout(writer->registry, &part, path, err);
}

int folder_writer_put(const struct folder_writer *writer, const char *name,
                      const struct buffer *text, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(writer->tree, name);
    return file_write_durable(path, text->data ? text->data : "", text->length, 0644, err);
}

static void folder_writer_clear(struct folder_writer *writer)
{
    manifest_clear(&writer->manifest);
    free(writer->tree);
}

/* Was the project file made by an import? Then the other tool did not have it. */
static int find_made(struct folder_writer *writer, struct mlops_error *err)
{
    const struct manifest_file *file = manifest_find(&writer->manifest, PROJECT_FILE);
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!file || file->kind != MANIFEST_FILE)
        return MLOPS_OK;
    TRY(manifest_read_file(writer->registry, &writer->manifest, PROJECT_FILE, FOREIGN_FILE_MAX,
                           &text, err));
    if (text.data && str_starts(text.data, FOREIGN_MARK))
        writer->leave_out = PROJECT_FILE;
    return MLOPS_OK;
}

static int find_format(const char *name, int (**write)(struct folder_writer *, struct mlops_error *),
                       struct mlops_error *err)
{
    if (str_equal(name, "mlflow"))
        *write = folder_write_mlflow;
    else if (str_equal(name, "kitfile"))
        *write = folder_write_kitfile;
    else
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no format that folders are exported in",
                          name);
    return MLOPS_OK;
}

int mlops_folder_export(struct mlops_registry *registry, const char *ref, const char *format,
                        const char *directory, struct mlops_folder_export *result,
                        struct mlops_error *err)
{
    _cleanup_(folder_writer_clear) struct folder_writer writer = {.registry = registry, .ref = ref};
    _cleanup_(free_string) char *parent = NULL, *temporary = NULL;
    int (*write)(struct folder_writer *, struct mlops_error *) = NULL;
    bool there;
    *result = (struct mlops_folder_export){0};
    TRY(find_format(format, &write, err));
    if (!*directory)
        return mlops_fail(err, MLOPS_INVALID, "the folder to export into has no name");
    TRY(destination_check(directory, &there, err));
    TRY(manifest_load(registry, ref, &writer.version, &writer.manifest, NULL, err));
    TRY(find_made(&writer, err));
    parent = path_parent(directory);
    if (directory_make_temporary(parent, ".mlops-export", &temporary, err)) {
        if (err->code == MLOPS_NOT_FOUND)
            mlops_hint(err, "make the folder '%s' first", parent);
        return (int)err->code;
    }
    writer.tree = path_join(temporary, "tree");
    int code = MLOPS_OK;
    /* the temporary folder is private; what is handed over has the caller's umask */
    if (mkdir(writer.tree, 0777) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", writer.tree);
    if (code == MLOPS_OK)
        code = write(&writer, err);
    if (code == MLOPS_OK && rename(writer.tree, directory) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", writer.tree,
                                directory);
    struct mlops_error ignored = {0}; /* what matters is the folder: there, or why it is not */
    (void)tree_remove(temporary, &ignored);
    TRY(code);
    result->version = writer.version;
    for (size_t i = 0; i < writer.manifest.file_count; i++) {
        result->files += writer.manifest.files[i].kind == MANIFEST_FILE;
        result->bytes += writer.manifest.files[i].size;
    }
    return directory_sync(parent, err);
}
