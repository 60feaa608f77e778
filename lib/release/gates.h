/*
 * lib/release/gates.h - what must be true of a version before a stage takes it: the demands of the
 * policy in force, each judged on what the registry recorded.
 */
#ifndef RELEASE_GATES_H
#define RELEASE_GATES_H
#include "release/gate.h"

struct gates_options {
    const struct mlops_version *version;
    const struct manifest *manifest;
    const char *stage;
    const struct policy *policy; /* NULL: the one in force */
    bool any_time;               /* leave out windows, freezes and time in an earlier stage */
    int64_t now_ns;              /* 0: now */
};

struct gates_result {
    struct mlops_gate_result *gates;
    size_t count;
    bool passed;
    uint64_t log_size; /* of the log that was judged by */
    char policy[MLOPS_NAME_MAX + 64]; /* "policy 3 of fraud" */
    uint64_t policy_number, policy_entry;
    char policy_model[MLOPS_NAME_MAX + 1], policy_sha256[65];
};

/*
 * Judge every gate that the stage demands in one view of the registry. The caller frees `gates`
 * with gates_free. Errors: MLOPS_INVALID no stage of the policy; MLOPS_INTEGRITY the log, the
 * policy or evidence was changed.
 */
int gates_judge(struct mlops_registry *registry, const struct gates_options *options,
                struct gates_result *result, struct mlops_error *err);
void gates_free(struct mlops_gate_result *gates, size_t count);

#endif
