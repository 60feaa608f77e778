/*
 * lib/trust/unpack_step.h - what a decompressor is to unpack.c: a state, and a step that takes some
 * bytes and gives some.
 */
#ifndef TRUST_UNPACK_STEP_H
#define TRUST_UNPACK_STEP_H
#include "trust/unpack.h"

enum step { STEP_MORE, STEP_END, STEP_BAD };

struct decoder {
    void *state;
    void *api; /* functions that were loaded */
    const uint8_t *in;
    size_t in_left;
    uint8_t *out;
    size_t out_left;
    const char *why; /* set by STEP_BAD */
};

/* What each format has. */
struct decoding {
    enum packing packing;
    const char *name;
    /* Get ready for the first stream. Errors: MLOPS_NOT_FOUND the library is not there; MLOPS_IO it
     * does not begin. */
    int (*begin)(struct decoder *decoder, enum packing packing, struct mlops_error *err);
    enum step (*step)(struct decoder *decoder);
    /* Get ready for a stream after another; false where it cannot be. */
    bool (*again)(struct decoder *decoder, enum packing packing);
    void (*end)(struct decoder *decoder); /* frees; also after a failed `begin` */
};

/* Rows of unpack_linked.c and unpack_loaded.c, each ended by one with the name NULL. */
extern const struct decoding unpack_linked[], unpack_loaded[];

#endif
