/*
 * lib/monitor/judge.h - one rule held against what happened: known or not, holds or not, and why.
 */
#ifndef MONITOR_JUDGE_H
#define MONITOR_JUDGE_H
#include "bundle/manifest.h"
#include "monitor/rule.h"
#include "registry/registry.h"

/* The traffic of one span, kept for the next rule of the same span. */
struct span {
    int64_t over_ns;
    struct mlops_monitor_status status;
};

/* What all rules of a check are judged by. The owner sets what stands first and clears the rest. */
struct judge {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    const char *stage;
    int64_t at_ns;
    const struct manifest *manifest; /* of the version */
    struct span *spans;
    size_t span_count;
};
void judge_clear(struct judge *judge);

struct judgement {
    bool known, holds;
    double value, limit;
    char *what;  /* what was measured, and how sure it is */
    char *cause; /* which features moved; "" none */
};
void judgement_clear(struct judgement *judgement);

/* The caller clears `judgement`. Errors: MLOPS_NOT_FOUND no events ever; MLOPS_INTEGRITY;
 * MLOPS_IO. */
int judge_rule(struct judge *judge, const struct rule *rule, struct judgement *judgement,
               struct mlops_error *err);
/* The version's own traffic of the span in the stage; NULL: none. */
int judge_served(struct judge *judge, int64_t over_ns, const struct mlops_monitor_group **group,
                 struct mlops_error *err);

#endif
