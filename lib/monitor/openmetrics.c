/* lib/monitor/openmetrics.c - status and alerts as OpenMetrics. Gauges alone: what is said is of a
 * span of event time, and a counter would have to outlive retention. */
#include "base/buffer.h"
#include "registry/registry.h"
#include <math.h>
#include <mlops/alert.h>
#include <mlops/business.h>
#include <mlops/monitor.h>
#include <mlops/openmetrics.h>

/* As both formats want it: a backslash before \ and ", \n for the end of a line. */
static void put_label(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n') {
            buffer_puts(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"')
            buffer_putc(out, '\\');
        buffer_putc(out, *value);
    }
    buffer_putc(out, '"');
}

static void put_family(struct buffer *out, const char *name, const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static double events(const struct mlops_monitor_group *group)
{
    return (double)group->events;
}
static double error_ratio(const struct mlops_monitor_group *group)
{
    return group->events ? (double)group->errors / (double)group->events : NAN;
}
static double per_second(const struct mlops_monitor_group *group)
{
    return group->per_second;
}
static double latency_p50(const struct mlops_monitor_group *group)
{
    return group->latency_ms[0] / 1000;
}
static double latency_p90(const struct mlops_monitor_group *group)
{
    return group->latency_ms[1] / 1000;
}
static double latency_p99(const struct mlops_monitor_group *group)
{
    return group->latency_ms[2] / 1000;
}
static double latency_p999(const struct mlops_monitor_group *group)
{
    return group->latency_ms[3] / 1000;
}
static double positive_ratio(const struct mlops_monitor_group *group)
{
    return group->positives;
}
static double score_mean(const struct mlops_monitor_group *group)
{
    return group->score_mean;
}
static double drifted_ratio(const struct mlops_monitor_group *group)
{
    return group->against_training.column_count ? group->against_training.share : NAN;
}
static double labelled(const struct mlops_monitor_group *group)
{
    return (double)group->performance.labelled;
}
/* Performance is known with labels alone. */
static double when_labelled(const struct mlops_monitor_group *group, double value)
{
    return group->performance.labelled ? value : NAN;
}
static double accuracy(const struct mlops_monitor_group *group)
{
    return when_labelled(group, group->performance.accuracy.value);
}
static double precision(const struct mlops_monitor_group *group)
{
    return when_labelled(group, group->performance.precision.value);
}
static double recall(const struct mlops_monitor_group *group)
{
    return when_labelled(group, group->performance.recall.value);
}
static double fpr(const struct mlops_monitor_group *group)
{
    return when_labelled(group, group->performance.fpr.value);
}
static double auc(const struct mlops_monitor_group *group)
{
    return when_labelled(group, group->performance.auc.value);
}

static const struct {
    const char *name, *help;
    double (*read)(const struct mlops_monitor_group *group);
} families[] = {
    {"mlops_events", "Events in the span.", events},
    {"mlops_events_per_second", "Events a second from the first to the last.", per_second},
    {"mlops_error_ratio", "Share of the events that failed.", error_ratio},
    {"mlops_latency_p50_seconds", "Median latency.", latency_p50},
    {"mlops_latency_p90_seconds", "Latency that 90 % stay below.", latency_p90},
    {"mlops_latency_p99_seconds", "Latency that 99 % stay below.", latency_p99},
    {"mlops_latency_p999_seconds", "Latency that 99.9 % stay below.", latency_p999},
    {"mlops_positive_ratio", "Share of predictions that are positive.", positive_ratio},
    {"mlops_score_mean", "Mean score.", score_mean},
    {"mlops_drifted_features_ratio", "Share of features that drifted from training.",
     drifted_ratio},
    {"mlops_labelled_events", "Events whose label is known.", labelled},
    {"mlops_accuracy_ratio", "Accuracy of the labelled events.", accuracy},
    {"mlops_precision_ratio", "Precision of the labelled events.", precision},
    {"mlops_recall_ratio", "Recall of the labelled events.", recall},
    {"mlops_fpr_ratio", "False positive rate of the labelled events.", fpr},
    {"mlops_auc_ratio", "Area under the ROC curve of the labelled events.", auc},
};

/* What is not known is left out. */
static void put_groups(const char *model, const struct mlops_monitor_status *status,
                       struct buffer *out)
{
    for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
        put_family(out, families[f].name, families[f].help);
        for (size_t i = 0; i < status->group_count; i++) {
            const struct mlops_monitor_group *group = &status->groups[i];
            double value = families[f].read(group);
            if (isnan(value))
                continue;
            buffer_printf(out, "%s{", families[f].name);
            put_label(out, "model", model);
            buffer_printf(out, ",version=\"%llu\",", (unsigned long long)group->version);
            put_label(out, "stage", group->stage);
            buffer_putc(out, ',');
            put_label(out, "segment", group->segment);
            buffer_printf(out, ",shadow=\"%s\"} %.17g\n", group->shadow ? "true" : "false", value);
        }
    }
}

static void put_alerts(const struct mlops_alert_list *list, struct buffer *out)
{
    put_family(out, "mlops_alert_open", "1 while the alert is open.");
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_alert *alert = &list->items[i];
        if (alert->state != MLOPS_ALERT_OPEN)
            continue;
        buffer_puts(out, "mlops_alert_open{");
        put_label(out, "model", alert->model);
        buffer_printf(out, ",version=\"%llu\",", (unsigned long long)alert->version);
        put_label(out, "stage", alert->stage);
        buffer_putc(out, ',');
        put_label(out, "rule", alert->rule);
        buffer_printf(out, ",severity=\"%s\"} 1\n", alert->severity);
    }
}

static void put_series(const char *model, const struct mlops_series_list *list, struct buffer *out)
{
    put_family(out, "mlops_series_value", "Last day of a business series.");
    for (size_t i = 0; i < list->count; i++) {
        buffer_puts(out, "mlops_series_value{");
        put_label(out, "model", model);
        buffer_putc(out, ',');
        put_label(out, "series", list->items[i].name);
        buffer_printf(out, "} %.17g\n", list->items[i].last);
    }
}

int mlops_openmetrics(struct mlops_registry *registry, const char *model, int64_t length_ns,
                      char **text, struct mlops_error *err)
{
    _cleanup_(mlops_monitor_status_clear) struct mlops_monitor_status status = {.from_ns = 0};
    _cleanup_(mlops_alert_list_clear) struct mlops_alert_list alerts = {0};
    _cleanup_(mlops_series_list_clear) struct mlops_series_list series = {0};
    struct buffer out = {0};
    const struct mlops_monitor_status_options options = {
        .model = model, .length_ns = length_ns, .by_segment = true};

    *text = NULL;
    TRY(mlops_monitor_status(registry, &options, &status, err));
    TRY(mlops_alert_list(registry, model, false, &alerts, err));
    TRY(mlops_series_list(registry, model, &series, err));
    put_groups(model, &status, &out);
    put_family(&out, "mlops_newest_event_timestamp_seconds", "Time of the newest event.");
    buffer_puts(&out, "mlops_newest_event_timestamp_seconds{");
    put_label(&out, "model", model);
    buffer_printf(&out, "} %.17g\n", (double)status.newest_ns / 1e9);
    put_series(model, &series, &out);
    put_alerts(&alerts, &out);
    buffer_puts(&out, "# EOF\n");
    *text = buffer_steal(&out);
    return MLOPS_OK;
}
