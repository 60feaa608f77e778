/*
 * include/mlops/release.h - stages change hands: promotion through gates, and rollback.
 *
 * Both move the stage by compare-and-swap in one transaction with the log entry.
 */
#ifndef MLOPS_RELEASE_H
#define MLOPS_RELEASE_H
#include <mlops/key.h>
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_gate_result {
    char gate[MLOPS_NAME_MAX + 1]; /* "tests", "metrics", … */
    bool passed;
    bool emergency;  /* it refused, and was passed by a releaser's word */
    char *detail;    /* one line: the evidence, or what is missing */
    char **evidence; /* what it judged, one by one, a line each; NULL-terminated; NULL: none */
    size_t evidence_count;
};

/* Every gate that there is, NULL-terminated; static storage. */
MLOPS_API const char *const *mlops_gate_names(void);

struct mlops_promote_options {
    const char *ref;
    const char *stage;       /* 1 to MLOPS_STAGE_MAX of [a-z0-9_-], beginning with a letter */
    const char *expect;      /* reference that the stage must hold now, or "none"; NULL: whatever it
                                held when the gates were judged */
    const char *reason;      /* NULL: none */
    bool dry_run;            /* judge the gates, move nothing */
    const char *const *pass; /* an emergency: the gates, NULL-terminated, that need not let it in;
                                demands a reason and a releaser's signature. NULL: none */
    struct mlops_signer signer; /* who signs an emergency */
};

struct mlops_promotion {
    struct mlops_version version;
    char stage[MLOPS_STAGE_MAX + 1];
    uint64_t previous; /* version number that the stage held before; 0: it was empty */
    bool promoted;     /* false: a gate refused, a dry run, or it was there already */
    bool already;      /* the stage holds this very version: nothing to do, and no gate judged */
    bool emergency;    /* some gate was passed by a releaser's word */
    char policy[MLOPS_NAME_MAX + 64]; /* by which it was judged: "policy 3 of fraud" */
    struct mlops_gate_result *gates;
    size_t gate_count;
    uint64_t entry;                     /* of the log, where it was promoted */
    struct mlops_checkpoint checkpoint; /* the log's head then */
    char *proof; /* that the entry is in the log: c2sp.org/tlog-proof; NULL: not promoted */
};

/*
 * Put `options->ref` into a stage if every gate lets it. A refusal is an answer (`promoted`
 * false), not an error. The caller clears `promotion`.
 *
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a name, a bundle that is not registered, no stage of the
 * policy, an emergency without a reason; MLOPS_REFUSED an emergency by nobody who is a releaser, or
 * a version that is retired; MLOPS_CONFLICT the stage does not hold what was expected (the message
 * names what it holds, who put it there and when); MLOPS_INTEGRITY a file of the bundle is not in
 * the store; MLOPS_IO.
 */
MLOPS_API int mlops_promote(struct mlops_registry *registry,
                            const struct mlops_promote_options *options,
                            struct mlops_promotion *promotion, struct mlops_error *err);
MLOPS_API void mlops_promotion_clear(struct mlops_promotion *promotion);

struct mlops_rollback_options {
    const char *model;
    const char *stage;  /* NULL: "production" */
    const char *to;     /* reference to go back to, which must have been there; NULL: the one
                           before the present one */
    const char *reason; /* NULL: none */
    bool if_alerting;   /* only where an alert about what the stage holds is open */
};

struct mlops_rollback {
    char model[MLOPS_NAME_MAX + 1];
    char stage[MLOPS_STAGE_MAX + 1];
    struct mlops_version from, to;
    bool moved;       /* false: `if_alerting`, and no alert is open */
    uint64_t skipped; /* how many nearer ones were no good: retired, or left by a rollback */
    uint64_t entry;   /* of the log */
};

/*
 * Take a stage back to the nearest good version that was there before: one that is not retired, and
 * that no rollback left, or that was approved since. What is left is marked by that: where the
 * registry trusts approvers, or the policy demands approvals, it comes back with a new approval
 * alone. No gate is judged anew but the signature that the policy demands. Two rollbacks go back
 * two steps: the version that a rollback left is no longer "before".
 *
 * Errors: MLOPS_NOT_FOUND no such model, the stage is empty, nothing good was there before, `to`
 * never was, or nothing is known about alerts; MLOPS_INVALID `to` is there now; MLOPS_REFUSED `to`
 * is no good version; MLOPS_CONFLICT somebody moved the stage meanwhile; MLOPS_INTEGRITY the bundle
 * to go back to is damaged or its signature no longer holds; MLOPS_IO.
 */
MLOPS_API int mlops_rollback_stage(struct mlops_registry *registry,
                                   const struct mlops_rollback_options *options,
                                   struct mlops_rollback *rollback, struct mlops_error *err);

/* ---- freezes ----------------------------------------------------------------------------- */

struct mlops_freeze_options {
    const char *model;  /* NULL: all models */
    const char *stage;  /* NULL: all stages */
    const char *reason; /* must be given to freeze */
    int64_t until_ns;   /* 0: until somebody ends it */
    bool unfreeze;      /* end it: that of the model (NULL: of all models), of the stage where one
                           is named */
    struct mlops_signer signer; /* used where the registry trusts a releaser */
};

/*
 * Let nothing be promoted, or end that. What is in a stage stays there and may be rolled back.
 * `entry` is that of the log.
 * Errors: MLOPS_NOT_FOUND no such model, or nothing to end; MLOPS_INVALID no reason, or a time that
 * is over; MLOPS_REFUSED the signer is no releaser; MLOPS_CONFLICT; MLOPS_INTEGRITY.
 */
MLOPS_API int mlops_freeze(struct mlops_registry *registry,
                           const struct mlops_freeze_options *options, uint64_t *entry,
                           struct mlops_error *err);

MLOPS_END
#endif
