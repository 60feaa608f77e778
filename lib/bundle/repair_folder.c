/* lib/bundle/repair_folder.c - files that are missed, looked for in a folder. */
#include "bundle/repair_folder.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <unistd.h>

struct search {
    struct store *store;
    const struct mlops_observer *observer;
    const struct missed_file *files;
    size_t count;
    struct store_file *found; /* paths are owned */
    size_t found_count, capacity;
    uint64_t looked_at;
};

static void search_clear(struct search *search)
{
    for (size_t i = 0; i < search->found_count; i++)
        free((char *)(uintptr_t)search->found[i].path);
    free(search->found);
}

/* The first of the missed files of that size; NULL where there is none. */
static const struct missed_file *first_of_size(const struct search *search, uint64_t size)
{
    size_t low = 0, high = search->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (search->files[middle].size < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low < search->count && search->files[low].size == size ? &search->files[low] : NULL;
}

/* What cannot be read is as if it were not there. */
static bool digest_of(const char *path, struct digest *digest)
{
    struct mlops_error ignored = {0};
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    size_t size = 1U << 20, got = size;
    uint8_t *bytes = xmalloc(size);
    bool read = fd >= 0;
    while (read && got == size) {
        read = fd_read_full(fd, bytes, size, &got, &ignored) == MLOPS_OK;
        if (read)
            sha256_update(hash, bytes, got);
    }
    free(bytes);
    sha256_final(hash, digest);
    return read;
}

static int look_at(struct search *search, const char *path, uint64_t size, struct mlops_error *err)
{
    const struct mlops_observer *observer = search->observer;
    const struct missed_file *file = first_of_size(search, size);
    struct digest digest;
    if (observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while looking for files");
    if (observer->progress)
        observer->progress(observer->context, "looking for files", ++search->looked_at, 0);
    if (!file || !digest_of(path, &digest))
        return MLOPS_OK;
    for (; file < search->files + search->count && file->size == size; file++) {
        if (!digest_equal(&file->digest, &digest))
            continue;
        GROW(search->found, search->found_count, &search->capacity);
        search->found[search->found_count++] =
            (struct store_file){.path = xstrdup(path), .size = size};
        break;
    }
    return MLOPS_OK;
}

static int walk(struct search *search, FTS *tree, struct mlops_error *err)
{
    for (FTSENT *entry; (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_D && str_equal(entry->fts_name, ".mlops"))
            (void)fts_set(tree, entry, FTS_SKIP); /* cannot fail: the instruction is valid */
        else if (entry->fts_info == FTS_F)
            TRY(look_at(search, entry->fts_accpath, (uint64_t)entry->fts_statp->st_size, err));
    }
    return MLOPS_OK;
}

static int store_found(struct search *search, struct mlops_error *err)
{
    struct store_writer *writer;
    struct store_added added;
    if (search->found_count == 0)
        return MLOPS_OK;
    TRY(store_writer_begin(search->store, &writer, err));
    int code = store_writer_add_files(writer, search->found, search->found_count, err);
    if (code == MLOPS_OK)
        return store_writer_publish(writer, &added, err);
    store_writer_abort(writer);
    return code;
}

int repair_from_folder(struct store *store, const struct mlops_observer *observer, const char *path,
                       const struct missed_file *files, size_t count, struct mlops_error *err)
{
    _cleanup_(search_clear) struct search search = {
        .store = store, .observer = observer, .files = files, .count = count};
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = count > 0 ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    if (count == 0)
        return MLOPS_OK;
    if (!tree)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read folder '%s'", path);
    int code = walk(&search, tree, err);
    (void)fts_close(tree); /* was only read */
    return code == MLOPS_OK ? store_found(&search, err) : code;
}
