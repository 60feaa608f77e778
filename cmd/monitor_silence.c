/* cmd/monitor_silence.c - mlops monitor silence add|list|remove MODEL [MATCHER…|ID] */
#include "cli_monitor.h"
#include <inttypes.h>
#include <time.h>

/* "2h" from now, or a time. */
static int take_until(struct cli *cli, int64_t *until_ns)
{
    const char *text = cli_text(cli, "until");
    struct mlops_error ignored;
    struct timespec now;
    if (!text)
        return mlops_fail(&cli->err, MLOPS_INVALID, "say until when: --until 2h");
    if (mlops_duration_parse(text, until_ns, &ignored))
        return mlops_time_parse(text, until_ns, &cli->err);
    (void)clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
    *until_ns += (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    return MLOPS_OK;
}

static int add(struct cli *cli)
{
    struct mlops_silence_options options = {.model = cli->args[2],
                                            .matchers = (const char *const *)&cli->args[3],
                                            .reason = cli_text(cli, "reason")};
    uint64_t id;
    TRY(take_until(cli, &options.until_ns));
    TRY(mlops_silence_add(cli_registry(cli), &options, &id, &cli->err));
    return monitor_say_id(cli, "silence", id, "holds");
}

static int remove_one(struct cli *cli)
{
    uint64_t id;
    TRY(monitor_take_id(cli, "silence", &id));
    TRY(mlops_silence_remove(cli_registry(cli), cli->args[2], id, &cli->err));
    return monitor_say_id(cli, "silence", id, "is over");
}

static int list(struct cli *cli)
{
    _cleanup_(mlops_silence_list_clear) struct mlops_silence_list silences = {0};
    if (cli->args[3])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[3]);
    TRY(mlops_silence_list(cli_registry(cli), cli->args[2], cli_flag(cli, "all"), &silences,
                           &cli->err));
    cJSON *document = cli_json_object(), *array = cli_json_array();
    cli_json_text(document, "model", cli->args[2]);
    for (size_t i = 0; i < silences.count; i++) {
        const struct mlops_silence *silence = &silences.items[i];
        cJSON *json = cli_json_object();
        char until[32];
        cli_json_number(json, "id", (double)silence->id);
        cli_json_text(json, "matchers", silence->matchers);
        cli_json_text(json, "reason", silence->reason);
        cli_json_text(json, "author", silence->author);
        cli_json_time(json, "since", silence->since_ns);
        cli_json_time(json, "until", silence->until_ns);
        cli_json_push(array, json);
        mlops_time_format(silence->until_ns, until);
        if (!cli->json)
            cli_print(cli, "%" PRIu64 "  %s  until %s  %s: %s", silence->id, silence->matchers,
                      until, silence->author, silence->reason);
    }
    cli_json_add(document, "silences", array);
    if (cli->json)
        return cli_print_json(cli, document);
    cJSON_Delete(document);
    if (silences.count == 0)
        cli_say(cli, "nothing is silenced");
    return MLOPS_OK;
}

int monitor_silence(struct cli *cli)
{
    static const struct monitor_actions actions = {.add = add, .list = list, .remove = remove_one};
    return monitor_act(cli, "silence", &actions);
}
