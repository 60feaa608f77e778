/*
 * lib/trust/spool.h - bytes that come out of a decompressor, kept so that they can be read at
 * random: in memory while they are few, in a file without a name when they are more.
 */
#ifndef TRUST_SPOOL_H
#define TRUST_SPOOL_H
#include "trust/source.h"

#define SPOOL_MEMORY (8u << 20) /* bytes held in memory */

/* SPOOL_EMPTY is empty; zeroed would be another file, standard input. */
struct spool {
    uint8_t *data;
    size_t capacity;
    uint64_t length;
    int fd; /* -1 while everything is in memory */
};

#define SPOOL_EMPTY ((struct spool){.fd = -1})

/* Add bytes. Above SPOOL_MEMORY they go to a file in TMPDIR (or /tmp) that has no name and goes
 * with the process. Errors: MLOPS_IO the file cannot be made, or the disk is full. */
int spool_write(struct spool *spool, const void *data, size_t length, struct mlops_error *err);
/* All bytes as a source, which owns them; the spool is empty afterwards. */
struct source *spool_source(struct spool *spool);
/* Drop what is there; for _cleanup_, too. */
void spool_clear(struct spool *spool);

#endif
