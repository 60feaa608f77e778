/*
 * lib/registry/policy_row.h - the texts of policies, which are too long for the log: a row each,
 * and an entry "policy" in the log that names its digest. What a policy says is not known here.
 */
#ifndef REGISTRY_POLICY_ROW_H
#define REGISTRY_POLICY_ROW_H
#include "registry/log_view.h"

/* Keep `body` as the next policy of `model` ("": of the registry) and append `detail`, with
 * "number" and "sha256" added, as its entry. `body` NULL: from now on it has none of its own.
 * Errors: as audit_append. */
struct policy_change {
    const char *model;
    uint64_t number;
    const char *body;
    const char *reason;
    cJSON *detail; /* borrowed, changed */
};
int policy_row_add(struct transaction *tx, const struct policy_change *change,
                   struct mlops_error *err);

/* The text that `entry`, an entry "policy" of the log, is about. Errors: MLOPS_INTEGRITY it is not
 * there, or another than the entry names. */
int policy_row_read(const struct log_view *view, const cJSON *entry, struct buffer *body,
                    struct mlops_error *err);

#endif
