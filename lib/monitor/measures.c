/* lib/monitor/measures.c - the windows of days as named series. */
#include "monitor/measures.h"
#include "monitor/business_rows.h"
#include "monitor/estimate.h"
#include "monitor/status.h"
#include <math.h>

/* One day on its way into the series. */
struct today {
    const struct measures_query *query;
    struct measures *measures;
    size_t day;
};

static void put(const struct today *today, const char *name, double value)
{
    struct measures *measures = today->measures;
    size_t at = 0;
    while (at < measures->count && !str_equal(measures->items[at].name, name))
        at++;
    if (at == measures->count) {
        GROW(measures->items, measures->count, &measures->capacity);
        struct measure_series *fresh = &measures->items[measures->count++];
        *fresh = (struct measure_series){xstrdup(name),
                                         xcalloc(today->query->days, sizeof(*fresh->values))};
        for (size_t i = 0; i < today->query->days; i++)
            fresh->values[i] = NAN;
    }
    measures->items[at].values[today->day] = value;
}

static void put_traffic(const struct today *today, const struct mlops_monitor_group *group)
{
    put(today, "events", (double)group->events);
    put(today, "error_rate", (double)group->errors / (double)group->events);
    put(today, "latency_p50", group->latency_ms[0]);
    put(today, "latency_p99", group->latency_ms[2]);
    put(today, "positives", group->positives);
    put(today, "score_mean", group->score_mean);
}

static void put_performance(const struct today *today, const struct window *window,
                            const struct mlops_monitor_performance *performance)
{
    if (performance->labelled == 0)
        return;
    put(today, "missed", (double)window->performance.confusion[1][0]);
    put(today, "false_alarms", (double)window->performance.confusion[0][1]);
    put(today, "accuracy", performance->accuracy.value);
    put(today, "precision", performance->precision.value);
    put(today, "recall", performance->recall.value);
    put(today, "fpr", performance->fpr.value);
    put(today, "auc", performance->auc.value);
    put(today, "brier", performance->brier.value);
}

static int put_estimates(struct mlops_registry *registry, const struct today *today,
                         int64_t from_ns, struct mlops_error *err)
{
    struct mlops_monitor_estimate estimate;
    TRY(estimate_run(registry,
                     &(struct estimate_query){.model = today->query->model,
                                              .stage = today->query->stage,
                                              .version = today->query->version,
                                              .from_ns = from_ns,
                                              .to_ns = from_ns + DAY_NS},
                     &estimate, err));
    if (estimate.events == 0)
        return MLOPS_OK;
    put(today, "estimated_accuracy", estimate.accuracy);
    put(today, "estimated_recall", estimate.recall);
    put(today, "estimated_fpr", estimate.fpr);
    put(today, "estimated_auc", estimate.auc);
    return MLOPS_OK;
}

static int put_features(const struct today *today, const struct window *window,
                        struct mlops_error *err)
{
    _cleanup_(mlops_drift_report_clear) struct mlops_drift_report report = {.drift = false};
    TRY(status_against(today->query->training, window, &report, err));
    for (size_t i = 0; i < report.column_count; i++) {
        const struct mlops_drift_column *column = &report.columns[i];
        _cleanup_(free_string) char *drift = xprintf("drift of %s", column->name);
        _cleanup_(free_string) char *missing = xprintf("missing %s", column->name);
        put(today, drift, column->statistic);
        put(today, missing, column->missing_current);
    }
    put(today, "drift", report.column_count ? report.share : NAN);
    return MLOPS_OK;
}

static int measure_day(struct mlops_registry *registry, const struct today *today,
                       struct mlops_error *err)
{
    _cleanup_(window_clear) struct window window = {0};
    struct mlops_monitor_group group = {.version = 0};
    struct measures *measures = today->measures;
    int64_t from_ns = today->query->from_ns + (int64_t)today->day * DAY_NS;
    TRY(windows_merged(registry,
                       &(struct window_query){.model = today->query->model,
                                              .stage = today->query->stage,
                                              .shadow = SHADOW_NOT,
                                              .level = LEVEL_DAY,
                                              .from_ns = from_ns,
                                              .to_ns = from_ns + DAY_NS,
                                              .profiles = true},
                       &window, err));
    if (window.events == 0)
        return MLOPS_OK;
    status_measure(&window, &group);
    GROW(measures->days, measures->day_count, &measures->day_capacity);
    measures->days[measures->day_count++] =
        (struct mlops_business_day){.start_ns = from_ns,
                                    .events = window.events,
                                    .labelled = window.performance.labelled,
                                    .missed = window.performance.confusion[1][0],
                                    .false_alarms = window.performance.confusion[0][1],
                                    .missed_cost = NAN,
                                    .false_alarm_cost = NAN};
    put_traffic(today, &group);
    put_performance(today, &window, &group.performance);
    TRY(put_estimates(registry, today, from_ns, err));
    return today->query->training->profile ? put_features(today, &window, err) : MLOPS_OK;
}

int measures_read(struct mlops_registry *registry, const struct measures_query *query,
                  struct measures *measures, struct mlops_error *err)
{
    *measures = (struct measures){0};
    for (size_t day = 0; day < query->days; day++) {
        int code = measure_day(registry, &(struct today){query, measures, day}, err);
        if (code) {
            measures_clear(measures);
            return code;
        }
    }
    return MLOPS_OK;
}

void measures_clear(struct measures *measures)
{
    for (size_t i = 0; i < measures->count; i++) {
        free(measures->items[i].name);
        free(measures->items[i].values);
    }
    free(measures->items);
    free(measures->days);
    *measures = (struct measures){0};
}
