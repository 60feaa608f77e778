/* cmd/monitor.c - mlops monitor ingest|label|status MODEL [FILE] */
#include "cli_monitor.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#define DRIFTED_SHOWN 5

static void add_counts(cJSON *json, const struct mlops_monitor_counts *counts)
{
    cli_json_number(json, "received", (double)counts->received);
    cli_json_number(json, "counted", (double)counts->counted);
    cli_json_number(json, "duplicates", (double)counts->duplicates);
    cli_json_number(json, "malformed", (double)counts->malformed);
    cli_json_number(json, "unknown", (double)counts->unknown);
    cli_json_number(json, "future", (double)counts->future);
    cli_json_number(json, "late", (double)counts->late);
}

static uint64_t set_aside(const struct mlops_monitor_counts *counts)
{
    return counts->malformed + counts->unknown + counts->future + counts->late;
}

static int ingest(struct cli *cli)
{
    struct mlops_monitor_counts counts;
    const struct mlops_monitor_ingest_options options = {
        .model = cli->args[1],
        .path = cli->args[2],
        .listen = cli_text(cli, "listen"),
        .token = getenv("MLOPS_MONITOR_TOKEN"),
        .dead_letter = cli_text(cli, "dead-letter"),
        .follow = cli_flag(cli, "follow"),
        .lateness_ns = cli_whole(cli, "lateness"),
        .keep_raw_ns = cli_whole(cli, "keep-raw"),
        .keep_minutes_ns = cli_whole(cli, "keep-minutes"),
        .version = (uint64_t)cli_whole(cli, "version"),
    };

    if (options.listen && options.path)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--listen takes no FILE");
    if (options.follow && (!options.path || str_equal(options.path, "-")))
        return mlops_fail(&cli->err, MLOPS_INVALID, "--follow needs a FILE");
    TRY(mlops_monitor_ingest(cli_registry(cli), &options, &counts, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", options.model);
        add_counts(document, &counts);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "%" PRIu64 " %s: %" PRIu64 " counted, %" PRIu64 " %s, %" PRIu64 " set aside",
            counts.received, cli_noun(counts.received, "event", "events"), counts.counted,
            counts.duplicates, cli_noun(counts.duplicates, "duplicate", "duplicates"),
            set_aside(&counts));
    if (set_aside(&counts))
        cli_warn(cli,
                 "%" PRIu64 " malformed, %" PRIu64 " of unknown versions, %" PRIu64
                 " in the future, %" PRIu64 " late: the dead-letter file says which",
                 counts.malformed, counts.unknown, counts.future, counts.late);
    return MLOPS_OK;
}

static int label(struct cli *cli)
{
    struct mlops_monitor_labelled labelled;

    if (!cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the FILE of labels, or '-'");
    TRY(mlops_monitor_label(cli_registry(cli), cli->args[1], cli->args[2], &labelled, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[1]);
        cli_json_number(document, "received", (double)labelled.received);
        cli_json_number(document, "joined", (double)labelled.joined);
        cli_json_number(document, "replaced", (double)labelled.replaced);
        cli_json_number(document, "unchanged", (double)labelled.unchanged);
        cli_json_number(document, "pending", (double)labelled.pending);
        return cli_print_json(cli, document);
    }
    cli_say(cli,
            "%" PRIu64 " %s: %" PRIu64 " joined (%" PRIu64 " replaced, %" PRIu64
            " unchanged), %" PRIu64 " wait for their event",
            labelled.received, cli_noun(labelled.received, "label", "labels"), labelled.joined,
            labelled.replaced, labelled.unchanged, labelled.pending);
    return MLOPS_OK;
}

/* ---- status --------------------------------------------------------------------------------- */

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

static int status(struct cli *cli)
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
        add_counts(counts, &status.counts);
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
    if (set_aside(&status.counts))
        cli_note(cli, "set aside since the beginning: %" PRIu64 " of %" PRIu64 " lines",
                 set_aside(&status.counts), status.counts.received);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {
        ingest,         label,         status,           monitor_check,
        monitor_alerts, monitor_rule,  monitor_export,   monitor_silence,
        monitor_notify, monitor_watch, monitor_business, monitor_compare};
    size_t action;

    TRY(cli_action(cli, &action));
    bool nested = actions[action] == monitor_silence || actions[action] == monitor_notify ||
                  actions[action] == monitor_business;
    if (!nested && cli->arg_count > 3)
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[3]);
    return actions[action](cli);
}

int monitor_take_id(struct cli *cli, const char *thing, uint64_t *id)
{
    const char *text = cli->args[3];
    char *end = NULL;

    errno = 0;
    *id = text ? strtoull(text, &end, 10) : 0;
    if (!text || cli->args[4] || errno || end == text || *end || *text < '0' || *text > '9')
        return mlops_fail(&cli->err, MLOPS_INVALID, "name one %s by its number", thing);
    return MLOPS_OK;
}

int monitor_say_id(struct cli *cli, const char *thing, uint64_t id, const char *what)
{
    if (!cli->json) {
        cli_say(cli, "%s %" PRIu64 " %s", thing, id, what);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", cli->args[2]);
    cli_json_number(document, "id", (double)id);
    return cli_print_json(cli, document);
}

int monitor_act(struct cli *cli, const char *name, const struct monitor_actions *actions)
{
    const char *given = cli->args[1];
    int (*act)(struct cli *) = str_equal(given, "add")      ? actions->add
                               : str_equal(given, "list")   ? actions->list
                               : str_equal(given, "remove") ? actions->remove
                               : str_equal(given, "show")   ? actions->show
                                                            : NULL;

    if (act && !cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the MODEL");
    if (act)
        return act(cli);
    mlops_fail(&cli->err, MLOPS_INVALID, "'mlops monitor %s' cannot '%s'", name, given);
    return mlops_hint(&cli->err, "it can: add list remove%s", actions->show ? " show" : "");
}

const struct command command_monitor = {
    .name = "monitor",
    .summary = "watch a model in production",
    .synopsis =
        "ACTION MODEL [FILE|NAME=RULE] | silence|notify|business add|list|remove MODEL [...]",
    .description =
        "ingest counts events, one a line of JSON or CSV, out of FILE, standard input or, with "
        "--listen, a socket: each once, whatever comes twice, late or out of order. What cannot "
        "be counted goes to the dead-letter file with the reason. label joins what became known "
        "of events to them, however late. status shows what happened: traffic, errors, latency, "
        "drift of features and predictions, and performance where labels are known.\n\n"
        "check judges the rules over what happened, opens and resolves alerts, and is exit 1 "
        "while one is open. alerts lists them. rule lists the rules of the registry, sets one, "
        "or, with 'NAME=', removes it; those of the project file hold beside them "
        "(docs/alerts.md). silence add, list and remove say which alerts nobody is to be told of, "
        "until when and why; notify add, list and remove say who is told of the others: exec NAME "
        "(of the registry's hooks), webhook URL, slack, pagerduty, alertmanager URL, email "
        "ADDRESS. export writes the last hour and the open alerts as OpenMetrics, the windows of "
        "a day (--since) as CSV or JSON, or a dashboard for Grafana, to FILE at once or to "
        "standard output.\n\n"
        "business add takes a series of business figures, FILE of date,value, a value a day: "
        "fraud loss, chargebacks, approvals; show says what the errors of the model cost, and "
        "which of its measures each series goes with, at lags of up to --lags days; list and "
        "remove.\n\n"
        "compare matches the events of a challenger (shadow, or of another stage) by id with "
        "those of the version in the stage: how often they agree, and where labels are known "
        "whether it is better; exit 0 if it is, or, with --margin, if it is not worse by more.\n\n"
        "watch does it all as a service, until it is stopped: it follows FILE or takes events "
        "from a socket (--events), judges the rules on each tick, sends what is to be told, "
        "serves /metrics (--listen), and may be told to roll back and to retrain by itself.\n\n"
        "docs/monitoring.md has the schema of events and labels, and what is durable when.",
    .group = GROUP_WATCH,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE,
              "ingest label status check alerts rule export silence notify watch business compare"},
             {"MODEL", COMPLETE_MODEL, NULL},
             {"FILE|NAME=RULE", COMPLETE_FILE | OPTIONAL | REPEATED, NULL}},
    .options =
        {{.name = "follow", .help = "ingest: go on when FILE ends, and when it is rotated"},
         {.name = "listen",
          .kind = OPTION_TEXT,
          .argument = "WHERE",
          .help =
              "ingest: serve unix:PATH, PORT (of loopback) or ADDRESS:PORT; watch: the same for "
              "/metrics"},
         {.name = "events",
          .kind = OPTION_TEXT,
          .argument = "WHERE",
          .help = "watch: take events from unix:PATH, PORT or ADDRESS:PORT"},
         {.name = "tick",
          .kind = OPTION_DURATION,
          .argument = "TIME",
          .help = "watch: judge the rules this often (10s)"},
         {.name = "replay", .help = "watch: judge as of the newest event, not of the clock"},
         {.name = "auto-rollback",
          .help = "watch: roll back when a critical alert is open about what was promoted"},
         {.name = "auto-retrain", .help = "watch: retrain, and compare what waits, where the "
                                          "triggers of 'retrain' say so"},
         {.name = "dead-letter",
          .kind = OPTION_TEXT,
          .argument = "PATH",
          .help = "ingest: where lines go that are not counted",
          .completion = COMPLETE_FILE},
         {.name = "lateness",
          .kind = OPTION_DURATION,
          .argument = "TIME",
          .help = "ingest: count events that are this much older than the newest (7d)"},
         {.name = "keep-raw",
          .kind = OPTION_DURATION,
          .argument = "TIME",
          .help = "ingest: keep the lines themselves this long (30d)"},
         {.name = "keep-minutes",
          .kind = OPTION_DURATION,
          .argument = "TIME",
          .help = "ingest: keep windows of a minute this long (2d)"},
         {.name = "version",
          .kind = OPTION_COUNT,
          .argument = "N",
          .help = "ingest: that of events that do not say; status: this one alone; compare: the "
                  "challenger"},
         {.name = "since",
          .kind = OPTION_TEXT,
          .argument = "TIME",
          .help = "status, export, business show, compare: from this time on, or this long before "
                  "the newest "
                  "event (1h, 1d, 90d)"},
         {.name = "lags",
          .kind = OPTION_COUNT,
          .argument = "DAYS",
          .help = "business show: how long after a measure a series may follow it (7)"},
         {.name = "format",
          .kind = OPTION_CHOICE,
          .argument = "FORMAT",
          .help = "export: this instead of OpenMetrics",
          .words = "openmetrics grafana csv json"},
         {.name = "stage",
          .kind = OPTION_TEXT,
          .argument = "STAGE",
          .help = "status, business show: events of this stage alone; compare: the champion's",
          .completion = COMPLETE_STAGE},
         {.name = "segment",
          .kind = OPTION_TEXT,
          .argument = "NAME",
          .help = "status: events of this segment alone"},
         {.name = "by-segment", .help = "status, compare: each segment apart"},
         {.name = "by",
          .kind = OPTION_CHOICE,
          .argument = "MEASURE",
          .help = "compare: what decides (cost where it is known, else auc, else accuracy)",
          .words = "accuracy recall fpr auc cost"},
         {.name = "record", .help = "compare: leave it as evidence for a policy's 'challenge'"},
         {.name = "margin",
          .kind = OPTION_NUMBER,
          .argument = "M",
          .help = "compare: by how much the challenger may be worse"},
         {.name = "at",
          .kind = OPTION_TEXT,
          .argument = "TIME",
          .help = "check: as of this time (now)"},
         {.name = "all", .help = "alerts, silence list: those that are over, too"},
         {.name = "until",
          .kind = OPTION_TEXT,
          .argument = "TIME",
          .help = "silence add: a time, or this long from now"},
         {.name = "secret-env",
          .kind = OPTION_TEXT,
          .argument = "NAME",
          .help = "notify add: the environment variable that has the channel's secret"},
         {.name = "severity",
          .kind = OPTION_CHOICE,
          .argument = "LEAST",
          .help = "notify add: tell of this and above (info)",
          .words = "info warning critical"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "silence add: why"}},
    .examples =
        {{"mlops monitor ingest fraud events.jsonl", "count a file of events"},
         {"mlops monitor ingest fraud --follow /var/log/fraud.jsonl",
          "count what a service writes, as it writes it"},
         {"mlops monitor label fraud chargebacks.csv", "say which were fraud"},
         {"mlops monitor status fraud --since 24h", "how it went in the last day"},
         {"mlops monitor rule fraud 'slow=latency_p99 <= 250ms over 5m for 2m'",
          "alert when answers are slow for two minutes"},
         {"mlops monitor silence add fraud rule=slow --until 2h --reason 'load test'",
          "tell nobody of slow answers for two hours"},
         {"mlops monitor notify add fraud slack --secret-env SLACK_URL",
          "tell a channel of Slack, whose address that variable has"},
         {"mlops monitor watch fraud /var/log/fraud.jsonl --listen 9105 --auto-rollback",
          "all of it, as a service"},
         {"mlops monitor export fraud fraud.json --format grafana", "a dashboard to import"},
         {"mlops monitor business add fraud loss loss.csv", "money lost to fraud, day by day"},
         {"mlops monitor compare fraud", "is the version that answers in the shadow better?"},
         {"mlops monitor check fraud", "open and resolve alerts: for cron"}},
    .exits = {{MLOPS_NOT_FOUND, "no such model or file, or no events of it yet"}},
    .json =
        {{"model", "text", "its name"},
         {"received", "number", "ingest, label: lines"},
         {"counted", "number", "ingest: events that count"},
         {"duplicates", "number", "ingest: events that came before"},
         {"malformed", "number", "ingest: lines that are no events"},
         {"unknown", "number", "ingest: of a version that the registry does not have"},
         {"future", "number", "ingest: of a time that has not come"},
         {"late", "number", "ingest: older than the watermark"},
         {"joined", "number", "label: labels that found their event"},
         {"replaced", "number", "label: of them, those in the place of another"},
         {"unchanged", "number", "label: of them, those that were known"},
         {"pending", "number", "label: labels that wait for their event"},
         {"from", "time", "status: the range"},
         {"to", "time", "status: its end"},
         {"counts", "object", "status: as of ingest, since the beginning"},
         {"groups[].version", "number", "whose events these are"},
         {"groups[].shadow", "bool", "their answers were not used"},
         {"groups[].events", "number", "how many"},
         {"groups[].errors", "number", "of them, those that failed"},
         {"groups[].per_second", "number", "events a second"},
         {"groups[].latency_ms", "object", "p50, p90, p99, p999"},
         {"groups[].positives", "number?", "share of predictions that are positive"},
         {"groups[].score_mean", "number?", "mean score"},
         {"groups[].against_training", "object", "drift of the features: as of 'drift'"},
         {"groups[].unexpected", "array", "features that the training data does not have"},
         {"groups[].against_before", "object", "the same against a week before"},
         {"groups[].outputs", "object", "drift of score and prediction against a week before"},
         {"groups[].performance", "object", "labelled, and accuracy to brier as value, low, high"},
         {"groups[].estimate", "object",
          "without labels: events, calibrated, accuracy, precision, recall, fpr, auc"},
         {"alerts[]", "object",
          "check, alerts: rule, state (pending, open, resolved), severity, what, cause, since, "
          "opened, resolved, look, back (commands)"},
         {"rules", "any", "check: how many; rule: name, rule, set_by, set"},
         {"unknown", "number", "check: rules whose measure is not known"},
         {"open", "number", "check: alerts that are open"},
         {"checks", "number", "watch: that were made"},
         {"failed_checks", "number", "watch: of them, those that failed"},
         {"opened", "number", "watch: alerts"},
         {"resolved", "number", "watch: alerts"},
         {"rollbacks", "number", "watch: that it made by itself"},
         {"trainings", "number", "watch: that it began by itself"},
         {"decisions", "number", "watch: comparisons of what was trained at their time"},
         {"silenced", "number", "check: of them, those that nobody is told of"},
         {"id", "number", "silence, notify: what was added or removed"},
         {"channels[]", "object",
          "notify list: id, kind, target, secret_env, severity, policy (its number; 0: added by "
          "notify add), waiting, last_error"},
         {"silences[]", "object", "silence list: id, matchers, reason, author, since, until"},
         {"costs", "object",
          "business show: from, fp, fn, missed, false_alarms, labelled, unlabelled"},
         {"days", "any",
          "business show: day, events, labelled, missed, false_alarms, missed_cost, "
          "false_alarm_cost each; add: how many the file has"},
         {"series[]", "object", "business: name, days, first, last, last_value, mean"},
         {"links[]", "object",
          "business show: series, measure, lag, r, low, high, days, effective, q, found"},
         {"tests", "number", "business show: correlations that were looked at"},
         {"champion", "number", "compare: the version in the stage"},
         {"challenger", "number", "compare: the version beside it"},
         {"by", "text", "compare: what decides"},
         {"parts[]", "object",
          "compare: segment, pairs, labelled, agreement, measures, champion, challenger, verdict "
          "(unknown, better, worse, even), not_worse; all events first"},
         {"text", "text", "export: in the format"}},
    .run = run,
};
