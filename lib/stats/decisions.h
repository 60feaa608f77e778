/* lib/stats/decisions.h - the confusion matrix of a binary task and what follows from it. */
#ifndef STATS_DECISIONS_H
#define STATS_DECISIONS_H
#include "stats/metrics.h"

/* Rows by label and decision, 1 for yes: what they weigh, and how unevenly. */
struct confusion {
    uint64_t rows[2][2];
    double weight[2][2], square[2][2]; /* Σw, Σw² */
    bool weighted;
};
void confusion_count(const struct binary_rows *rows, double threshold, struct confusion *confusion);

/* Add what metrics_binary says of decisions, with intervals where options ask for them. */
void confusion_add_metrics(const struct confusion *confusion, const struct metric_options *options,
                           struct metric_list *list);

#endif
