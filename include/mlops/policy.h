/*
 * include/mlops/policy.h - what a registry demands before a version enters a stage. A policy is of
 * one model or of the whole registry, numbered from 1, and changed only through the audit log; a
 * releaser signs each change as soon as the registry trusts one. docs/policy.md.
 */
#ifndef MLOPS_POLICY_H
#define MLOPS_POLICY_H
#include <mlops/key.h>
#include <mlops/release.h>
MLOPS_BEGIN

/* A policy that is or was in force. */
struct mlops_policy {
    char model[MLOPS_NAME_MAX + 1]; /* whose it is; "": the registry's, and the built-in default */
    uint64_t number;                /* 0: the built-in default */
    char sha256[65];                /* of `json`; "" where `inherits` */
    uint64_t entry;                 /* of the audit log, that put it in force */
    int64_t set_ns;                 /* 0: built in */
    char *actor, *reason;           /* who and why, "" where unknown */
    char *signer;                   /* the releaser who signed it; "": nobody had to */
    bool inherits;                  /* it says only that the model has none of its own any more */
    char *json;                     /* canonical; "" where `inherits` */
    char *yaml;                     /* a file that mlops_policy_set takes */
};
MLOPS_API void mlops_policy_clear(struct mlops_policy *policy);

struct mlops_policy_list {
    struct mlops_policy *items; /* the oldest first */
    size_t count;
};
MLOPS_API void mlops_policy_list_clear(struct mlops_policy_list *list);

/* The policy in force for `model` (NULL: for models that have none). The caller clears `policy`.
 * Errors: MLOPS_NOT_FOUND no such model; MLOPS_INTEGRITY it was changed behind the log's back. */
MLOPS_API int mlops_policy_show(struct mlops_registry *registry, const char *model,
                                struct mlops_policy *policy, struct mlops_error *err);

/* All that were ever set for `model` (NULL: for the registry). The caller clears `list`. */
MLOPS_API int mlops_policy_history(struct mlops_registry *registry, const char *model,
                                   struct mlops_policy_list *list, struct mlops_error *err);

struct mlops_policy_options {
    const char *model; /* NULL: of the registry */
    const char *text;  /* of the policy file; NULL: from now on the model has none of its own */
    size_t length;
    const char *what;           /* the file's name in messages */
    const char *reason;         /* NULL: none */
    struct mlops_signer signer; /* used where the registry trusts a releaser */
};

/* Put a policy in force. `policy` gets it; the caller clears it.
 * Errors: MLOPS_INVALID the file, with its line; MLOPS_NOT_FOUND no such model; MLOPS_REFUSED the
 * signer is no releaser; MLOPS_CONFLICT somebody changed the policy meanwhile; MLOPS_INTEGRITY. */
MLOPS_API int mlops_policy_set(struct mlops_registry *registry,
                               const struct mlops_policy_options *options,
                               struct mlops_policy *policy, struct mlops_error *err);

/* What a stage holds, judged anew. */
struct mlops_policy_judgement {
    char stage[MLOPS_STAGE_MAX + 1];
    struct mlops_version version;
    bool passed;
    struct mlops_gate_result *gates;
    size_t gate_count;
};
struct mlops_policy_report {
    bool passed;
    struct mlops_policy_judgement *items;
    size_t count;
};

/*
 * Would what the stages of `model` hold enter them today? By the policy in force, or by the file
 * `text`, which is only read. When a stage may be changed and who is frozen is left out. The
 * caller clears `report`. Errors: as mlops_policy_set.
 */
MLOPS_API int mlops_policy_check(struct mlops_registry *registry,
                                 const struct mlops_policy_options *options,
                                 struct mlops_policy_report *report, struct mlops_error *err);
MLOPS_API void mlops_policy_report_clear(struct mlops_policy_report *report);

MLOPS_END
#endif
