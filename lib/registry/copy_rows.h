/*
 * lib/registry/copy_rows.h - the rows of a whole registry moved to another, between engines too.
 */
#ifndef REGISTRY_COPY_ROWS_H
#define REGISTRY_COPY_ROWS_H
#include "registry/handle.h"

/* How two registries stand to one another before rows are copied. */
enum copy_state {
    COPY_EMPTY, /* `to` has its first log entry and nothing else */
    COPY_DONE,  /* `to` has the log of `from`, entry for entry */
    COPY_OTHER, /* `to` holds something else */
};

/* Look at both. Errors: MLOPS_IO. */
int registry_copy_state(struct mlops_registry *from, struct mlops_registry *to,
                        enum copy_state *state, struct mlops_error *err);

/*
 * Put every row of `from` into `to`, in place of what an empty registry has: inside the snapshot of
 * `from` and the transaction of `to` that the caller has open. What stays `to`'s own is where its
 * objects are, and who has which role in it. `*rows` is how many were written.
 * Errors: MLOPS_IO; MLOPS_INVALID the tables of `to` let nobody replace its log.
 */
int registry_copy_rows(struct mlops_registry *from, struct mlops_registry *to, uint64_t *rows,
                       struct mlops_error *err);

/* Have `to` sign its log with the key of `from`, whose log it has now.
 * Errors: MLOPS_NOT_FOUND `from` has no key at hand; MLOPS_IO. */
int registry_copy_key(const struct mlops_registry *from, struct mlops_registry *to,
                      struct mlops_error *err);

/* What of a copied registry a test can hold against the tables that there are: the name of table
 * `index` and its columns, comma-separated; NULL after the last. */
const char *registry_copy_table(size_t index, const char **columns);

#endif
