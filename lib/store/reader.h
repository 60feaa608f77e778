/*
 * lib/store/reader.h - records out of packs, decoded and verified; buffers are kept between calls.
 */
#ifndef STORE_READER_H
#define STORE_READER_H
#include "store/handle.h"

struct reader;

/* The index of `store` must be up to date; a pack that gc replaces meanwhile is found again. */
struct reader *reader_new(const struct store *store);
void reader_free(struct reader *reader);
DEFINE_CLEANUP(struct reader, reader_free)

/* The decoded bytes of a record, valid until the next call: a blob checked against its name, a
 * recipe against its own checksum. Errors: MLOPS_INTEGRITY with pack and offset; MLOPS_IO. */
int reader_load(struct reader *reader, const struct location *location, const uint8_t **data,
                struct mlops_error *err);

/* As reader_load, but the record's bytes as they are stored, after what they decode to was checked.
 * Without `bases` a delta is held against its checksum alone, where it has one, and what it is a
 * delta of is not read. `location` is changed where gc has replaced its pack, and may then be
 * encoded otherwise. */
int reader_load_stored(struct reader *reader, struct location *location, bool bases,
                       const uint8_t **stored, struct mlops_error *err);

/* As reader_load into memory of the caller, of record->raw bytes, but the content of a blob is not
 * checked: the caller compares its digest with the name. */
int reader_load_into(struct reader *reader, const struct location *location, uint8_t *data,
                     struct mlops_error *err);

/* The blobs that a record is a delta of: none where it is no delta. */
int reader_bases(struct reader *reader, const struct location *location,
                 struct digest bases[DELTA_BASES_MAX], size_t *count, struct mlops_error *err);

/* Where part `name` of an object lies. Errors: MLOPS_INTEGRITY it is not in the store. */
int reader_find(const struct reader *reader, const struct digest *name, struct location *location,
                struct mlops_error *err);

/* Is the object there with all its parts, and what these are deltas of? By the index; only recipes
 * and the heads of deltas are read. Damage counts as no. Errors: MLOPS_IO. */
int reader_has_whole(struct reader *reader, const struct digest *name, bool *whole,
                     struct mlops_error *err);

/* Is one of `count` blobs the `length` bytes at `data`? Then `*name` is its name, without a digest
 * made. Compares with the pack's own bytes, so what is equal is equal, whoever wrote it; only where
 * they are stored as they are and lie in memory, for hashing is faster than a disk and than zstd.
 * False where it cannot be told. */
bool reader_recognize(struct reader *reader, const struct digest *blobs, size_t count,
                      const uint8_t *data, uint32_t length, struct digest *name);

/* The MLOPS_INTEGRITY error of a record whose content is not what it should be. */
int reader_damaged(struct mlops_error *err, const struct location *location, const char *what);

/* As reader_load of a recipe, into memory that the caller frees: that of a large file is large, and
 * is there only once. */
int reader_load_recipe(struct reader *reader, const struct location *location, uint8_t **entries,
                       size_t *count, struct mlops_error *err);

/* All bytes of object `name`, piece by piece into `sink`, verified whole. */
typedef int (*reader_sink)(void *context, const uint8_t *data, size_t length,
                           struct mlops_error *err);
int reader_stream(struct reader *reader, const struct digest *name, reader_sink sink, void *context,
                  struct mlops_error *err);
/* A sink: append to the `struct buffer` that is the context. */
int reader_to_buffer(void *context, const uint8_t *data, size_t length, struct mlops_error *err);

#endif
