/* lib/trial/keep.c - files of suites, from the suite's folder into the store. */
#include "trial/keep.h"
#include "base/path.h"
#include "base/tree_copy.h"
#include "store/store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[KEPT_FILES] = {
    [KEPT_OUTPUT] = KEEP_OUTPUT,
    [KEPT_ERRORS] = KEEP_ERRORS,
    [KEPT_PREDICTIONS] = KEEP_PREDICTIONS,
};

void kept_file_clear(struct kept_file *file)
{
    if (file->path)
        (void)unlink(file->path); /* the folder that it is in is removed, too */
    free(file->path);
    *file = (struct kept_file){0};
}

void kept_files_clear(struct kept_files *files)
{
    for (size_t i = 0; i < KEPT_FILES; i++)
        kept_file_clear(&files->items[i]);
    for (size_t i = 0; i < files->against_count; i++)
        kept_file_clear(&files->against[i]);
    free(files->against);
    *files = (struct kept_files){0};
}

/* By its name where that can be; out of a layer, and from behind a link, by its content. */
static int move(const char *path, int from, int to, size_t which, const struct kept_file *file,
                struct mlops_error *err)
{
    struct stat status;
    bool shared, is_link = lstat(path, &status) < 0 || S_ISLNK(status.st_mode);
    if (!is_link && rename(path, file->path) == 0)
        return MLOPS_OK;
    if (which == KEPT_PREDICTIONS && file->bytes > KEEP_PREDICTIONS_MAX)
        return MLOPS_OK; /* only its size is told */
    return fd_copy(from, to, &shared, err) ? mlops_wrap(err, "keep '%s'", path) : MLOPS_OK;
}

int keep_file(struct kept_files *files, size_t which, const char *path, const char *folder,
              struct mlops_error *err)
{
    struct kept_file *file = &files->items[which];
    struct stat status;
    kept_file_clear(file);
    _cleanup_(fd_close) int from = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (from < 0 || fstat(from, &status) < 0 || !S_ISREG(status.st_mode))
        return MLOPS_OK;
    _cleanup_(free_string) char *name = xprintf("%s-XXXXXX", names[which]);
    _cleanup_(free_string) char *kept = path_join(folder, name);
    _cleanup_(fd_close) int to = mkstemp(kept);
    if (to < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "keep '%s'", path);
    file->path = TAKE_PTR(kept);
    file->bytes = (uint64_t)status.st_size;
    return move(path, from, to, which, file, err);
}

/* ---- into the store ------------------------------------------------------------------------- */

size_t kept_files_count(const struct kept_files *files)
{
    return KEPT_FILES + files->against_count;
}

/* Of all of them, the one at `at`. */
static struct kept_file *file_at(const struct kept_files *files, size_t at)
{
    return at < KEPT_FILES ? (struct kept_file *)(uintptr_t)&files->items[at]
                           : &files->against[at - KEPT_FILES];
}

static bool is_to_be_stored(const struct kept_files *files, size_t at)
{
    const struct kept_file *file = file_at(files, at);
    return file->path && (at < KEPT_PREDICTIONS || file->bytes <= KEEP_PREDICTIONS_MAX);
}

size_t kept_files_digests(const struct kept_files *files, struct digest *digests)
{
    size_t count = 0;
    for (size_t at = 0; at < kept_files_count(files); at++)
        if (file_at(files, at)->stored)
            digests[count++] = file_at(files, at)->digest;
    return count;
}

static int store_all(struct mlops_registry *registry, struct store_file *adding, size_t count,
                     struct mlops_error *err)
{
    _cleanup_(store_writer_abort_ptr) struct store_writer *writer = NULL;
    struct store *store;
    struct store_added added;
    if (count == 0)
        return MLOPS_OK;
    TRY(registry_store(registry, &store, err));
    TRY(store_writer_begin(store, &writer, err));
    TRY(store_writer_add_files(writer, adding, count, err));
    return store_writer_publish(TAKE_PTR(writer), &added, err);
}

/* In one writer, so that all of a run is in one pack. */
int keep_store(struct mlops_registry *registry, struct kept_files *const *files, size_t count,
               struct mlops_error *err)
{
    size_t wanted = 0, most = 1;
    for (size_t i = 0; i < count; i++)
        most += kept_files_count(files[i]);
    struct store_file *adding = xcalloc(most, sizeof(*adding));
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < kept_files_count(files[i]); at++)
            if (is_to_be_stored(files[i], at))
                adding[wanted++] = (struct store_file){.path = file_at(files[i], at)->path};
    int code = store_all(registry, adding, wanted, err);
    wanted = 0;
    for (size_t i = 0; code == MLOPS_OK && i < count; i++)
        for (size_t at = 0; at < kept_files_count(files[i]); at++) {
            struct kept_file *file = file_at(files[i], at);
            if (!is_to_be_stored(files[i], at))
                continue;
            file->stored = true;
            file->digest = adding[wanted].digest;
            file->bytes = adding[wanted++].size;
        }
    free(adding);
    return code;
}

/* ---- into evidence -------------------------------------------------------------------------- */

int keep_record(struct transaction *tx, const struct kept_files *files, struct mlops_error *err)
{
    for (size_t at = 0; at < kept_files_count(files); at++) {
        const struct kept_file *file = file_at(files, at);
        _cleanup_(free_string) char *what =
            at < KEPT_FILES ? xstrdup(names[at]) : xprintf("against-%zu", at - KEPT_FILES + 1);
        if (file->stored)
            TRY(evidence_keep(tx, what, &file->digest, file->bytes, err));
    }
    return MLOPS_OK;
}

static void tell(const struct kept_file *file, struct mlops_kept *told)
{
    *told = (struct mlops_kept){.bytes = file->bytes};
    if (file->stored)
        digest_to_hex(&file->digest, told->sha256);
}

void keep_tell(const struct kept_files *files, struct mlops_suite_result *result)
{
    struct mlops_suite_files *told = &result->files;
    tell(&files->items[KEPT_OUTPUT], &told->output);
    tell(&files->items[KEPT_ERRORS], &told->errors);
    tell(&files->items[KEPT_PREDICTIONS], &told->predictions);
    told->cut = files->cut;
    for (size_t i = 0; i < files->against_count && i < result->comparison_count; i++)
        tell(&files->against[i], &result->comparisons[i].predictions);
}
