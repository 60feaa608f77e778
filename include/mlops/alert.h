/*
 * include/mlops/alert.h - what must hold of a model in production, and alerts where it does not.
 *
 * docs/alerts.md has the measures, and how alerts open and resolve.
 */
#ifndef MLOPS_ALERT_H
#define MLOPS_ALERT_H
#include <mlops/registry.h>
MLOPS_BEGIN

/* ---- rules -------------------------------------------------------------------------------- */

struct mlops_rule {
    char name[MLOPS_NAME_MAX + 1];
    char *text;   /* "latency_p99 <= 250 over 5m for 2m" */
    char *set_by; /* NULL: it stands in the project file of the version */
    int64_t set_ns;
};
struct mlops_rule_list {
    struct mlops_rule *items;
    size_t count;
};

/*
 * Set or replace a rule of `model`: a measure, <= < >= or >, a limit, and in any order `over D` (the
 * time that is measured; 1 h), `short D` (it must fail over that, too), `against BASE` (the limit is
 * of the change), `slo SHARE` (of burn_rate), `for D` (it must fail so long before an alert opens),
 * `recover D` (hold so long before it resolves), `severity info|warning|critical`.
 * Errors: MLOPS_INVALID the name or the text; MLOPS_NOT_FOUND no such model; MLOPS_IO.
 */
MLOPS_API int mlops_rule_set(struct mlops_registry *registry, const char *model, const char *name,
                             const char *text, struct mlops_error *err);
/* Remove it; its open alert resolves with the next check. Errors: MLOPS_NOT_FOUND; MLOPS_IO. */
MLOPS_API int mlops_rule_remove(struct mlops_registry *registry, const char *model,
                                const char *name, struct mlops_error *err);
/* Those of the registry, by name. The caller clears `list`. */
MLOPS_API int mlops_rule_list(struct mlops_registry *registry, const char *model,
                              struct mlops_rule_list *list, struct mlops_error *err);
MLOPS_API void mlops_rule_list_clear(struct mlops_rule_list *list);

/* ---- alerts ------------------------------------------------------------------------------- */

enum mlops_alert_state { MLOPS_ALERT_PENDING, MLOPS_ALERT_OPEN, MLOPS_ALERT_RESOLVED };

struct mlops_alert {
    char model[MLOPS_NAME_MAX + 1], rule[MLOPS_NAME_MAX + 1], stage[MLOPS_STAGE_MAX + 1];
    char severity[16];
    enum mlops_alert_state state;
    uint64_t version;    /* that the stage held when it began */
    int64_t since_ns;    /* when the rule was first seen to fail */
    int64_t opened_ns;   /* 0: not yet */
    int64_t resolved_ns; /* 0: not yet */
    char *what;          /* "latency_p99 is 412, must be <= 250 over 5m" */
    char *cause;         /* which features moved, and how; "" where none did */
    bool changed;        /* by this check: it opened or resolved */
    bool silenced;       /* nobody is told (silence.h) */
};
struct mlops_alert_list {
    struct mlops_alert *items;
    size_t count;
};

struct mlops_check_options {
    const char *model;
    const char *stage; /* NULL: production */
    int64_t at_ns;     /* as of when; 0: now */
};

/* What a check found. */
struct mlops_check {
    struct mlops_version version;   /* that the stage holds */
    int64_t at_ns;
    size_t rules;                   /* that there are */
    size_t unknown;                 /* of them, those whose measure is not known: no events, labels */
    size_t open, silenced;          /* silenced: of those that are open */
    struct mlops_alert_list alerts; /* pending, open, and those that this check resolved */
};

/*
 * Judge the rules of the model, those of the project file of the version that the stage holds
 * included, and open and resolve alerts. A check of the last hour leaves evidence of the kind
 * "monitor", which promotion and rollback read. The caller clears `check`.
 * Errors: MLOPS_NOT_FOUND nothing in the stage, or no events; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_check(struct mlops_registry *registry, const struct mlops_check_options *options,
                          struct mlops_check *check, struct mlops_error *err);
MLOPS_API void mlops_check_clear(struct mlops_check *check);

/* Alerts of a model, the newest first; `all`: the resolved ones, too. The caller clears `list`. */
MLOPS_API int mlops_alert_list(struct mlops_registry *registry, const char *model, bool all,
                               struct mlops_alert_list *list, struct mlops_error *err);
MLOPS_API void mlops_alert_list_clear(struct mlops_alert_list *list);
/* "pending", "open", "resolved". */
MLOPS_API const char *mlops_alert_state_name(enum mlops_alert_state state);

MLOPS_END
#endif
