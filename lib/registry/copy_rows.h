/*
 * lib/registry/copy_rows.h - the rows of a whole registry moved to another, between engines too.
 */
#ifndef REGISTRY_COPY_ROWS_H
#define REGISTRY_COPY_ROWS_H
#include "registry/handle.h"

#define COPY_COLUMNS_MAX 16

/* What becomes of a table's rows where a history is exported and imported (history.h). */
enum copy_travel {
    TRAVEL_STAYS,   /* they are this registry's own: what it measured, whom it tells, its packs */
    TRAVEL_LOG,     /* they follow from the text of the log */
    TRAVEL_FOUND,   /* they follow from the manifests */
    TRAVEL_GROWS,   /* written; none ever changes */
    TRAVEL_CHANGES, /* written; they are as the newest history has them */
};

/* `kinds` has a letter a column: text, integer, double, bytes. The statements are literals, as the
 * drivers want them; `add` passes over a row that is there. */
struct copy_table {
    const char *name, *kinds, *columns, *select, *insert, *add, *clear;
    enum copy_travel travel;
};

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

/* Table `index` of a registry, in the order in which rows refer to one another; NULL after the
 * last. */
const struct copy_table *registry_copy_table(size_t index);

/* Put the rows of one table of `from` into `to` by `insert`, a statement of the table; adds to
 * `*rows` how many came. Errors: MLOPS_IO. */
int registry_copy_one(struct db *from, struct db *to, const struct copy_table *table,
                      const char *insert, uint64_t *rows, struct mlops_error *err);

#endif
