/*
 * lib/store/index.h - which pack holds an object: the index blocks of all packs in one hash table.
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

/* Take in the packs of the backend that are not in yet. One whose tail is damaged is left out, so
 * that the others stay of use; index_damage tells. Not while another thread reads. */
int index_refresh(struct index *index, struct store_backend *backend, struct mlops_error *err);

/* Thread-safe beside other lookups. */
bool index_find(const struct index *index, const struct digest *name, struct location *location);

/* The MLOPS_INTEGRITY error of the first pack that the last refresh left out, or NULL. */
const struct mlops_error *index_damage(const struct index *index);

#endif
