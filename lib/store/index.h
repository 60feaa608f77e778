/*
 * lib/store/index.h - which pack holds an object: the index blocks of all packs in one hash table.
 *
 * All functions but index_free may be called from several threads at once.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H
#include "store/backend.h"
#include "store/format.h"

struct index;

/* Where an object lies. `pack` is owned by the index and lives as long as it. */
struct location {
    const char *pack;
    struct record record;
};

struct index *index_new(void);
void index_free(struct index *index);

/* Take in the packs of the backend that are not in yet, and drop those that are there no more. One
 * whose tail is damaged is left out, so that the others stay of use; index_damage tells. */
int index_refresh(struct index *index, struct store_backend *backend, struct mlops_error *err);

/* Fill an empty index with the packs that the backend keeps the end of on this machine, where it
 * keeps any: it asks nobody. What is in them may have gone; whoever reads finds out. */
int index_prime(struct index *index, struct store_backend *backend, struct mlops_error *err);

/* Of several copies of an object the best: one that is no delta before one that is, then one in a
 * pack that is not shunned. */
bool index_find(const struct index *index, const struct digest *name, struct location *location);

/* Packs, by name, whose copies come last from now on; they replace those of the last call. */
void index_shun(struct index *index, char *const *packs, size_t count);

/* The MLOPS_INTEGRITY error of the first pack that the last refresh left out, or NULL. It lives as
 * long as the index. */
const struct mlops_error *index_damage(const struct index *index);

#endif
