/*
 * lib/monitor/segment_column.h - the cells of a column of a piece of raw text, as bytes and back.
 *
 * A byte says how, a varint how many cells there are:
 *   0 same     the cell: a varint of its length and its bytes
 *   1 raw      a block: the cells behind one another; each ends with its ',' ':' or line end
 *   2 few      a block of the distinct cells, each with its length before it; a block of their
 *              places, a byte a cell
 *   3 decimal  the text behind all numbers, with its length before it; a byte, 1 where numbers are
 *              differences from the one before; a byte W; a block of how many decimals each has,
 *              255 for a cell that is no such number; W blocks of a byte a cell, from the lowest:
 *              number without its point, sign in the lowest bit (zigzag); a block of the cells that
 *              are no such number, each with its length before it
 * A block is varints of its length and of that of the zstd frame that follows, 0 where the bytes
 * stand as they are.
 */
#ifndef MONITOR_SEGMENT_COLUMN_H
#define MONITOR_SEGMENT_COLUMN_H
#include "stats/wire.h"

struct cell {
    uint32_t at, length; /* in the text */
};

/* Cells that are all like the first are only counted: `cells` is NULL then. */
struct cell_list {
    struct cell first;
    uint64_t head, mask; /* its first bytes, up to 8 */
    struct cell *cells;
    size_t count, capacity;
};

/* What packs blocks; one for many columns. */
struct packer;
struct packer *packer_new(void);
void packer_free(struct packer *packer);
void segment_column_encode(struct packer *packer, const char *text, const struct cell_list *list,
                           struct buffer *out);

struct segment_column {
    uint8_t kind;
    uint64_t count, next; /* cells; that were read */
    bool is_rest;         /* cells end with their line alone */
    struct wire bytes;    /* same, decimal: what stands in all cells */
    struct buffer block;  /* raw: cells; few: places; decimal: how many decimals */
    struct wire raw;
    struct buffer entries; /* few: the cells; decimal: those that are no numbers */
    struct wire strange;
    struct wire *values; /* few: the distinct cells */
    size_t value_count;
    struct buffer planes; /* decimal: `width` of them */
    uint8_t width;
    bool differences;
    int64_t before;
};

/* Limits what a damaged piece may ask for: blocks of `*budget` bytes together. */
void segment_column_read(struct wire *wire, uint64_t *budget, bool is_rest,
                         struct segment_column *column);
/* Append the next cell; false where there is none, or it is damaged. */
bool segment_column_next(struct segment_column *column, struct buffer *out);
void segment_column_clear(struct segment_column *column);

#endif
