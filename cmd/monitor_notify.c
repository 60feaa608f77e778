/* cmd/monitor_notify.c - mlops monitor notify add|list|remove MODEL [CHANNEL [TARGET]|ID] */
#include "cli_monitor.h"
#include <inttypes.h>

static int add(struct cli *cli)
{
    const char *kind = cli->args[3];
    struct mlops_channel_options options = {.model = cli->args[2],
                                            .kind = kind,
                                            .target = kind ? cli->args[4] : NULL,
                                            .secret_env = cli_text(cli, "secret-env"),
                                            .least = cli_text(cli, "severity")};
    uint64_t id;
    if (!kind)
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "name the channel: exec, webhook, slack, pagerduty, alertmanager, email");
    if (options.target && cli->args[5])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[5]);
    TRY(mlops_channel_add(cli_registry(cli), &options, &id, &cli->err));
    return monitor_say_id(cli, "channel", id, "is told of alerts");
}

static int remove_one(struct cli *cli)
{
    uint64_t id;
    TRY(monitor_take_id(cli, "channel", &id));
    TRY(mlops_channel_remove(cli_registry(cli), cli->args[2], id, &cli->err));
    return monitor_say_id(cli, "channel", id, "is told of nothing more");
}

static cJSON *channel_json(const struct mlops_channel *channel)
{
    cJSON *json = cli_json_object();
    cli_json_number(json, "id", (double)channel->id);
    cli_json_text(json, "kind", channel->kind);
    cli_json_text_or_null(json, "target", channel->target);
    cli_json_text_or_null(json, "secret_env", channel->secret_env);
    cli_json_text(json, "severity", channel->least);
    cli_json_number(json, "policy", (double)channel->policy);
    cli_json_number(json, "waiting", (double)channel->waiting);
    cli_json_text_or_null(json, "last_error", channel->last_error);
    return json;
}

static int list(struct cli *cli)
{
    static const struct column columns[] = {
        {"ID", true},        {"CHANNEL", false}, {"TARGET", false}, {"SECRET", false},
        {"SEVERITY", false}, {"FROM", false},    {"WAITING", true}, {"LAST ERROR", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");
    _cleanup_(mlops_channel_list_clear) struct mlops_channel_list channels = {0};
    if (cli->args[3])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[3]);
    TRY(mlops_channel_list(cli_registry(cli), cli->args[2], &channels, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_text(document, "model", cli->args[2]);
        for (size_t i = 0; i < channels.count; i++)
            cli_json_push(array, channel_json(&channels.items[i]));
        cli_json_add(document, "channels", array);
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < channels.count; i++) {
        const struct mlops_channel *channel = &channels.items[i];
        cli_table_cell(&table, STYLE_BOLD, "%" PRIu64, channel->id);
        cli_table_cell(&table, STYLE_PLAIN, "%s", channel->kind);
        cli_table_cell(&table, STYLE_PLAIN, "%s", channel->target);
        cli_table_cell(&table, STYLE_PLAIN, "%s%s", *channel->secret_env ? "$" : "",
                       channel->secret_env);
        cli_table_cell(&table, STYLE_PLAIN, "%s", channel->least);
        if (channel->policy)
            cli_table_cell(&table, STYLE_PLAIN, "policy %" PRIu64, channel->policy);
        else
            cli_table_cell(&table, STYLE_PLAIN, "notify add");
        cli_table_cell(&table, channel->waiting ? STYLE_NOTICE : STYLE_PLAIN, "%" PRIu64,
                       channel->waiting);
        cli_table_cell(&table, STYLE_BAD, "%s", channel->last_error);
    }
    cli_table_print(cli, &table);
    if (channels.count == 0)
        cli_say(cli, "nobody is told");
    return MLOPS_OK;
}

int monitor_notify(struct cli *cli)
{
    static const struct monitor_actions actions = {.add = add, .list = list, .remove = remove_one};
    return monitor_act(cli, "notify", &actions);
}
