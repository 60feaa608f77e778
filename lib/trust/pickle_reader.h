/*
 * lib/trust/pickle_reader.h - the bytes of a pickle as CPython's unpicklers take them, frames and
 * all. Long arguments are passed over, not loaded.
 *
 * CPython has more than one reading of an argument that crosses the end of its frame: from memory
 * (and from a file that can peek) it goes on with the next byte; from a file that cannot peek,
 * Modules/_pickle.c drops what is left of the frame; pickle.py stops. The first two are followed
 * here, one at a time, by `drops`; the third is the first, ended early.
 */
#ifndef TRUST_PICKLE_READER_H
#define TRUST_PICKLE_READER_H
#include "trust/source.h"

#define PICKLE_WINDOW_SIZE 65536

struct pickle_reader {
    struct source *source;
    uint64_t position;
    uint64_t frame_end; /* ≤ position where no frame is open */
    bool drops;         /* the reading that drops the rest of a frame */
    bool crossed;       /* an argument crossed the end of its frame: the readings differ */
    uint8_t *window;    /* PICKLE_WINDOW_SIZE bytes from `window_start` */
    uint64_t window_start;
    size_t window_length;
};

void pickle_reader_init(struct pickle_reader *reader, struct source *source);
void pickle_reader_clear(struct pickle_reader *reader);

/* Where `direct`, the read is one that never drops. `*data` is NULL at the end of the source;
 * else it is good until the next call. `count` is at most 8. */
int pickle_reader_take(struct pickle_reader *reader, size_t count, const uint8_t **data,
                       struct mlops_error *err);
/* Pass over `count` bytes that begin at `*offset`; false in `*whole` where the source ends before
 * them, and then nothing is passed over. */
void pickle_reader_skip(struct pickle_reader *reader, uint64_t count, bool direct, uint64_t *offset,
                        bool *whole);
/* A line without its newline; false in `*whole` where the source ends before the newline. */
int pickle_reader_line(struct pickle_reader *reader, uint64_t *offset, uint64_t *length,
                       bool *whole, struct mlops_error *err);
/* A frame of `size` bytes begins here. False in `*whole` where it reaches past the source. */
void pickle_reader_frame(struct pickle_reader *reader, uint64_t size, bool *whole);

/* `length` bytes from `offset`, wherever the reader stands; they lie within the source. */
int pickle_reader_at(struct pickle_reader *reader, uint64_t offset, void *data, size_t length,
                     struct mlops_error *err);

#endif
