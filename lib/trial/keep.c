/* lib/trial/keep.c - files of suites, from the suite's folder into the store. */
#include "trial/keep.h"
#include "base/path.h"
#include "store/store.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[KEPT_FILES] = {
    [KEPT_OUTPUT] = KEEP_OUTPUT,
    [KEPT_ERRORS] = KEEP_ERRORS,
    [KEPT_PREDICTIONS] = KEEP_PREDICTIONS,
};

const char *kept_name(size_t which)
{
    return names[which];
}

static void forget(struct kept_file *file)
{
    if (file->path)
        (void)unlink(file->path); /* the folder that it is in is removed, too */
    free(file->path);
    *file = (struct kept_file){0};
}

void kept_files_clear(struct kept_files *files)
{
    for (size_t i = 0; i < KEPT_FILES; i++)
        forget(&files->items[i]);
    *files = (struct kept_files){0};
}

int keep_file(struct kept_files *files, size_t which, const char *path, const char *folder,
              struct mlops_error *err)
{
    struct kept_file *file = &files->items[which];
    struct stat status;
    forget(file);
    if (lstat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return MLOPS_OK;
    _cleanup_(free_string) char *name = xprintf("%s-XXXXXX", names[which]);
    char *kept = path_join(folder, name);
    int fd = mkstemp(kept);
    if (fd >= 0)
        close(fd);
    if (fd < 0 || rename(path, kept) < 0) {
        int failure = errno;
        free(kept);
        return mlops_fail_errno(err, MLOPS_IO, failure, "keep '%s'", path);
    }
    file->path = kept;
    file->bytes = (uint64_t)status.st_size;
    return MLOPS_OK;
}

static bool is_to_be_stored(const struct kept_file *file, size_t which)
{
    return file->path && (which != KEPT_PREDICTIONS || file->bytes <= KEEP_PREDICTIONS_MAX);
}

/* In one writer, so that all of a run is in one pack. */
int keep_store(struct mlops_registry *registry, struct kept_files *const *files, size_t count,
               struct mlops_error *err)
{
    _cleanup_(store_writer_abort_ptr) struct store_writer *writer = NULL;
    struct store *store;
    struct store_added added;
    size_t wanted = 0;
    struct store_file *adding = xcalloc(count * KEPT_FILES + 1, sizeof(*adding));
    for (size_t i = 0; i < count; i++)
        for (size_t which = 0; which < KEPT_FILES; which++)
            if (is_to_be_stored(&files[i]->items[which], which))
                adding[wanted++] = (struct store_file){.path = files[i]->items[which].path};
    int code = wanted > 0 ? registry_store(registry, &store, err) : MLOPS_OK;
    if (code == MLOPS_OK && wanted > 0)
        code = store_writer_begin(store, &writer, err);
    if (code == MLOPS_OK && wanted > 0)
        code = store_writer_add_files(writer, adding, wanted, err);
    if (code == MLOPS_OK && wanted > 0)
        code = store_writer_publish(TAKE_PTR(writer), &added, err);
    for (size_t i = 0, at = 0; code == MLOPS_OK && i < count; i++)
        for (size_t which = 0; which < KEPT_FILES; which++) {
            struct kept_file *file = &files[i]->items[which];
            if (!is_to_be_stored(file, which))
                continue;
            file->stored = true;
            file->digest = adding[at].digest;
            file->bytes = adding[at++].size;
        }
    free(adding);
    return code;
}

int keep_record(struct transaction *tx, const struct kept_files *files, struct mlops_error *err)
{
    for (size_t which = 0; which < KEPT_FILES; which++) {
        const struct kept_file *file = &files->items[which];
        if (file->stored)
            TRY(evidence_keep(tx, names[which], &file->digest, file->bytes, err));
    }
    return MLOPS_OK;
}

static void tell(const struct kept_file *file, struct mlops_kept *told)
{
    *told = (struct mlops_kept){.bytes = file->bytes};
    if (file->stored)
        digest_to_hex(&file->digest, told->sha256);
}

void keep_tell(const struct kept_files *files, struct mlops_suite_files *told)
{
    tell(&files->items[KEPT_OUTPUT], &told->output);
    tell(&files->items[KEPT_ERRORS], &told->errors);
    tell(&files->items[KEPT_PREDICTIONS], &told->predictions);
    told->cut = files->cut;
}
