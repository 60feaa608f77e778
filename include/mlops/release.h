/*
 * include/mlops/release.h - stages change hands: promotion through gates, and rollback.
 *
 * Both move the stage by compare-and-swap in one transaction with the log entry.
 */
#ifndef MLOPS_RELEASE_H
#define MLOPS_RELEASE_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_gate_result {
    char gate[MLOPS_NAME_MAX + 1]; /* "tests", "metrics", … */
    bool passed;
    char *detail; /* one line: the evidence, or what is missing */
};

struct mlops_promote_options {
    const char *ref;
    const char *stage;  /* 1 to MLOPS_STAGE_MAX of [a-z0-9_-], beginning with a letter */
    const char *expect; /* reference that the stage must hold now, or "none"; NULL: whatever it
                           held when the gates were judged */
    const char *reason; /* NULL: none */
    bool dry_run;       /* judge the gates, move nothing */
};

struct mlops_promotion {
    struct mlops_version version;
    char stage[MLOPS_STAGE_MAX + 1];
    uint64_t previous; /* version number that the stage held before; 0: it was empty */
    bool promoted;     /* false: a gate refused, a dry run, or it was there already */
    bool already;      /* the stage holds this very version: nothing to do, and no gate judged */
    struct mlops_gate_result *gates;
    size_t gate_count;
};

/*
 * Put `options->ref` into a stage if every gate lets it. A refusal is an answer (`promoted`
 * false), not an error. The caller clears `promotion`.
 *
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a name, or a bundle that is not registered;
 * MLOPS_CONFLICT the stage does not hold what was expected (the message names what it holds, who
 * put it there and when); MLOPS_INTEGRITY a file of the bundle is not in the store; MLOPS_IO.
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
};

struct mlops_rollback {
    char model[MLOPS_NAME_MAX + 1];
    char stage[MLOPS_STAGE_MAX + 1];
    struct mlops_version from, to;
};

/*
 * Take a stage back to what was there before. Two rollbacks go back two steps: the version that a
 * rollback left is no longer "before".
 *
 * Errors: MLOPS_NOT_FOUND no such model, the stage is empty, nothing was there before, or `to`
 * never was; MLOPS_INVALID `to` is there now; MLOPS_CONFLICT somebody moved the stage meanwhile;
 * MLOPS_INTEGRITY the bundle to go back to is damaged; MLOPS_IO.
 */
MLOPS_API int mlops_rollback_stage(struct mlops_registry *registry,
                                   const struct mlops_rollback_options *options,
                                   struct mlops_rollback *rollback, struct mlops_error *err);

MLOPS_END
#endif
