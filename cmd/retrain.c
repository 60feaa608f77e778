/* cmd/retrain.c - mlops retrain MODEL */
#include "cli.h"
#include <inttypes.h>

static void said(void *context, const char *line)
{
    _cleanup_(free_string) char *clean = cli_clean(line, false);
    cli_note(context, "%s", clean);
}

/* ---- triggers and runs ---------------------------------------------------------------------- */

static int set_triggers(struct cli *cli, const char *text)
{
    const char *model = cli->args[0], *kept = *text ? text : NULL;
    TRY(mlops_retrain_triggers_set(cli_registry(cli), model, kept, &cli->err));
    if (!cli->json) {
        cli_say(cli, kept ? "the triggers of %s are set" : "%s has no triggers any more", model);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", model);
    cli_json_text_or_null(document, "triggers", text);
    return cli_print_json(cli, document);
}

static int print_runs(struct cli *cli, const struct mlops_retrain_triggers *triggers,
                      const struct mlops_retrain_run_list *runs)
{
    cli_print(cli, "triggers: %s", triggers->text ? triggers->text : "none");
    for (size_t i = 0; i < runs->count; i++) {
        const struct mlops_retrain_run *run = &runs->items[i];
        _cleanup_(free_string) char *trigger = cli_clean(run->trigger, false);
        char started[32];
        mlops_time_format(run->started_ns, started);
        cli_print(cli, "%" PRIu64 "  %s  @%" PRIu64 " -> @%" PRIu64 "  %s  %s", run->run, started,
                  run->from, run->to, run->status, trigger);
    }
    return MLOPS_OK;
}

static int show_runs(struct cli *cli)
{
    _cleanup_(mlops_retrain_triggers_clear) struct mlops_retrain_triggers triggers = {.text = NULL};
    _cleanup_(mlops_retrain_run_list_clear) struct mlops_retrain_run_list runs = {0};
    TRY(mlops_retrain_triggers_get(cli_registry(cli), cli->args[0], &triggers, &cli->err));
    TRY(mlops_retrain_runs(cli_registry(cli), cli->args[0], &runs, &cli->err));
    if (!cli->json)
        return print_runs(cli, &triggers, &runs);
    cJSON *document = cli_json_object(), *array = cli_json_array();
    cli_json_text(document, "model", cli->args[0]);
    cli_json_text(document, "triggers", triggers.text);
    for (size_t i = 0; i < runs.count; i++) {
        const struct mlops_retrain_run *run = &runs.items[i];
        cJSON *json = cli_json_object();
        cli_json_number(json, "run", (double)run->run);
        cli_json_version(json, "from", run->from);
        cli_json_version(json, "to", run->to);
        cli_json_text(json, "stage", run->stage);
        cli_json_text(json, "trigger", run->trigger);
        cli_json_text(json, "status", run->status);
        cli_json_time(json, "started", run->started_ns);
        if (run->ended_ns)
            cli_json_time(json, "ended", run->ended_ns);
        cli_json_push(array, json);
    }
    cli_json_add(document, "runs", array);
    return cli_print_json(cli, document);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static int print_result(struct cli *cli, const struct mlops_retraining *result)
{
    _cleanup_(free_string) char *message = cli_clean(result->message, false);
    if (!result->due)
        cli_say(cli, "%s is not due: %s", cli->args[0], message);
    else if (!result->version.number)
        cli_print(cli, "no new version: %s", message);
    else
        cli_print(cli, "%s@%" PRIu64 "%s%s%s%s", result->version.model, result->version.number,
                  *result->reached ? " is in " : "", result->reached, *message ? ": " : "",
                  message);
    return MLOPS_OK;
}

static int print_result_json(struct cli *cli, const struct mlops_retraining *result)
{
    cJSON *document = cli_json_object(), *data = cli_json_object();
    cli_json_text(document, "model", cli->args[0]);
    cli_json_bool(document, "due", result->due);
    cli_json_text_or_null(document, "trigger", result->trigger ? result->trigger : "");
    cli_json_version(document, "from", result->from.number);
    cli_json_version(document, "version", result->version.number);
    cli_json_text_or_null(document, "bundle", result->version.number ? result->version.bundle : "");
    cli_json_bool(document, "created", result->created);
    cli_json_number(data, "events", (double)result->events);
    cli_json_number(data, "rows", (double)result->rows);
    cli_json_text_or_null(data, "sha256", result->data_sha256);
    cli_json_add(document, "data", data);
    cli_json_bool(document, "trained", result->trained);
    cli_json_number(document, "seconds", result->seconds);
    cli_json_bool(document, "tested", result->tested);
    cli_json_text_or_null(document, "reached", result->reached);
    cli_json_bool(document, "promoted", result->promoted);
    cli_json_text_or_null(document, "message", result->message);
    cli_json_text(document, "command", result->command);
    cli_json_number(document, "run", (double)result->run);
    return cli_print_json(cli, document);
}

static int take_time(struct cli *cli, const char *name, int64_t *time_ns)
{
    return cli_text(cli, name) ? mlops_time_parse(cli_text(cli, name), time_ns, &cli->err)
                               : MLOPS_OK;
}

static int train(struct cli *cli)
{
    _cleanup_(mlops_retraining_clear) struct mlops_retraining result = {.due = false};
    struct mlops_retrain_options options = {
        .model = cli->args[0],
        .stage = cli_text(cli, "stage"),
        .from = cli_text(cli, "from"),
        .data = cli_text(cli, "data"),
        .reason = cli_text(cli, "reason"),
        .if_due = cli_flag(cli, "if-due"),
        .no_promote = cli_flag(cli, "no-promote"),
        .timeout_ns = cli_whole(cli, "timeout"),
        .sandbox = cli_flag(cli, "strict") ? MLOPS_SANDBOX_STRICT : MLOPS_SANDBOX_AUTO,
        .said = said,
        .context = cli,
    };
    TRY(take_time(cli, "since", &options.since_ns));
    TRY(take_time(cli, "until", &options.until_ns));
    TRY(mlops_retrain(cli_registry(cli), &options, &result, &cli->err));
    TRY(cli->json ? print_result_json(cli, &result) : print_result(cli, &result));
    bool done = !result.due || result.promoted || (options.no_promote && result.tested);
    return done ? MLOPS_OK : MLOPS_REFUSED;
}

/* ---- a version that waits ------------------------------------------------------------------- */

static int decide(struct cli *cli)
{
    _cleanup_(mlops_retrain_decision_clear) struct mlops_retrain_decision decision = {.waiting =
                                                                                          false};
    const struct mlops_retrain_decide_options options = {
        .model = cli->args[0], .stage = cli_text(cli, "stage"), .if_due = cli_flag(cli, "if-due")};
    TRY(mlops_retrain_decide(cli_registry(cli), &options, &decision, &cli->err));
    _cleanup_(free_string) char *message =
        cli_clean(decision.message ? decision.message : "", false);
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[0]);
        cli_json_bool(document, "waiting", decision.waiting);
        cli_json_bool(document, "due", decision.due);
        cli_json_version(document, "version", decision.version.number);
        cli_json_version(document, "champion", decision.champion);
        cli_json_text(document, "verdict", mlops_challenge_verdict_name(decision.verdict));
        cli_json_text_or_null(document, "reached", decision.reached);
        cli_json_bool(document, "promoted", decision.promoted);
        cli_json_text_or_null(document, "message", message);
        TRY(cli_print_json(cli, document));
    } else if (!decision.waiting) {
        cli_say(cli, "no version of %s waits to be let in", cli->args[0]);
    } else {
        cli_print(cli, "%s@%" PRIu64 " %s%s: %s", cli->args[0], decision.version.number,
                  *decision.reached ? "is in " : "waits", decision.reached, message);
    }
    return !decision.due || decision.promoted ? MLOPS_OK : MLOPS_REFUSED;
}

static int run(struct cli *cli)
{
    const char *triggers = cli_text(cli, "triggers");
    if (triggers)
        return set_triggers(cli, triggers);
    if (cli_flag(cli, "decide"))
        return decide(cli);
    return cli_flag(cli, "runs") ? show_runs(cli) : train(cli);
}

const struct command command_retrain = {
    .name = "retrain",
    .summary = "train a model anew on what production taught",
    .synopsis = "MODEL",
    .description =
        "Takes the code of the version in the stage, puts labelled events (or FILE) in the place "
        "of its training snapshot, runs the project's 'train' in the sandbox, packages what came "
        "of it with its lineage, registers it, runs its suites, and promotes it as far as policy "
        "lets it. Both ends stand in the log, with the command that does the same again.\n\n"
        "With --if-due it does so only where a trigger says so that --triggers has set: for cron; "
        "'monitor watch --auto-retrain' asks by itself. docs/retraining.md has the triggers.",
    .group = GROUP_WATCH,
    .registry = true,
    .args = {{"MODEL", COMPLETE_MODEL, NULL}},
    .options = {{.name = "data",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "learn from this instead of labelled events",
                 .completion = COMPLETE_FILE},
                {.name = "since",
                 .kind = OPTION_TEXT,
                 .argument = "TIME",
                 .help = "learn from events from this time on (all that are kept)"},
                {.name = "until",
                 .kind = OPTION_TEXT,
                 .argument = "TIME",
                 .help = "and before this one (the newest)"},
                {.name = "from",
                 .kind = OPTION_TEXT,
                 .argument = "REF",
                 .help = "take the code of this version",
                 .completion = COMPLETE_REF},
                {.name = "stage",
                 .kind = OPTION_TEXT,
                 .argument = "STAGE",
                 .help = "whose events and code, and where it goes (production)",
                 .completion = COMPLETE_STAGE},
                {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "for the log"},
                {.name = "no-promote", .help = "leave it registered and tested"},
                {.name = "timeout",
                 .kind = OPTION_DURATION,
                 .argument = "TIME",
                 .help = "stop training after this long (1d)"},
                {.name = "strict", .help = "run nothing without the full sandbox"},
                {.name = "if-due",
                 .help = "only where a trigger says so and no limit forbids it; with --decide, at "
                         "the time that 'decide=TIME' of the triggers says, and once"},
                {.name = "triggers",
                 .kind = OPTION_TEXT,
                 .argument = "TEXT",
                 .help = "set them, run nothing; '' removes them"},
                {.name = "decide",
                 .help = "train nothing: compare the version that waits with the champion, and "
                         "promote it where that says so"},
                {.name = "runs", .help = "show triggers and runs, run nothing"}},
    .examples = {{"mlops retrain fraud", "on all labelled events that are kept"},
                 {"mlops retrain fraud --data new.csv --no-promote", "on a file, to look at first"},
                 {"mlops retrain fraud --triggers 'drift labels=5000 every=30d budget=4/30d'",
                  "say when it is due"},
                 {"mlops retrain fraud --if-due", "run it if it is: for cron"},
                 {"mlops retrain fraud --decide", "let in what has shown itself the better"}},
    .exits = {{1, "training or a test failed, a gate refused, or --decide did not let it in"},
              {4, "as many run as may at once, or this run lost its place to another one"}},
    .json = {{"model", "text", "its name"},
             {"due", "bool", "false: nothing was done, 'message' says why; so with --decide"},
             {"trigger", "text?", "why it ran"},
             {"from", "number?", "the version whose code it is"},
             {"version", "number?", "that was made"},
             {"bundle", "text?", "its bundle"},
             {"created", "bool", "false: training gave a bundle that was there"},
             {"data", "object", "events, rows, sha256 of what it learnt from"},
             {"trained", "bool", "the command ended well"},
             {"seconds", "number", "that it took"},
             {"tested", "bool", "all suites passed"},
             {"reached", "text?", "the last stage that it entered"},
             {"promoted", "bool", "that was the stage"},
             {"message", "text?", "why it went no further"},
             {"command", "text", "does the same again"},
             {"run", "number", "its number; index of the log's entry that began it"},
             {"waiting", "bool", "--decide: there is a version that a gate refused"},
             {"champion", "number?", "--decide: the version that it was compared with"},
             {"verdict", "text", "--decide: unknown, better, worse, even"},
             {"triggers", "text?", "with --triggers and --runs"},
             {"runs[]", "object",
              "--runs: run, from, to, stage, trigger, status, started, ended; newest first"}},
    .run = run,
};
