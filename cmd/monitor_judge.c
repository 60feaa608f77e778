/* cmd/monitor_judge.c - mlops monitor check|alerts|rule|export MODEL [NAME=RULE|FILE] */
#include "cli_monitor.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* What to type next; the caller frees. */
static char *look_command(const struct mlops_alert *alert)
{
    return cli_format("mlops monitor status %s --stage %s", alert->model, alert->stage);
}
static char *back_command(const struct mlops_alert *alert)
{
    return cli_format("mlops rollback %s --stage %s --if-alerting", alert->model, alert->stage);
}

static cJSON *alert_json(const struct mlops_alert *alert)
{
    _cleanup_(free_string) char *look = look_command(alert), *back = back_command(alert);
    cJSON *json = cli_json_object();
    cli_json_text(json, "rule", alert->rule);
    cli_json_text(json, "stage", alert->stage);
    cli_json_version(json, "version", alert->version);
    cli_json_text(json, "severity", alert->severity);
    cli_json_text(json, "state", mlops_alert_state_name(alert->state));
    cli_json_time(json, "since", alert->since_ns);
    if (alert->opened_ns)
        cli_json_time(json, "opened", alert->opened_ns);
    if (alert->resolved_ns)
        cli_json_time(json, "resolved", alert->resolved_ns);
    cli_json_text(json, "what", alert->what);
    cli_json_text(json, "cause", alert->cause);
    cli_json_text(json, "look", look);
    cli_json_text(json, "back", back);
    cli_json_bool(json, "changed", alert->changed);
    cli_json_bool(json, "silenced", alert->silenced);
    return json;
}

static void add_alerts(cJSON *document, const struct mlops_alert_list *list)
{
    cJSON *array = cli_json_array();
    for (size_t i = 0; i < list->count; i++)
        cli_json_push(array, alert_json(&list->items[i]));
    cli_json_add(document, "alerts", array);
}

static void print_alert(struct cli *cli, const struct mlops_alert *alert)
{
    _cleanup_(free_string) char *what = cli_clean(alert->what, false);
    _cleanup_(free_string) char *cause = cli_clean(alert->cause, false);
    enum style style = alert->state == MLOPS_ALERT_OPEN ? STYLE_BAD : STYLE_GOOD;
    char since[32], resolved[32];

    mlops_time_format(alert->since_ns, since);
    mlops_time_format(alert->resolved_ns, resolved);
    cli_print(cli, "%s%s%s  %s  %s@%" PRIu64 " in %s, %s, since %s%s%s%s", cli_on(cli, style),
              mlops_alert_state_name(alert->state), cli_off(cli, style), alert->rule, alert->model,
              alert->version, alert->stage, alert->severity, since,
              alert->resolved_ns ? " to " : "", alert->resolved_ns ? resolved : "",
              alert->silenced ? ", silenced" : "");
    cli_print(cli, "  %s", what);
    if (*cause)
        cli_print(cli, "  moved: %s", cause);
    if (alert->state != MLOPS_ALERT_OPEN)
        return;
    _cleanup_(free_string) char *look = look_command(alert), *back = back_command(alert);
    cli_print(cli, "  look: %s", look);
    cli_print(cli, "  back: %s", back);
}

int monitor_check(struct cli *cli)
{
    _cleanup_(mlops_check_clear) struct mlops_check check = {.rules = 0};
    struct mlops_check_options options = {.model = cli->args[1], .stage = cli_text(cli, "stage")};

    if (cli_text(cli, "at"))
        TRY(mlops_time_parse(cli_text(cli, "at"), &options.at_ns, &cli->err));
    TRY(mlops_check(cli_registry(cli), &options, &check, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", options.model);
        cli_json_version(document, "version", check.version.number);
        cli_json_time(document, "at", check.at_ns);
        cli_json_number(document, "rules", (double)check.rules);
        cli_json_number(document, "unknown", (double)check.unknown);
        cli_json_number(document, "open", (double)check.open);
        cli_json_number(document, "silenced", (double)check.silenced);
        add_alerts(document, &check.alerts);
        TRY(cli_print_json(cli, document));
        return check.open ? MLOPS_REFUSED : MLOPS_OK;
    }
    for (size_t i = 0; i < check.alerts.count; i++)
        print_alert(cli, &check.alerts.items[i]);
    cli_say(cli, "%zu %s: %zu %s open, %zu not known", check.rules,
            cli_noun(check.rules, "rule", "rules"), check.open,
            cli_noun(check.open, "alert", "alerts"), check.unknown);
    if (check.rules == 0)
        cli_note(cli, "set rules with 'mlops monitor rule %s NAME=RULE'", options.model);
    return check.open ? MLOPS_REFUSED : MLOPS_OK;
}

int monitor_alerts(struct cli *cli)
{
    _cleanup_(mlops_alert_list_clear) struct mlops_alert_list list = {0};

    TRY(mlops_alert_list(cli_registry(cli), cli->args[1], cli_flag(cli, "all"), &list, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[1]);
        add_alerts(document, &list);
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < list.count; i++)
        print_alert(cli, &list.items[i]);
    if (list.count == 0)
        cli_say(cli, cli_flag(cli, "all") ? "no alerts" : "no alerts are open");
    return MLOPS_OK;
}

static int list_rules(struct cli *cli)
{
    _cleanup_(mlops_rule_list_clear) struct mlops_rule_list list = {0};

    TRY(mlops_rule_list(cli_registry(cli), cli->args[1], &list, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_text(document, "model", cli->args[1]);
        for (size_t i = 0; i < list.count; i++) {
            cJSON *rule = cli_json_object();
            cli_json_text(rule, "name", list.items[i].name);
            cli_json_text(rule, "rule", list.items[i].text);
            cli_json_text(rule, "set_by", list.items[i].set_by);
            cli_json_time(rule, "set", list.items[i].set_ns);
            cli_json_push(array, rule);
        }
        cli_json_add(document, "rules", array);
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < list.count; i++)
        cli_print(cli, "%s  %s", list.items[i].name, list.items[i].text);
    if (list.count == 0)
        cli_say(cli, "no rules but those of the project file");
    return MLOPS_OK;
}

int monitor_rule(struct cli *cli)
{
    const char *given = cli->args[2], *equals = given ? strchr(given, '=') : NULL;

    if (!given)
        return list_rules(cli);
    if (!equals) {
        mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is not NAME=RULE", given);
        return mlops_hint(&cli->err,
                          "such as 'slow=latency_p99 <= 250ms over 5m'; 'slow=' removes it");
    }
    _cleanup_(free_string) char *name = cli_copy(given, (size_t)(equals - given));
    if (equals[1])
        TRY(mlops_rule_set(cli_registry(cli), cli->args[1], name, equals + 1, &cli->err));
    else
        TRY(mlops_rule_remove(cli_registry(cli), cli->args[1], name, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[1]);
        cli_json_text(document, "name", name);
        cli_json_text_or_null(document, "rule", equals[1] ? equals + 1 : NULL);
        return cli_print_json(cli, document);
    }
    cli_say(cli, equals[1] ? "rule %s is set" : "rule %s is removed", name);
    return MLOPS_OK;
}

/* Renamed into place, so that a collector never reads half of it. */
static int write_whole(struct cli *cli, const char *path, const char *text)
{
    size_t size = strlen(path) + sizeof(".new");
    _cleanup_(free_string) char *beside = malloc(size);
    if (!beside)
        return mlops_fail(&cli->err, MLOPS_IO, "out of memory");
    (void)snprintf(beside, size, "%s.new", path);
    TRY(cli_write_text(cli, beside, "we", text));
    if (rename(beside, path) != 0)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "rename %s to %s", beside, path);
    return MLOPS_OK;
}

/* "2h": that long before the newest event; or a time. */
static int take_range(struct cli *cli, struct mlops_export_options *options)
{
    const char *since = cli_text(cli, "since");
    struct mlops_error ignored;
    if (!since || mlops_duration_parse(since, &options->length_ns, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_time_parse(since, &options->since_ns, &cli->err);
}

static int make_text(struct cli *cli, char **text)
{
    const char *format = cli_text(cli, "format");
    struct mlops_export_options options = {.model = cli->args[1], .format = MLOPS_EXPORT_CSV};
    if (!format || str_equal(format, "openmetrics"))
        return mlops_openmetrics(cli_registry(cli), cli->args[1], 0, text, &cli->err);
    if (str_equal(format, "grafana"))
        return mlops_grafana(cli_registry(cli), cli->args[1], text, &cli->err);
    if (str_equal(format, "json"))
        options.format = MLOPS_EXPORT_JSON;
    TRY(take_range(cli, &options));
    return mlops_monitor_export(cli_registry(cli), &options, text, &cli->err);
}

int monitor_export(struct cli *cli)
{
    _cleanup_(free_string) char *text = NULL;

    TRY(make_text(cli, &text));
    bool file = cli->args[2] && !str_equal(cli->args[2], "-");
    if (file)
        TRY(write_whole(cli, cli->args[2], text));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[1]);
        cli_json_text(document, "text", text);
        return cli_print_json(cli, document);
    }
    if (!file)
        (void)fputs(text, cli->out);
    return MLOPS_OK;
}
