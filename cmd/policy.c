/* cmd/policy.c - mlops policy set|show|check|history [MODEL] [FILE] */
#include "cli.h"
#include <inttypes.h>

#define POLICY_BYTES_MAX (1U << 20)

static cJSON *to_json(const struct mlops_policy *policy)
{
    cJSON *json = cli_json_object();

    cli_json_text_or_null(json, "model", policy->model);
    cli_json_version(json, "number", policy->number);
    cli_json_text_or_null(json, "sha256", policy->sha256);
    if (policy->number) {
        cli_json_number(json, "entry", (double)policy->entry);
        cli_json_time(json, "set", policy->set_ns);
    }
    cli_json_text_or_null(json, "actor", policy->actor);
    cli_json_text_or_null(json, "reason", policy->reason);
    cli_json_text_or_null(json, "signer", policy->signer);
    cli_json_bool(json, "inherits", policy->inherits);
    cli_json_add(json, "policy", policy->inherits ? cJSON_CreateNull() : cJSON_Parse(policy->json));
    return json;
}

/* "policy 3 of fraud" */
static void print_name(char *text, size_t size, const struct mlops_policy *policy)
{
    if (policy->number == 0)
        (void)snprintf(text, size, "the default policy");
    else
        (void)snprintf(text, size, "policy %" PRIu64 " of %s", policy->number,
                       *policy->model ? policy->model : "the registry");
}

/* MODEL, or NULL with --default; what follows it is in `*rest`. */
static int take_model(struct cli *cli, const char **model, const char **rest)
{
    bool registry = cli_flag(cli, "default");

    *model = registry ? NULL : cli->args[1];
    *rest = registry ? cli->args[1] : cli->args[1] ? cli->args[2] : NULL;
    if (registry && cli->args[1] && cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "the registry's policy (--default) is of no model: leave out '%s'",
                          cli->args[1]);
    if (registry || *model)
        return MLOPS_OK;
    mlops_fail(&cli->err, MLOPS_INVALID, "whose policy?");
    return mlops_hint(&cli->err, "name a MODEL, or say --default for all that have none");
}

static int set(struct cli *cli)
{
    _cleanup_(mlops_policy_clear) struct mlops_policy policy = {.number = 0};
    _cleanup_(free_string) char *text = NULL;
    const char *path;
    char name[MLOPS_NAME_MAX + 64];
    struct mlops_policy_options options = {.reason = cli_text(cli, "reason"),
                                           .signer = cli_signer(cli)};

    TRY(take_model(cli, &options.model, &path));
    if (cli_flag(cli, "inherit") == (path != NULL))
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the policy's FILE, or say --inherit");
    if (path) {
        TRY(cli_read_text(cli, "policy", path, POLICY_BYTES_MAX, &text));
        options.text = text;
        options.length = strlen(text);
        options.what = path;
    }
    TRY(mlops_policy_set(cli_registry(cli), &options, &policy, &cli->err));
    if (cli->json)
        return cli_print_json(cli, to_json(&policy));
    print_name(name, sizeof(name), &policy);
    cli_say(cli, "%s is in force%s%s", name, *policy.signer ? ", signed by " : "", policy.signer);
    return MLOPS_OK;
}

static int show(struct cli *cli)
{
    _cleanup_(mlops_policy_clear) struct mlops_policy policy = {.number = 0};
    const char *model, *rest;
    char name[MLOPS_NAME_MAX + 64], when[32];

    TRY(take_model(cli, &model, &rest));
    if (rest)
        return mlops_fail(&cli->err, MLOPS_INVALID, "'policy show' takes no file");
    TRY(mlops_policy_show(cli_registry(cli), model, &policy, &cli->err));
    if (cli->json)
        return cli_print_json(cli, to_json(&policy));
    print_name(name, sizeof(name), &policy);
    mlops_time_format(policy.set_ns, when);
    if (policy.number)
        cli_print(cli, "# %s, set by %s at %s%s%s", name, policy.actor, when,
                  *policy.signer ? ", signed by " : "", policy.signer);
    else
        cli_print(cli, "# %s", name);
    (void)fputs(policy.yaml, cli->out);
    return MLOPS_OK;
}

static int print_judgements(struct cli *cli, const struct mlops_policy_report *report)
{
    cJSON *document, *array;
    char version[VERSION_TEXT_SIZE];

    if (!cli->json) {
        for (size_t i = 0; i < report->count; i++) {
            const struct mlops_policy_judgement *item = &report->items[i];
            cli_version_format(&item->version, version);
            cli_print(cli, "%s%s%s  %s", cli_on(cli, item->passed ? STYLE_GOOD : STYLE_BAD),
                      item->passed ? "ok" : "FAIL",
                      cli_off(cli, item->passed ? STYLE_GOOD : STYLE_BAD), item->stage);
            cli_say(cli, "  %s", version);
            cli_print_gates(cli, item->gates, item->gate_count);
        }
        if (report->count == 0)
            cli_say(cli, "the stages are empty");
        return MLOPS_OK;
    }
    document = cli_json_object();
    array = cli_json_array();
    cli_json_bool(document, "passed", report->passed);
    cli_json_add(document, "stages", array);
    for (size_t i = 0; i < report->count; i++) {
        const struct mlops_policy_judgement *item = &report->items[i];
        cJSON *stage = cli_json_object();
        cli_json_text(stage, "stage", item->stage);
        cli_json_version(stage, "version", item->version.number);
        cli_json_bool(stage, "passed", item->passed);
        cli_json_add(stage, "gates", cli_gates_json(item->gates, item->gate_count));
        cli_json_push(array, stage);
    }
    return cli_print_json(cli, document);
}

static int check(struct cli *cli)
{
    _cleanup_(mlops_policy_report_clear) struct mlops_policy_report report = {.count = 0};
    _cleanup_(free_string) char *text = NULL;
    struct mlops_policy_options options = {.model = cli->args[1]};

    if (!options.model)
        return mlops_fail(&cli->err, MLOPS_INVALID, "the stages of which MODEL are to be checked?");
    if (cli->args[2]) {
        TRY(cli_read_text(cli, "policy", cli->args[2], POLICY_BYTES_MAX, &text));
        options.text = text;
        options.length = strlen(text);
        options.what = cli->args[2];
    }
    TRY(mlops_policy_check(cli_registry(cli), &options, &report, &cli->err));
    TRY(print_judgements(cli, &report));
    return report.passed ? MLOPS_OK : MLOPS_REFUSED;
}

static void add_row(struct table *table, const struct mlops_policy *policy)
{
    char when[32];

    mlops_time_format(policy->set_ns, when);
    cli_table_cell(table, STYLE_BOLD, "%" PRIu64, policy->number);
    cli_table_cell(table, STYLE_PLAIN, "%s", when);
    cli_table_cell(table, STYLE_PLAIN, "%s", policy->actor);
    cli_table_cell(table, STYLE_PLAIN, "%s", policy->signer);
    cli_table_cell(table, STYLE_DIM, "%.12s", policy->inherits ? "inherits" : policy->sha256);
    cli_table_cell(table, STYLE_PLAIN, "%s", policy->reason);
}

static int history(struct cli *cli)
{
    static const struct column columns[] = {{"NUMBER", true}, {"SET", false},    {"BY", false},
                                            {"SIGNED", false}, {"SHA-256", false}, {"REASON", false}};
    _cleanup_(mlops_policy_list_clear) struct mlops_policy_list list = {.count = 0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");
    const char *model, *rest;

    TRY(take_model(cli, &model, &rest));
    TRY(mlops_policy_history(cli_registry(cli), model, &list, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_add(document, "policies", array);
        for (size_t i = 0; i < list.count; i++)
            cli_json_push(array, to_json(&list.items[i]));
        return cli_print_json(cli, document);
    }
    for (size_t i = list.count; i-- > 0;)
        add_row(&table, &list.items[i]);
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {set, show, check, history};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_policy = {
    .name = "policy",
    .summary = "say what a stage demands of a version",
    .synopsis = "ACTION MODEL|--default [FILE]",
    .description =
        "set puts the policy in FILE ('-': standard input) in force, for MODEL or, with --default, "
        "for all models that have none of their own; --inherit ends a model's own. show prints "
        "what holds, as a file that set takes. check judges what the stages of MODEL hold now, by "
        "the policy in force or by FILE, which is not set. history lists all that were in "
        "force.\n\n"
        "A policy is changed through the audit log alone, and signed by a releaser (--key) as soon "
        "as the registry trusts one; a policy that was changed otherwise is refused.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE, "set show check history"},
             {"MODEL", COMPLETE_MODEL | OPTIONAL, NULL},
             {"FILE", COMPLETE_FILE | OPTIONAL, NULL}},
    .options =
        {{.name = "default", .help = "the policy of models that have none of their own"},
         {.name = "inherit", .help = "set: the model has none of its own from now on"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"},
         {.name = "key",
          .kind = OPTION_TEXT,
          .argument = "KEY",
          .help = "the releaser's key that signs the change",
          .completion = COMPLETE_FILE}},
    .examples = {{"mlops policy show fraud > policy.yaml", "what holds, to edit"},
                 {"mlops policy check fraud policy.yaml", "would it refuse what is live?"},
                 {"mlops policy set fraud policy.yaml --reason 'two approvals'",
                  "from now on this one"},
                 {"mlops policy set --default policy.yaml", "for all models that have none"}},
    .exits = {{1, "check: what a stage holds would not enter it; set: a releaser must sign"},
              {2, "the file: the message names the line"},
              {4, "somebody else changed the policy meanwhile"},
              {5, "the policy or the log was changed by hand"}},
    .json = {{"model", "text?", "whose policy it is; null: the registry's, and the default"},
             {"number", "number?", "1, 2 and so on; null: the default"},
             {"sha256", "text?", "of its canonical JSON; null: it inherits"},
             {"entry", "number", "of the log, that put it in force"},
             {"set", "time", "when"},
             {"actor", "text?", "who"},
             {"reason", "text?", "as --reason said"},
             {"signer", "text?", "the releaser who signed it; null: nobody had to"},
             {"inherits", "bool", "the model has none of its own"},
             {"policy", "object", "the policy itself"},
             {"policies", "array", "with -- history: the same of each, the oldest first"},
             {"passed", "bool", "with -- check: would all enter?"},
             {"stages[].stage", "text", "with -- check: which stage"},
             {"stages[].version", "number", "with -- check: what it holds"},
             {"stages[].passed", "bool", "with -- check: would it enter?"},
             {"stages[].gates", "array", "with -- check: as of 'mlops promote'"}},
    .run = run,
};
