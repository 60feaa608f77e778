/*
 * lib/store/copy.h - the packs of a store carried to another, as they are; or the records that
 * the other has not.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H
#include "store/store.h"

struct store_copied {
    uint64_t packs, bytes; /* that were carried over */
    uint64_t present;      /* packs that were there already */
};

/*
 * Carry over every pack that `to` has not. A pack is named by what is in it, so that one that is
 * there need not be looked at: what was carried over before an interruption stays. With
 * `missing_ok` a pack that gc removes meanwhile is passed over. What came is durable and visible
 * when this returns; the caller checks it (store/check.h), as nothing is decoded on the way. Adds
 * to
 * `*copied`. Errors: MLOPS_CONFLICT gc removed a pack meanwhile; MLOPS_CANCELLED; MLOPS_IO.
 */
int store_copy_packs(struct store *from, struct store *to, bool missing_ok,
                     struct store_copied *copied, struct mlops_error *err);

/*
 * Carry over every record whose name `to` does not know, as it is stored, into new packs of `to`:
 * for a store whose packs are cut otherwise. Durable and visible when this returns. What `to` knows
 * may be incomplete, or about to be removed: who relies on it looks (bundle/reach.h). Each record
 * is decoded and checked on the way, but deltas of a remote store by their checksum; where one is
 * damaged nothing comes to be in `to`. Adds to `*copied`, where `packs` counts the records. Errors:
 * MLOPS_INTEGRITY with pack and offset; MLOPS_CANCELLED; MLOPS_IO.
 */
int store_copy_records(struct store *from, struct store *to, struct store_copied *copied,
                       struct mlops_error *err);

/* The same with the records of `wanted` alone. */
struct digest_set;
int store_copy_wanted(struct store *from, struct store *to, const struct digest_set *wanted,
                      struct store_copied *copied, struct mlops_error *err);

#endif
