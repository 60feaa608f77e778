/*
 * lib/registry/log_view.h - entries of the log read so that they can be relied on: each is proved
 * to be a leaf of the tree whose head the log's key signed. What decides who may do what (policies,
 * trusted keys, approvals, freezes, retirement) is read in no other way, so that a row that was
 * changed in the database decides nothing. Those that restrict are found by a chain of their own,
 * so that none is overlooked whose row was changed (registry/log_control.h).
 */
#ifndef REGISTRY_LOG_VIEW_H
#define REGISTRY_LOG_VIEW_H
#include "base/json.h"
#include "registry/merkle.h"
#include "registry/note.h"
#include "registry/registry.h"

/* Of one snapshot or transaction; must not outlive it. */
struct log_view {
    struct mlops_registry *registry;
    struct db *db;
    struct checkpoint checkpoint;
};

/* Errors: MLOPS_INTEGRITY the checkpoint's signature is not the log's, or not of its tree. */
int log_view_open(struct mlops_registry *registry, struct log_view *view, struct mlops_error *err);

/* The bytes of entry `index`, and the path to it (may be NULL). Errors: MLOPS_INTEGRITY. */
int log_view_text(const struct log_view *view, uint64_t index, struct buffer *text,
                  struct merkle_proof *path, struct mlops_error *err);

/* What stands in the row of entry `index`, proved by nothing yet. */
int log_view_find(const struct log_view *view, uint64_t index, struct buffer *text, bool *there,
                  struct mlops_error *err);

/* That entry `index` has this text; `path` (may be NULL) gets the path to it. For those who have
 * read the text already. Errors: MLOPS_INTEGRITY. */
int log_view_prove(const struct log_view *view, uint64_t index, const char *text, size_t length,
                   struct merkle_proof *path, struct mlops_error *err);

/* Which entries: of `action` and `model` ("" where the action has none), and of `stage`, `version`
 * and `previous` where given (NULL, 0: any). */
struct log_query {
    const char *action, *model, *stage;
    uint64_t version, previous;
    uint64_t before; /* only entries with a smaller index; 0: all */
};

/* The newest that matches, proved. The caller deletes `*entry` (_cleanup_(json_free)).
 * Errors: MLOPS_INTEGRITY. */
int log_view_newest(const struct log_view *view, const struct log_query *query, cJSON **entry,
                    bool *found, struct mlops_error *err);

/* Every entry of one of `actions` (NULL-terminated) and `model`, the oldest first, proved; what
 * `take` returns ends it where it is not MLOPS_OK. Errors: MLOPS_INTEGRITY. */
typedef int (*log_view_take)(void *context, const cJSON *entry, struct mlops_error *err);
int log_view_each(const struct log_view *view, const char *const *actions, const char *model,
                  log_view_take take, void *context, struct mlops_error *err);

/* log_view_version will be called for this one (db_foresee). */
void log_view_foresee_version(struct mlops_registry *registry, const char *model, uint64_t version);
/* Every entry about version `version` of `model`, as log_view_each. */
int log_view_version(const struct log_view *view, const char *model, uint64_t version,
                     log_view_take take, void *context, struct mlops_error *err);

/* Which registry this is: the leaf hash of its log's first entry, hexadecimal. */
int log_view_origin(const struct log_view *view, char hex[SHA256_HEX_SIZE],
                    struct mlops_error *err);

#endif
