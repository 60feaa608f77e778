/*
 * lib/store/s3_block.h - blobs of a bucket read through the cache, in blocks: each is fetched once,
 * whoever asks, and ahead where blobs are read from begin to end. From several threads at once.
 */
#ifndef STORE_S3_BLOCK_H
#define STORE_S3_BLOCK_H
#include "store/blob_cache.h"
#include "store/s3.h"
#include "store/transfer.h"

#define S3_BLOCK_SIZE (4U << 20)

/* The entry NAME.tail of the cache is the end of a blob, which has its index: the size of the whole
 * (8 bytes, as all our numbers), then the bytes. */
#define S3_TAIL_ENTRY ".tail"
#define S3_TAIL_HEAD 8

struct blocks;

/* All three outlive it. */
struct blocks *blocks_new(struct s3 *s3, struct transfers *transfers, struct blob_cache *cache);
void blocks_free(struct blocks *blocks);

/* Exactly `length` bytes from `offset` of blob `name`, which is object `packs/NAME`. Errors:
 * MLOPS_NOT_FOUND; MLOPS_INTEGRITY it ends before; MLOPS_IO. */
int blocks_read(struct blocks *blocks, const char *name, uint64_t offset, void *data, size_t length,
                struct mlops_error *err);

#endif
