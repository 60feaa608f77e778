/* lib/stats/multiclass.h - probabilities of several classes. */
#ifndef STATS_MULTICLASS_H
#define STATS_MULTICLASS_H
#include "stats/metrics.h"

/* Add log_loss, auc_macro and auc_weighted; `rows` have probabilities. See metrics_multiclass. */
int multiclass_probabilities(const struct class_rows *rows, const struct metric_options *options,
                             struct metric_list *list, struct mlops_error *err);

#endif
