/* lib/monitor/silence.h - which alerts are silenced. */
#ifndef MONITOR_SILENCE_H
#define MONITOR_SILENCE_H
#include <mlops/alert.h>
#include <mlops/silence.h>

struct db;

/* "severity=critical", "rule!=slow*". Errors: MLOPS_INVALID what is wrong with it. */
int silence_check_matcher(const char *matcher, struct mlops_error *err);
/* Do all of the matchers, with blanks between them, match? */
bool silence_matches(const char *matchers, const struct mlops_alert *alert);
/* Say of each alert whether a silence of that time matches it. */
int silences_apply(struct db *db, const char *model, int64_t at_ns, struct mlops_alert_list *alerts,
                   struct mlops_error *err);

#endif
