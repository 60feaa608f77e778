/*
 * lib/monitor/rule.h - a rule as text, and the measures that rules speak of.
 */
#ifndef MONITOR_RULE_H
#define MONITOR_RULE_H
#include <mlops/alert.h>
#include <mlops/monitor.h>

struct rule {
    char name[MLOPS_NAME_MAX + 1];
    size_t measure; /* in the table of rule.c */
    bool at_most, strict;
    double limit;
    int64_t over_ns, for_ns, recover_ns;
    char severity[16];
    char *text;
};

/* The caller clears `rule`. Errors: MLOPS_INVALID what is wrong with the text. */
int rule_parse(const char *name, const char *text, struct rule *rule, struct mlops_error *err);
void rule_clear(struct rule *rule);

/* What the rule measures; NaN where it is not known. */
struct mlops_monitor_measure rule_measure(const struct rule *rule,
                                          const struct mlops_monitor_group *group);
bool rule_holds(const struct rule *rule, double value);
/* "latency_p99" */
const char *rule_measure_name(const struct rule *rule);

#endif
