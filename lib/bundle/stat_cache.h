/*
 * lib/bundle/stat_cache.h - what the files of a folder were when they were last packaged, or laid
 * out by checkout, so that those that did not change since need not be read again.
 *
 * As git's index, a file is known by its device, inode, size, mtime and ctime. A file that was
 * touched shortly before it was looked at may change again without showing in its times (the clock
 * of a file system has ticks); such a file is not remembered ("racy git", git's
 * Documentation/technical/racy-git.txt). The cache belongs to one registry and one folder, and to
 * the version of mlops that wrote it. That it is missing, of another version or damaged costs time
 * and nothing else.
 */
#ifndef BUNDLE_STAT_CACHE_H
#define BUNDLE_STAT_CACHE_H
#include "bundle/walk.h"

struct stat_cache;

/* The cache of folder `root` for one use of it ("package", "checkout"); empty where there is none
 * that can be used. */
struct stat_cache *stat_cache_open(struct mlops_registry *registry, const char *use,
                                   const char *root);
void stat_cache_close(struct stat_cache *cache);
DEFINE_CLEANUP(struct stat_cache, stat_cache_close)

/* The content that a file had when it looked like this; NULL where that is not known. */
const struct digest *stat_cache_find(const struct stat_cache *cache, const char *path,
                                     const struct stat *status);

/* A whole folder that was packaged. `key` stands for everything that its bundle depends on. */
struct stat_cache_bundle {
    struct digest key;
    struct digest bundle; /* digest of its manifest */
    uint64_t files, bytes;
};
/* The last one; NULL where that is not known. */
const struct stat_cache_bundle *stat_cache_bundle(const struct stat_cache *cache);

/* A text that was derived from content alone, by a key of all that it was derived from: a data
 * snapshot's description. NULL where it is not known. */
const char *stat_cache_text(const struct stat_cache *cache, const struct digest *key);
void stat_cache_keep_text(struct stat_cache *cache, const struct digest *key, const char *text);

/* Are the times of all that was found old enough at `now_ns` to show every later change? They are
 * STAT_TICK_NS after the last change, on file systems whose times have fractions of a second. */
#define STAT_TICK_NS 20000000
bool stat_cache_settled(const struct walk *walk, int64_t now_ns);

/*
 * Remember the files of `walk`, whose digests are filled in and which were found at `now_ns`, the
 * texts that were kept or asked for since the cache was opened, and `bundle` (may be NULL).
 * Errors: MLOPS_IO.
 */
int stat_cache_save(struct stat_cache *cache, const struct walk *walk, int64_t now_ns,
                    const struct stat_cache_bundle *bundle, struct mlops_error *err);

#endif
