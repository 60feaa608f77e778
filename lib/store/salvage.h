/*
 * lib/store/salvage.h - what is left of damaged packs, and records out of another store.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H
#include "base/digest_set.h"
#include "store/store.h"

/* The packs that are damaged themselves, by name, in order; a delta whose base is damaged
 * elsewhere is not. All records are read, on all cores. The caller frees with strings_free.
 * Errors: MLOPS_IO; MLOPS_CANCELLED. */
int salvage_find(struct store *store, char ***packs, size_t *count, struct mlops_error *err);

/* Is this one damaged? */
int salvage_is_damaged(struct store *store, const char *pack, bool *damaged,
                       struct mlops_error *err);

/*
 * Copy every record of these packs that is what it should be into new packs, durably, also where
 * the index of a pack cannot be read: records are found by their headers. Deltas whose bases are
 * missing are copied, too, as the bases may come back.
 * Errors: MLOPS_IO; MLOPS_CANCELLED.
 */
int salvage_copy(struct store *store, char *const *packs, size_t count, struct mlops_error *err);

/* Move a pack out of the way; its file is kept. */
int salvage_set_aside(struct store *store, const char *pack, struct mlops_error *err);

/* Copy those of the records `names` that store `from` has whole, durably.
 * Errors: MLOPS_IO; MLOPS_CANCELLED. */
int salvage_fetch(struct store *store, struct store *from, const struct digest *names, size_t count,
                  struct mlops_error *err);

#endif
