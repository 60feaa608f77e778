/*
 * lib/registry/history.h - all that a registry's log vouches for, as text and back, and how it goes
 * into another registry: the SQL half of whole histories in one file (docs/archive.md). What was
 * monitored, whom webhooks tell, and which packs gc condemned is each registry's own and no part of
 * it.
 */
#ifndef REGISTRY_HISTORY_H
#define REGISTRY_HISTORY_H
#include "registry/copy_rows.h"
#include <stdio.h>

/* ---- out ------------------------------------------------------------------------------------- */

typedef int (*history_sink)(void *context, const void *data, size_t length,
                            struct mlops_error *err);

/* The log as mlops_log_export has it: an entry a line, an empty line, the checkpoint. */
int history_log_write(struct mlops_registry *registry, history_sink sink, void *context,
                      struct mlops_error *err);

/* Is the table written as text? */
bool history_is_written(const struct copy_table *table);

/*
 * The rows of a table: its columns first, then the rows, each a JSON array of strings and null, in
 * an order that does not depend on the engine. `evaluation`: with the bundles of evaluation sets.
 * Inside the caller's snapshot. Errors: MLOPS_IO; MLOPS_INTEGRITY text that is not UTF-8.
 */
int history_rows_write(struct mlops_registry *registry, const struct copy_table *table,
                       bool evaluation, history_sink sink, void *context, struct mlops_error *err);

/* ---- in: into a registry that registry_make_bare made -------------------------------------- */

/* The log on its way in, line by line. Zeroed is empty; `_cleanup_(history_log_clear)`. */
struct history_log {
    struct merkle_frontier tree;
    char *log_key; /* that the entries name last */
    struct buffer note;
    bool in_note;
};
void history_log_clear(struct history_log *log);
/* A line without its newline. Errors: MLOPS_INTEGRITY not an entry, or not the next. */
int history_log_take(struct transaction *tx, struct history_log *log, const char *line,
                     size_t length, struct mlops_error *err);
/* All lines came: the tree, the key and the checkpoint. Whether they fit one another is for
 * mlops_log_verify. Errors: MLOPS_INTEGRITY there is no checkpoint, or no key. */
int history_log_end(struct transaction *tx, struct history_log *log, struct mlops_error *err);

/* A line of a table; `number` 0: its columns. Errors: MLOPS_INTEGRITY; MLOPS_INVALID other
 * columns. */
int history_row_take(struct transaction *tx, const struct copy_table *table, uint64_t number,
                     const char *line, size_t length, struct mlops_error *err);

/* ---- from there into a registry ------------------------------------------------------------ */

enum history_state {
    HISTORY_NEW,  /* `to` has its first log entry and nothing else */
    HISTORY_MORE, /* the log of `to` is how that of `from` begins */
    HISTORY_SAME, /* entry for entry the same */
    HISTORY_LESS, /* `to` goes on where `from` ends */
};

/* How `to` stands to `from`. Inside a transaction of `to`, or for a first look. Errors:
 * MLOPS_CONFLICT the logs part, with where; MLOPS_INTEGRITY that of `from` is empty. */
int history_compare(struct mlops_registry *from, struct mlops_registry *to,
                    enum history_state *state, struct mlops_error *err);

/* Does `from` have an evaluation set that `to` has not? */
int history_has_new_sets(struct mlops_registry *from, struct mlops_registry *to, bool *has,
                         struct mlops_error *err);

/* Put the rows of `from` into `to`, in the transaction that `to` has open and the snapshot of
 * `from`: in place of what stands there, where the log does not say that none ever changes. */
int history_apply(struct mlops_registry *from, struct mlops_registry *to, enum history_state state,
                  struct mlops_error *err);

/* Of a registry, inside its snapshot or transaction. */
struct history_count {
    uint64_t entries, bundles, versions;
};
int history_count(struct mlops_registry *registry, struct history_count *count,
                  struct mlops_error *err);

/* Verify the text that history_log_write made; closes `file`. As mlops_log_verify_export. */
int history_log_verify(FILE *file, const char *key, const char *since, uint64_t *size,
                       char root_hex[65], char **key_out, struct mlops_error *err);

/* Prove that entry `index` is in that text; closes `file`. As mlops_log_prove_export. */
int history_log_prove(FILE *file, const char *key, uint64_t index, char **proof, char **entry,
                      struct mlops_error *err);

/* An empty registry in `folder`, which is there and empty: with tables, without a log. It is for
 * rows of another; nobody can record in it. */
int registry_make_bare(const char *folder, struct mlops_error *err);

/* Facts of all versions, from their manifests (fact.h), in a transaction of its own. */
int history_find_facts(struct mlops_registry *registry, struct mlops_error *err);

#endif
