/* cmd/monitor.c - mlops monitor ACTION MODEL …: the command, and what its actions share. */
#include "cli_monitor.h"
#include <errno.h>
#include <inttypes.h>

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {
        monitor_ingest, monitor_label, monitor_status,   monitor_check,
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
         {.name = "auto-retrain",
          .help = "watch: retrain, and compare what waits, where the "
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
