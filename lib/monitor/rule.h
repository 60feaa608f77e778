/*
 * lib/monitor/rule.h - a rule as text, and the measures that rules speak of.
 */
#ifndef MONITOR_RULE_H
#define MONITOR_RULE_H
#include "stats/detector.h"
#include <mlops/alert.h>
#include <mlops/monitor.h>

/* What a measure is held against. */
enum rule_base {
    BASE_NONE = 0,
    BASE_BEFORE,   /* the same span `base_ns` earlier, whichever version answered then */
    BASE_TRAINING, /* what the bundle says of its training */
    BASE_VERSION,  /* the same span of version `base_version`, shadow events among it */
};

struct rule {
    char name[MLOPS_NAME_MAX + 1];
    size_t measure; /* in the table of rule.c */
    bool at_most, strict;
    double limit;
    int64_t over_ns, for_ns, recover_ns;
    int64_t short_ns; /* it must fail over this, too; 0: none */
    double objective; /* of burn_rate: the share of events that is to be good */
    enum rule_base base;
    bool ratio; /* the limit is of now / then; false: of now - then */
    int64_t base_ns;
    uint64_t base_version;
    char severity[16];
    char *text;
};

/* The caller clears `rule`. Errors: MLOPS_INVALID what is wrong with the text. */
int rule_parse(const char *name, const char *text, struct rule *rule, struct mlops_error *err);
void rule_clear(struct rule *rule);

/* What the rule measures in a group, before it is held against anything; NaN where it is not known,
 * and for those that rule_detector names. */
struct mlops_monitor_measure rule_measure(const struct rule *rule,
                                          const struct mlops_monitor_group *group);
/* Does it measure what is estimated without labels? */
bool rule_estimates(const struct rule *rule);
/* A detector over the errors: what is measured is how many drifts it found. */
bool rule_detector(const struct rule *rule, enum detector_kind *kind);
/* What has changed from `then` to `now`, with the interval of MOVER (Zou and Donner 2008) where
 * both have one. */
struct mlops_monitor_measure rule_change(const struct rule *rule,
                                         const struct mlops_monitor_measure *now,
                                         const struct mlops_monitor_measure *then);
bool rule_holds(const struct rule *rule, double value);
/* "latency_p99" */
const char *rule_measure_name(const struct rule *rule);

#endif
