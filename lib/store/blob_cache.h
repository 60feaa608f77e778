/*
 * lib/store/blob_cache.h - copies of blobs, and parts of them, in a local folder of limited size.
 *
 * Entries are files that appear by rename and never change, so that processes share a folder
 * without locks. They are not synced: what a power cut spoils does not have its digest, and whoever
 * finds that drops it. A folder that cannot be written is no error: nothing is kept then. From
 * several threads at once.
 */
#ifndef STORE_BLOB_CACHE_H
#define STORE_BLOB_CACHE_H
#include "base/util.h"

struct blob_cache;

/* `limit` in bytes; 0: nothing is kept, and nothing read. The folder is made when needed. */
struct blob_cache *blob_cache_new(const char *folder, uint64_t limit);
void blob_cache_free(struct blob_cache *cache);
bool blob_cache_enabled(const struct blob_cache *cache);

/* At most `length` bytes from `offset` of entry `entry`; false where it is not kept. */
bool blob_cache_get(struct blob_cache *cache, const char *entry, uint64_t offset, void *data,
                    size_t length, size_t *got);
bool blob_cache_has(struct blob_cache *cache, const char *entry);
/* How many bytes the entry has; false where it is not kept. */
bool blob_cache_size(struct blob_cache *cache, const char *entry, uint64_t *size);
/* Call `each` with the name of every entry. */
int blob_cache_list(struct blob_cache *cache,
                    int (*each)(void *context, const char *entry, struct mlops_error *err),
                    void *context, struct mlops_error *err);

void blob_cache_put(struct blob_cache *cache, const char *entry, const void *data, size_t length);
/* The file at `path` becomes the entry, or is removed. */
void blob_cache_adopt(struct blob_cache *cache, const char *path, const char *entry);

/* Remove every entry whose name begins with `prefix`; was there one? */
bool blob_cache_drop(struct blob_cache *cache, const char *prefix);

#endif
