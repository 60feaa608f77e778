/*
 * lib/store/check.h - a store looked at as a whole: is every pack and object what it should be, and
 * what is in it?
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H
#include "base/digest_set.h"
#include "store/store.h"

/* Told of each problem: `kind` "pack", "object" or "recipe"; `object` the pack's file name. */
struct store_problems {
    void *context;
    void (*report)(void *context, const char *kind, const char *object, const char *message);
};

/*
 * Verify every pack; with `quick` only its structure (header, footer, index), else also that each
 * record decodes to the bytes that its name says, and that each recipe puts its file together.
 * Problems are reported, and are no errors. Errors: MLOPS_IO; MLOPS_CANCELLED.
 */
int store_check(struct store *store, bool quick, const struct store_problems *problems,
                struct mlops_error *err);

/* Sums over blobs; recipes count as stored bytes only. */
struct store_usage {
    uint64_t objects; /* blobs */
    uint64_t raw_bytes, stored_bytes;
    uint64_t packs;
};

/* What the whole store holds; stored_bytes is the size of its packs. */
int store_usage(struct store *store, struct store_usage *usage, struct mlops_error *err);

/* Add what object `digest` is made of to `usage`, counting blobs that are in `seen` already not
 * again. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY. */
int store_object_usage(struct store *store, const struct digest *digest, struct digest_set *seen,
                       struct store_usage *usage, struct mlops_error *err);

#endif
