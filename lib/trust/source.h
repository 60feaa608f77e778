/*
 * lib/trust/source.h - bytes to be looked at, wherever they lie: a file, a part of another source,
 * memory, or what came out of a decompressor.
 *
 * Scanners see nothing but a source: they read ranges, never map files (a file that shrinks under a
 * mapping kills the process) and never load what they can skip.
 */
#ifndef TRUST_SOURCE_H
#define TRUST_SOURCE_H
#include "base/util.h"

struct source {
    uint64_t size;
    /* Exactly `length` bytes from `offset`; both lie within `size`, the callers see to it.
     * Errors: MLOPS_IO; MLOPS_INTEGRITY the bytes are no longer there. */
    int (*read)(struct source *source, uint64_t offset, void *data, size_t length,
                struct mlops_error *err);
    void (*close)(struct source *source); /* frees the source, too */
};

/* Memory that outlives the source. */
struct source *source_of_memory(const void *data, size_t length);
/* A regular file. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not a regular file; MLOPS_IO. */
int source_of_file(const char *path, struct source **source, struct mlops_error *err);
/* The `size` bytes from `offset` of `outer`, which outlives the part. */
struct source *source_part(struct source *outer, uint64_t offset, uint64_t size);

/* Up to `room` bytes from `offset`: `*got` is less only at the end of the source. */
int source_read(struct source *source, uint64_t offset, void *data, size_t room, size_t *got,
                struct mlops_error *err);

/* Are the `length` bytes from `offset`, which lie within the source, all zero? */
int source_is_zeros(struct source *source, uint64_t offset, uint64_t length, bool *zeros,
                    struct mlops_error *err);

/* NULL is fine. */
void source_close(struct source *source);
DEFINE_CLEANUP(struct source, source_close)

#endif
