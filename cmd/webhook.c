/* cmd/webhook.c - mlops webhook add|list|remove|deliver */
#include "cli.h"
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#define PAUSE_NS 250000000L /* between looks, with --follow */

/* ',' lets several be named at once. The caller frees the array and, once, the copy. */
static const char **split_events(const char *const *given, char **copy)
{
    size_t length = 1, count = 1;
    for (size_t i = 0; given && given[i]; i++)
        length += strlen(given[i]) + 1;
    char *text = cli_allocate(length, 1);
    for (size_t i = 0; given && given[i]; i++) {
        strcat(text, given[i]);
        strcat(text, ",");
    }
    for (const char *c = text; *c; c++)
        count += *c == ',';
    const char **events = cli_allocate(count + 1, sizeof(*events));
    char *state = NULL;
    size_t i = 0;
    for (char *word = strtok_r(text, ", ", &state); word; word = strtok_r(NULL, ", ", &state))
        events[i++] = word;
    *copy = text;
    return events;
}

static int add(struct cli *cli)
{
    const char **given = cli_list(cli, "event");
    _cleanup_(free_string) char *copy = NULL;
    const char **events = split_events(given, &copy);
    const struct mlops_webhook_options options = {
        .url = cli->args[1], .events = events, .secret_env = cli_text(cli, "secret-env")};
    uint64_t id;
    int code;

    free(given);
    if (!options.url)
        code = mlops_fail(&cli->err, MLOPS_INVALID, "which address is to be told?");
    else if (!options.secret_env)
        code = mlops_fail(&cli->err, MLOPS_INVALID,
                          "say with --secret-env which variable has the secret that signs");
    else
        code = mlops_webhook_add(cli_registry(cli), &options, &id, &cli->err);
    free(events);
    TRY(code);
    if (!cli->json) {
        cli_say(cli, "webhook %" PRIu64 " is told of what comes", id);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_number(document, "id", (double)id);
    return cli_print_json(cli, document);
}

static int read_id(struct cli *cli, uint64_t *id)
{
    char *end = NULL;
    errno = 0;
    *id = cli->args[1] ? strtoull(cli->args[1], &end, 10) : 0;
    if (!end || errno || end == cli->args[1] || *end || *cli->args[1] < '0' || *cli->args[1] > '9')
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the webhook by its number");
    return MLOPS_OK;
}

static int remove_one(struct cli *cli)
{
    uint64_t id;
    TRY(read_id(cli, &id));
    TRY(mlops_webhook_remove(cli_registry(cli), id, &cli->err));
    if (!cli->json) {
        cli_say(cli, "webhook %" PRIu64 " is told of nothing more", id);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_number(document, "id", (double)id);
    return cli_print_json(cli, document);
}

static void print_list(struct cli *cli, const struct mlops_webhook_list *list)
{
    static const struct column columns[] = {{"ID", true},      {"URL", false},
                                            {"EVENTS", false}, {"SECRET", false},
                                            {"WAITING", true}, {"LAST ERROR", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_webhook *hook = &list->items[i];
        cli_table_cell(&table, STYLE_BOLD, "%" PRIu64, hook->id);
        cli_table_cell(&table, STYLE_PLAIN, "%s", hook->url);
        cli_table_cell(&table, STYLE_PLAIN, "%s", *hook->events ? hook->events : "all");
        cli_table_cell(&table, STYLE_PLAIN, "$%s", hook->secret_env);
        cli_table_cell(&table, hook->waiting ? STYLE_NOTICE : STYLE_PLAIN, "%" PRIu64,
                       hook->waiting);
        cli_table_cell(&table, STYLE_BAD, "%s", hook->last_error);
    }
    cli_table_print(cli, &table);
}

static int list(struct cli *cli)
{
    _cleanup_(mlops_webhook_list_clear) struct mlops_webhook_list hooks = {0};

    TRY(mlops_webhook_list(cli_registry(cli), &hooks, &cli->err));
    if (!cli->json) {
        print_list(cli, &hooks);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object(), *array = cli_json_array();
    cli_json_add(document, "webhooks", array);
    for (size_t i = 0; i < hooks.count; i++) {
        cJSON *hook = cli_json_object();
        cli_json_number(hook, "id", (double)hooks.items[i].id);
        cli_json_text(hook, "url", hooks.items[i].url);
        cli_json_text(hook, "events", hooks.items[i].events);
        cli_json_text(hook, "secret_env", hooks.items[i].secret_env);
        cli_json_number(hook, "waiting", (double)hooks.items[i].waiting);
        cli_json_text_or_null(hook, "last_error", hooks.items[i].last_error);
        cli_json_push(array, hook);
    }
    return cli_print_json(cli, document);
}

static int deliver(struct cli *cli)
{
    bool follows = cli_flag(cli, "follow");
    const struct mlops_delivery_options options = {.now = !follows};
    struct mlops_delivery delivery, all = {0};

    do {
        TRY(mlops_webhook_deliver(cli_registry(cli), &options, &delivery, &cli->err));
        all.delivered += delivery.delivered;
        all.failed += delivery.failed;
        all.left = delivery.left;
        if (follows)
            (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL); /* or a signal */
    } while (follows && !cli_signal_caught());
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_number(document, "delivered", (double)all.delivered);
        cli_json_number(document, "failed", (double)all.failed);
        cli_json_number(document, "left", (double)all.left);
        TRY(cli_print_json(cli, document));
    } else {
        cli_say(cli, "%" PRIu64 " delivered, %" PRIu64 " failed, %" PRIu64 " left", all.delivered,
                all.failed, all.left);
        if (all.left > 0)
            cli_warn(cli, "'mlops webhook list' and 'mlops monitor notify list MODEL' say why");
    }
    return all.left > 0 && !follows ? MLOPS_REFUSED : MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {add, list, remove_one, deliver};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_webhook = {
    .name = "webhook",
    .summary = "tell others by HTTP of what happens here",
    .synopsis = "ACTION [URL|ID]",
    .description =
        "add has URL told of each event that the audit log gets from now on (--event; default: "
        "all), signed by HMAC-SHA256 with the secret that the variable of --secret-env has when it "
        "is sent. list shows them, and what they were not told yet. remove ends one, by its "
        "number.\n\n"
        "A command sends what it caused before it ends, for at most 2 seconds; what fails waits in "
        "the registry's outbox and is sent by a later command, or by deliver: once, or with "
        "--follow for good. docs/hooks.md describes the request and how to check it.",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE, "add list remove deliver"},
             {"URL|ID", COMPLETE_NONE | OPTIONAL, NULL}},
    .options = {{.name = "event",
                 .kind = OPTION_LIST,
                 .argument = "EVENT",
                 .help = "add: such as promote,rollback",
                 .words = "register promote rollback approve retire policy freeze test"},
                {.name = "secret-env",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "add: the environment variable that has the secret"},
                {.name = "follow", .letter = 'f', .help = "deliver: go on until it is stopped"}},
    .examples = {{"mlops webhook add https://ci.example.com/mlops --event promote,rollback "
                  "--secret-env CI_SECRET",
                  "tell CI of what goes live"},
                 {"mlops webhook deliver", "send what is left, now"},
                 {"mlops webhook list", "whom, and what they were not told yet"}},
    .exits = {{1, "deliver: some could not be delivered, and wait"},
              {5, "a webhook or the log was changed by hand"}},
    .json = {{"id", "number", "with -- add and remove: the webhook"},
             {"webhooks[].id", "number", "with -- list: by which it is removed"},
             {"webhooks[].url", "text", "without its query"},
             {"webhooks[].events", "text", "of which it is told, '' all"},
             {"webhooks[].secret_env", "text", "the variable that has the secret"},
             {"webhooks[].waiting", "number", "of which it was not told yet"},
             {"webhooks[].last_error", "text?", "why not"},
             {"delivered", "number", "with -- deliver: that were taken"},
             {"failed", "number", "with -- deliver: that were not"},
             {"left", "number", "with -- deliver: that wait"}},
    .run = run,
};
