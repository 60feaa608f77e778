/* lib/store/blob_cache.c - a folder of copies; the ones longest unused go first. */
#include "store/blob_cache.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TOUCH_SECONDS 60   /* how exact the order of use is */
#define STALE_SECONDS 3600 /* of an entry under construction */
#define TEMPORARY ".new-"

struct blob_cache {
    char *folder;
    uint64_t limit;
    pthread_mutex_t lock; /* guards the rest */
    uint64_t used;        /* as far as this process knows */
    bool counted;
    bool added; /* something, since it was counted: others may have, too */
};

struct blob_cache *blob_cache_new(const char *folder, uint64_t limit)
{
    struct blob_cache *cache = xcalloc(1, sizeof(*cache));
    cache->folder = xstrdup(folder);
    cache->limit = limit;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

bool blob_cache_enabled(const struct blob_cache *cache)
{
    return cache->limit > 0;
}

/* ---- making room ----------------------------------------------------------------------------- */

struct kept {
    char *name;
    uint64_t size;
    time_t used;
};

static int compare_use(const void *a, const void *b)
{
    const struct kept *left = a, *right = b;
    return left->used < right->used ? -1 : left->used > right->used;
}

static void look_at(int folder, const char *name, struct kept **list, size_t *count,
                    size_t *capacity)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
        return;
    if (name[0] == '.') {
        if (str_starts(name, TEMPORARY) && time(NULL) - status.st_mtime > STALE_SECONDS)
            (void)unlinkat(folder, name, 0); /* of a process that was killed */
        return;
    }
    GROW(*list, *count, capacity);
    (*list)[(*count)++] = (struct kept){
        .name = xstrdup(name), .size = (uint64_t)status.st_size, .used = status.st_mtime};
}

/* With the lock held: count what is there, and remove the oldest where it is too much. */
static void make_room(struct blob_cache *cache)
{
    struct kept *list = NULL;
    size_t count = 0, capacity = 0;
    _cleanup_(folder_close) DIR *folder = opendir(cache->folder);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        look_at(dirfd(folder), entry->d_name, &list, &count, &capacity);
    cache->used = 0;
    for (size_t i = 0; i < count; i++)
        cache->used += list[i].size;
    if (cache->used > cache->limit)
        qsort(list, count, sizeof(*list), compare_use);
    uint64_t aim = cache->used > cache->limit ? cache->limit - cache->limit / 10 : cache->limit;
    for (size_t i = 0; i < count; i++) {
        if (cache->used > aim && (unlinkat(dirfd(folder), list[i].name, 0) == 0 || errno == ENOENT))
            cache->used -= list[i].size; /* where it is gone, another process made room, too */
        free(list[i].name);
    }
    free(list);
    cache->counted = true;
    cache->added = false;
}

static void count_in(struct blob_cache *cache, uint64_t bytes)
{
    pthread_mutex_lock(&cache->lock);
    cache->used += bytes;
    cache->added = true;
    if (!cache->counted || cache->used > cache->limit)
        make_room(cache);
    pthread_mutex_unlock(&cache->lock);
}

/* Of several processes that fill it side by side, none sees what the others add: the one that
 * closes it last makes room for all. */
void blob_cache_free(struct blob_cache *cache)
{
    if (!cache)
        return;
    if (cache->added)
        make_room(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache->folder);
    free(cache);
}

/* ---- entries --------------------------------------------------------------------------------- */

static int open_entry(const struct blob_cache *cache, const char *entry)
{
    if (cache->limit == 0)
        return -1;
    _cleanup_(free_string) char *path = path_join(cache->folder, entry);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Its time is when it was used last, more or less. */
static void touch(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && time(NULL) - status.st_mtime > TOUCH_SECONDS)
        (void)futimens(fd, NULL); /* somebody else's folder: then it goes earlier */
}

bool blob_cache_get(struct blob_cache *cache, const char *entry, uint64_t offset, void *data,
                    size_t length, size_t *got)
{
    _cleanup_(fd_close) int fd = open_entry(cache, entry);
    *got = 0;
    if (fd < 0)
        return false;
    touch(fd);
    while (*got < length) {
        ssize_t count = pread(fd, (char *)data + *got, length - *got, (off_t)(offset + *got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        *got += (size_t)count;
    }
    return true;
}

bool blob_cache_has(struct blob_cache *cache, const char *entry)
{
    _cleanup_(fd_close) int fd = open_entry(cache, entry);
    return fd >= 0;
}

bool blob_cache_size(struct blob_cache *cache, const char *entry, uint64_t *size)
{
    _cleanup_(fd_close) int fd = open_entry(cache, entry);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return false;
    *size = (uint64_t)status.st_size;
    return true;
}

int blob_cache_list(struct blob_cache *cache,
                    int (*each)(void *context, const char *entry, struct mlops_error *err),
                    void *context, struct mlops_error *err)
{
    const struct dirent *entry;
    if (cache->limit == 0)
        return MLOPS_OK;
    _cleanup_(folder_close) DIR *folder = opendir(cache->folder);
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            TRY(each(context, entry->d_name, err));
    return MLOPS_OK;
}

void blob_cache_put(struct blob_cache *cache, const char *entry, const void *data, size_t length)
{
    static atomic_uint counter; /* only makes names differ within the process */
    struct mlops_error ignored = {0};
    if (length > cache->limit / 2)
        return;
    _cleanup_(free_string) char *path = path_join(cache->folder, entry);
    _cleanup_(free_string) char *temporary =
        xprintf("%s/" TEMPORARY "%ld-%u", cache->folder, (long)getpid(), counter++);
    if (directory_make(cache->folder, 0777, &ignored))
        return;
    _cleanup_(fd_close) int fd =
        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (fd_write_full(fd, data, length, &ignored) || rename(temporary, path) < 0) {
        (void)unlink(temporary); /* what stays is stale soon */
        return;
    }
    count_in(cache, length);
}

void blob_cache_adopt(struct blob_cache *cache, const char *path, const char *entry)
{
    struct mlops_error ignored = {0};
    struct stat status;
    _cleanup_(free_string) char *to = path_join(cache->folder, entry);
    if (stat(path, &status) == 0 && (uint64_t)status.st_size <= cache->limit / 2 &&
        directory_make(cache->folder, 0777, &ignored) == MLOPS_OK && rename(path, to) == 0)
        count_in(cache, (uint64_t)status.st_size);
    else
        (void)unlink(path); /* it is not there, or stale soon */
}

bool blob_cache_drop(struct blob_cache *cache, const char *prefix)
{
    bool any = false;
    const struct dirent *entry;
    if (cache->limit == 0)
        return false;
    _cleanup_(folder_close) DIR *folder = opendir(cache->folder);
    while (folder && (entry = readdir(folder)))
        if (str_starts(entry->d_name, prefix))
            any |= unlinkat(dirfd(folder), entry->d_name, 0) == 0;
    return any;
}
