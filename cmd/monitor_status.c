/* cmd/monitor_status.c - mlops monitor status MODEL */
#include "cli_monitor.h"
#include <inttypes.h>
#include <math.h>

#define DRIFTED_SHOWN 5

static void add_measure(cJSON *json, const char *key, const struct mlops_monitor_measure *measure)
{
    cJSON *object = cli_json_object();
    cli_json_number(object, "value", measure->value);
    cli_json_number(object, "low", measure->low);
    cli_json_number(object, "high", measure->high);
    cli_json_add(json, key, object);
}

static cJSON *drift_json(const struct mlops_drift_report *report)
{
    cJSON *json = cli_json_object(), *columns = cli_json_array();
    cli_json_bool(json, "drift", report->drift);
    cli_json_number(json, "share", report->share);
    for (size_t i = 0; i < report->column_count; i++) {
        const struct mlops_drift_column *column = &report->columns[i];
        cJSON *one = cli_json_object();
        cli_json_text(one, "name", column->name);
        cli_json_text(one, "method", column->method);
        cli_json_number(one, "statistic", column->statistic);
        cli_json_number(one, "threshold", column->threshold);
        cli_json_bool(one, "drift", column->drift);
        cli_json_number(one, "missing_reference", column->missing_reference);
        cli_json_number(one, "missing_current", column->missing_current);
        cli_json_number(one, "outliers_reference", column->outliers_reference);
        cli_json_number(one, "outliers_current", column->outliers_current);
        cli_json_number(one, "beyond_reference", column->beyond_reference);
        cli_json_number(one, "misfits", (double)column->misfits);
        cli_json_text(one, "detail", column->detail);
        cli_json_push(columns, one);
    }
    cli_json_add(json, "columns", columns);
    return json;
}

static cJSON *names_json(char *const *names)
{
    cJSON *json = cli_json_array();
    for (; names && *names; names++) {
        _cleanup_(free_string) char *name = cli_valid(*names);
        cli_json_push(json, cJSON_CreateString(name));
    }
    return json;
}

static cJSON *performance_json(const struct mlops_monitor_performance *performance)
{
    cJSON *json = cli_json_object();
    cli_json_number(json, "labelled", (double)performance->labelled);
    add_measure(json, "accuracy", &performance->accuracy);
    add_measure(json, "precision", &performance->precision);
    add_measure(json, "recall", &performance->recall);
    add_measure(json, "fpr", &performance->fpr);
    add_measure(json, "auc", &performance->auc);
    cli_json_number(json, "auc_error", performance->auc_error);
    add_measure(json, "brier", &performance->brier);
    cli_json_number(json, "calibration_error", performance->calibration_error);
    return json;
}

static cJSON *estimate_json(const struct mlops_monitor_estimate *estimate)
{
    cJSON *json = cli_json_object();
    bool known = estimate->events > 0;
    cli_json_number(json, "events", (double)estimate->events);
    cli_json_bool(json, "calibrated", estimate->calibrated);
    cli_json_number(json, "accuracy", known ? estimate->accuracy : NAN);
    cli_json_number(json, "precision", known ? estimate->precision : NAN);
    cli_json_number(json, "recall", known ? estimate->recall : NAN);
    cli_json_number(json, "fpr", known ? estimate->fpr : NAN);
    cli_json_number(json, "auc", known ? estimate->auc : NAN);
    return json;
}

static cJSON *group_json(const struct mlops_monitor_group *group)
{
    cJSON *json = cli_json_object(), *latency = cli_json_object();
    cli_json_version(json, "version", group->version);
    cli_json_text(json, "stage", group->stage);
    cli_json_text(json, "segment", group->segment);
    cli_json_bool(json, "shadow", group->shadow);
    cli_json_number(json, "events", (double)group->events);
    cli_json_number(json, "errors", (double)group->errors);
    cli_json_number(json, "per_second", group->per_second);
    cli_json_number(latency, "p50", group->latency_ms[0]);
    cli_json_number(latency, "p90", group->latency_ms[1]);
    cli_json_number(latency, "p99", group->latency_ms[2]);
    cli_json_number(latency, "p999", group->latency_ms[3]);
    cli_json_add(json, "latency_ms", latency);
    cli_json_number(json, "positives", group->positives);
    cli_json_number(json, "score_mean", group->score_mean);
    cli_json_add(json, "against_training", drift_json(&group->against_training));
    cli_json_add(json, "unexpected", names_json(group->unexpected));
    cli_json_add(json, "against_before", drift_json(&group->against_before));
    cli_json_add(json, "outputs", drift_json(&group->outputs));
    cli_json_add(json, "performance", performance_json(&group->performance));
    cli_json_add(json, "estimate", estimate_json(&group->estimate));
    return json;
}

static void print_measure(struct cli *cli, const char *name,
                          const struct mlops_monitor_measure *measure)
{
    if (isnan(measure->value))
        return;
    cli_print(cli, "    %-10s %.4f  (%.4f to %.4f)", name, measure->value, measure->low,
              measure->high);
}

static void print_drift(struct cli *cli, const char *against,
                        const struct mlops_drift_report *report)
{
    size_t drifted = 0;
    for (size_t i = 0; i < report->column_count; i++)
        drifted += report->columns[i].drift;
    if (report->column_count == 0)
        return;
    cli_print(cli, "  %s: %s%zu of %zu drifted%s", against,
              cli_on(cli, drifted ? STYLE_BAD : STYLE_GOOD), drifted, report->column_count,
              cli_off(cli, drifted ? STYLE_BAD : STYLE_GOOD));
    for (size_t i = 0; i < report->column_count && i < DRIFTED_SHOWN; i++) {
        const struct mlops_drift_column *column = &report->columns[i];
        _cleanup_(free_string) char *name = cli_clean(column->name, false);
        _cleanup_(free_string) char *detail = cli_clean(column->detail, false);
        if (column->drift)
            cli_print(cli, "    %-16s %s %.3f (over %.3f)  missing %.1f %% -> %.1f %%  %s", name,
                      column->method, column->statistic, column->threshold,
                      100 * column->missing_reference, 100 * column->missing_current, detail);
    }
}

static void print_unexpected(struct cli *cli, char *const *names)
{
    for (; names && *names; names++) {
        _cleanup_(free_string) char *name = cli_clean(*names, false);
        cli_print(cli, "    %-16s is not in the training data", name);
    }
}

static void print_group(struct cli *cli, const struct mlops_monitor_group *group)
{
    const struct mlops_monitor_performance *performance = &group->performance;
    _cleanup_(free_string) char *segment = cli_clean(group->segment, false);
    _cleanup_(free_string) char *stage = cli_clean(group->stage, false);

    cli_print(cli, "%s%s@%" PRIu64 "%s  %s%s%s%s", cli_on(cli, STYLE_BOLD), cli->args[1],
              group->version, cli_off(cli, STYLE_BOLD), stage, group->shadow ? ", shadow" : "",
              *segment ? ", segment " : "", segment);
    cli_print(cli, "  %" PRIu64 " events, %.1f a second, %.3f %% errors", group->events,
              group->per_second, 100 * (double)group->errors / (double)group->events);
    if (!isnan(group->latency_ms[0]))
        cli_print(cli, "  latency ms  p50 %.3g  p90 %.3g  p99 %.3g  p99.9 %.3g",
                  group->latency_ms[0], group->latency_ms[1], group->latency_ms[2],
                  group->latency_ms[3]);
    if (!isnan(group->positives))
        cli_print(cli, "  predictions  %.2f %% positive, mean score %.4f", 100 * group->positives,
                  group->score_mean);
    print_drift(cli, "features against training", &group->against_training);
    print_unexpected(cli, group->unexpected);
    print_drift(cli, "features against last week", &group->against_before);
    print_drift(cli, "predictions against last week", &group->outputs);
    if (group->estimate.events && performance->labelled < group->events)
        cli_print(cli,
                  "  expected by its own scores%s: accuracy %.4f  precision %.4f  recall %.4f  "
                  "fpr %.4f  auc %.4f",
                  group->estimate.calibrated ? ", calibrated" : "", group->estimate.accuracy,
                  group->estimate.precision, group->estimate.recall, group->estimate.fpr,
                  group->estimate.auc);
    if (performance->labelled == 0)
        return;
    cli_print(cli, "  %" PRIu64 " labelled (%.1f %%)", performance->labelled,
              100 * (double)performance->labelled / (double)group->events);
    print_measure(cli, "accuracy", &performance->accuracy);
    print_measure(cli, "precision", &performance->precision);
    print_measure(cli, "recall", &performance->recall);
    print_measure(cli, "fpr", &performance->fpr);
    print_measure(cli, "auc", &performance->auc);
    print_measure(cli, "brier", &performance->brier);
    if (!isnan(performance->calibration_error))
        cli_print(cli, "    %-10s %.4f", "ece", performance->calibration_error);
}

/* "2h": that long before the newest event; or a time. */
static int take_since(struct cli *cli, struct mlops_monitor_status_options *options)
{
    const char *text = cli_text(cli, "since");
    struct mlops_error ignored;
    int64_t length_ns;
    if (!text)
        return MLOPS_OK;
    if (mlops_duration_parse(text, &length_ns, &ignored))
        return mlops_time_parse(text, &options->since_ns, &cli->err);
    options->length_ns = length_ns;
    return MLOPS_OK;
}

int monitor_status(struct cli *cli)
{
    _cleanup_(mlops_monitor_status_clear) struct mlops_monitor_status status = {.from_ns = 0};
    struct mlops_monitor_status_options options = {.model = cli->args[1],
                                                   .stage = cli_text(cli, "stage"),
                                                   .segment = cli_text(cli, "segment"),
                                                   .version = (uint64_t)cli_whole(cli, "version"),
                                                   .by_segment = cli_flag(cli, "by-segment"),
                                                   .estimates = true};
    char from[32], to[32];

    TRY(take_since(cli, &options));
    TRY(mlops_monitor_status(cli_registry(cli), &options, &status, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *groups = cli_json_array();
        cJSON *counts = cli_json_object();
        cli_json_text(document, "model", options.model);
        cli_json_time(document, "from", status.from_ns);
        cli_json_time(document, "to", status.to_ns);
        monitor_counts_json(counts, &status.counts);
        cli_json_add(document, "counts", counts);
        for (size_t i = 0; i < status.group_count; i++)
            cli_json_push(groups, group_json(&status.groups[i]));
        cli_json_add(document, "groups", groups);
        return cli_print_json(cli, document);
    }
    mlops_time_format(status.from_ns, from);
    mlops_time_format(status.to_ns, to);
    cli_print(cli, "%s from %s to %s", options.model, from, to);
    for (size_t i = 0; i < status.group_count; i++)
        print_group(cli, &status.groups[i]);
    if (status.group_count == 0)
        cli_say(cli, "no events");
    if (monitor_set_aside(&status.counts))
        cli_note(cli, "set aside since the beginning: %" PRIu64 " of %" PRIu64 " lines",
                 monitor_set_aside(&status.counts), status.counts.received);
    return MLOPS_OK;
}
