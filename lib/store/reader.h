/*
 * lib/store/reader.h - records out of packs, decoded and verified; buffers are kept between calls.
 */
#ifndef STORE_READER_H
#define STORE_READER_H
#include "store/handle.h"

struct reader;

struct reader *reader_new(struct store_backend *backend);
void reader_free(struct reader *reader);
DEFINE_CLEANUP(struct reader, reader_free)

/* The decoded bytes of a record, valid until the next call: a blob checked against its name, a
 * recipe against its own checksum. Errors: MLOPS_INTEGRITY with pack and offset; MLOPS_IO. */
int reader_load(struct reader *reader, const struct location *location, const uint8_t **data,
                struct mlops_error *err);

/*
 * All bytes of object `name`, piece by piece into `sink`, verified whole; the index must be up to
 * date and not change meanwhile. `*size` (may be NULL) gets how many.
 */
typedef int (*reader_sink)(void *context, const uint8_t *data, size_t length,
                           struct mlops_error *err);
int reader_stream(struct reader *reader, const struct index *index, const struct digest *name,
                  reader_sink sink, void *context, struct mlops_error *err);

#endif
