/*
 * lib/store/large_output.h - a large file that is written from its beginning to its end: zeros as holes,
 * and past the page cache where that is quicker.
 *
 * Writing into the page cache is a copy, and quick where memory is at hand. Where the kernel has to
 * get it first (a virtual machine whose host gives memory when it is touched, a cache that is full
 * of what is not on disk yet), a good disk that takes the bytes from our own buffers is several
 * times quicker, and its time is not a core's. Which of the two it is on this machine, now, is
 * measured on the writes themselves.
 */
#ifndef STORE_LARGE_OUTPUT_H
#define STORE_LARGE_OUTPUT_H
#include "base/util.h"
#include <stdatomic.h>

#define OUTPUT_BLOCK 4096 /* holes are made of these, and writes past the cache */

/* How long a MiB took lately, for all files that are written at once. Zero: nothing known. */
struct output_pace {
    atomic_uint writes;
    atomic_llong cached_ns, direct_ns;
};

struct output {
    const char *path; /* the caller's */
    int fd, direct_fd;
    struct output_pace *pace;
    uint8_t *edge; /* the block that is not complete yet */
    size_t edge_length;
};

/* Of no file: what output_close may be called for. */
void output_init(struct output *output);

/* Make the file `path`, which must not exist. `pace`: NULL to write into the cache in any case, as
 * for a file that is read next. Errors: MLOPS_IO. */
int output_open(struct output *output, const char *path, struct output_pace *pace,
                struct mlops_error *err);

/* Write the file's next bytes, which begin at `offset`. `data` must lie in memory as they do in the
 * file: its address modulo OUTPUT_BLOCK is that of `offset`, and what is before it in its block of
 * memory is overwritten. What is written of the file is whole blocks, until `last` is set.
 * Errors: MLOPS_IO. */
int output_write(struct output *output, uint8_t *data, size_t length, uint64_t offset, bool last,
                 struct mlops_error *err);

void output_close(struct output *output);

#endif
