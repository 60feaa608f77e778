/*
 * lib/trust/flatbuffer.h - FlatBuffers followed by a schema, with a book of the bytes that the
 * schema accounts for.
 *
 * Format: "FlatBuffers Internals" (google/flatbuffers, docs/source/Internals.md). Little endian.
 */
#ifndef TRUST_FLATBUFFER_H
#define TRUST_FLATBUFFER_H
#include "base/util.h"

enum flatbuffer_kind {
    FLATBUFFER_INLINE, /* a number or struct of `size` bytes */
    FLATBUFFER_STRING,
    FLATBUFFER_TABLE,
    FLATBUFFER_ITEMS, /* a vector of numbers or structs of `size` bytes */
    FLATBUFFER_STRINGS,
    FLATBUFFER_TABLES,
};

struct flatbuffer_field {
    enum flatbuffer_kind kind;
    unsigned size;
    const struct flatbuffer_table *table;
    int slot; /* from 1: where what is found is noted; 0: nowhere */
};

/* A table of the schema; fields by number. */
struct flatbuffer_table {
    const struct flatbuffer_field *fields;
    size_t count;
    unsigned shared; /* 1 or 2, its own: several tables may refer to one of these; else 0 */
};

/* The last vector, or number, of a slot, and how many items all of them have. */
struct flatbuffer_slot {
    const uint8_t *at;
    uint64_t count, total;
};

#define FLATBUFFER_DEPTH_MAX 16

struct flatbuffer {
    const uint8_t *data;
    uint64_t size; /* below 4 GiB */
    struct flatbuffer_slot *slots;
    /* What is wrong, and where; NULL: nothing is. */
    const char *wrong;
    uint64_t wrong_at;
    bool shared;        /* bytes belong to two things */
    uint64_t unused;    /* the first byte that is not zero and belongs to nothing; `size`: none */
    uint8_t *owned;     /* a bit a byte of `data` */
    uint8_t *walked[3]; /* likewise: where tables of each shared kind begin */
};

/* Walk from the root, which is a `table`. `data`, `size` and `slots` are set by the caller, all
 * else is zero; false where something is wrong. What is found stays with `flatbuffer`: clear it. */
bool flatbuffer_walk(struct flatbuffer *flatbuffer, const struct flatbuffer_table *table);
void flatbuffer_clear(struct flatbuffer *flatbuffer);

#endif
