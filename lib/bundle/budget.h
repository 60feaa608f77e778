/*
 * lib/bundle/budget.h - what a model may take: time to answer, and room. Budgets stand among the
 * requirements of a performance suite, in the units that people use: `latency_p99: 50ms`,
 * `latency_p90: "< 20ms at 95%"`, `size: 200MB`.
 *
 * Grammar: ["<=" | "<"] AMOUNT ["at" NUMBER "%"]. "at 95%" is of latencies: the upper end of the
 * interval must be within the budget, too.
 */
#ifndef BUNDLE_BUDGET_H
#define BUNDLE_BUDGET_H
#include "base/yaml.h"
#include <cjson/cJSON.h>

#define BUDGET_SIZE "size"
#define BUDGET_REQUESTS_MAX 1000000
#define BUDGET_BATCH_MAX 100000

struct budget {
    char *metric;      /* "latency_p50", "latency_p90", "latency_p99", "size" */
    char *demand;      /* as it was written */
    double bound;      /* seconds or bytes */
    bool below;        /* it must be less, not just as much */
    double confidence; /* 0: the figure alone */
};

/* Zeroed: there are none. */
struct budgets {
    struct budget *items;
    size_t count;
    uint64_t requests, warm_up, batch; /* of latencies; set where there are budgets */
};

bool budget_is_known(const char *metric);
/* The quantile that a latency is: 0.99 of latency_p99; 0 of the size. */
double budget_quantile(const char *metric);
bool budgets_have_latency(const struct budgets *budgets);

/* Read one; the caller clears it, also then. Errors: MLOPS_INVALID saying what was expected. */
int budget_parse(const char *metric, const char *demand, struct budget *budget,
                 struct mlops_error *err);
void budget_clear(struct budget *budget);

/* "61.2 ms > 50 ms": is `value`, in seconds or bytes, within the budget? The caller frees. */
char *budget_compare(const struct budget *budget, double value, bool *met);

/* Add one. Errors: MLOPS_INVALID saying what was expected. */
int budgets_add(struct budgets *budgets, const char *metric, const char *demand,
                struct mlops_error *err);
/* The map `requests` of a suite: count, warm_up, batch. Errors: MLOPS_INVALID with file and
 * line. */
int budgets_read_requests(const struct yaml_node *node, const char *what, struct budgets *budgets,
                          struct mlops_error *err);

/* Add to the suite's `json` what there is; and back, false where it is nothing that is so
 * written. */
void budgets_write(const struct budgets *budgets, cJSON *json);
bool budgets_load(const cJSON *json, struct budgets *budgets);
void budgets_clear(struct budgets *budgets);

/* "12.3 ms", "200 MB": a figure in the unit that suits it. */
const char *budget_show(const char *metric, double value, char text[32]);

#endif
