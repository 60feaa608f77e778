/*
 * lib/monitor/alert.h - alerts in the database: pending, open, resolved.
 */
#ifndef MONITOR_ALERT_H
#define MONITOR_ALERT_H
#include <mlops/alert.h>

struct db;

/* What a rule said. */
struct finding {
    const struct mlops_version *version; /* whom it judged */
    const char *stage, *rule, *severity;
    bool known, holds;
    int64_t at_ns, for_ns, recover_ns;
    const char *what, *cause; /* where it does not hold */
};

/*
 * Take the alert of that rule forward, in the open transaction; append it to `list` where there is
 * one that is pending, open, or resolved by this. A measure that is not known changes nothing.
 */
int alert_advance(struct db *db, const struct finding *finding, struct mlops_alert_list *list,
                  struct mlops_error *err);
/* Resolve the open alerts of the stage whose rule is in none of `names`, or that are of another
 * version than the stage holds now: nobody would ever see them hold. */
int alert_resolve_others(struct db *db, const struct mlops_version *version, const char *stage,
                         const char *const *names, int64_t at_ns, struct mlops_alert_list *list,
                         struct mlops_error *err);

#endif
