/* cmd/promote.c - mlops promote REF --to STAGE */
#include "cli.h"
#include <inttypes.h>

/* How gates and suites are told: "ok" or "FAIL", then what and why. */
static void print_gates(struct cli *cli, const struct mlops_promotion *promotion)
{
    static const struct column columns[] = {{"", false}, {"GATE", false}, {"DETAIL", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    for (size_t i = 0; i < promotion->gate_count; i++) {
        const struct mlops_gate_result *gate = &promotion->gates[i];
        if (gate->passed && cli->quiet)
            continue;
        cli_table_cell(&table, gate->passed ? STYLE_GOOD : STYLE_BAD, gate->passed ? "ok" : "FAIL");
        cli_table_cell(&table, STYLE_BOLD, "%s", gate->gate);
        cli_table_cell(&table, STYLE_PLAIN, "%s", gate->detail ? gate->detail : "");
    }
    cli_table_print(cli, &table);
}

static bool refused(const struct mlops_promotion *promotion)
{
    for (size_t i = 0; i < promotion->gate_count; i++)
        if (!promotion->gates[i].passed)
            return true;
    return false;
}

static void print_result(struct cli *cli, const struct mlops_promotion *promotion)
{
    char version[VERSION_TEXT_SIZE], before[64] = "it was empty";

    cli_version_format(&promotion->version, version);
    if (promotion->previous)
        (void)snprintf(before, sizeof(before), "before: @%" PRIu64, promotion->previous);
    if (refused(promotion)) {
        if (promotion->previous)
            (void)snprintf(before, sizeof(before), "which stays at @%" PRIu64, promotion->previous);
        else
            (void)snprintf(before, sizeof(before), "which stays empty");
        cli_print(cli, "%srefused:%s %s does not enter %s, %s", cli_on(cli, STYLE_BAD),
                  cli_off(cli, STYLE_BAD), version, promotion->stage, before);
    } else if (promotion->already) {
        cli_say(cli, "%s is in %s already", version, promotion->stage);
    } else if (promotion->promoted) {
        cli_say(cli, "%s%s is now in %s%s (%s)", cli_on(cli, STYLE_GOOD), version, promotion->stage,
                cli_off(cli, STYLE_GOOD), before);
    } else {
        cli_say(cli, "%s may enter %s (%s); dry run, nothing was moved", version, promotion->stage,
                before);
    }
}

static cJSON *to_json(const struct mlops_promotion *promotion)
{
    cJSON *document = cli_json_object(), *gates = cli_json_array();

    cli_json_text(document, "model", promotion->version.model);
    cli_json_version(document, "version", promotion->version.number);
    cli_json_text(document, "bundle", promotion->version.bundle);
    cli_json_text(document, "stage", promotion->stage);
    cli_json_version(document, "previous", promotion->previous);
    cli_json_bool(document, "promoted", promotion->promoted);
    cli_json_bool(document, "already", promotion->already);
    cli_json_add(document, "gates", gates);
    for (size_t i = 0; i < promotion->gate_count; i++) {
        cJSON *gate = cli_json_object();
        cli_json_text(gate, "gate", promotion->gates[i].gate);
        cli_json_bool(gate, "passed", promotion->gates[i].passed);
        cli_json_text(gate, "detail", promotion->gates[i].detail);
        cli_json_push(gates, gate);
    }
    return document;
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_promotion_clear) struct mlops_promotion promotion = {0};
    const struct mlops_promote_options options = {
        .ref = cli->args[0],
        .stage = cli_text(cli, "to"),
        .expect = cli_text(cli, "expect"),
        .reason = cli_text(cli, "reason"),
        .dry_run = cli_flag(cli, "dry-run"),
    };

    TRY(mlops_promote(cli_registry(cli), &options, &promotion, &cli->err));
    if (cli->json) {
        TRY(cli_print_json(cli, to_json(&promotion)));
    } else {
        print_gates(cli, &promotion);
        print_result(cli, &promotion);
    }
    return refused(&promotion) ? MLOPS_REFUSED : MLOPS_OK;
}

const struct command command_promote = {
    .name = "promote",
    .summary = "put a version into a stage, if every gate lets it",
    .synopsis = "REF --to STAGE",
    .description =
        "Gates are judged on the evidence that the registry recorded: above all, the version's "
        "tests must have passed ('mlops test'). When one refuses, each gate is listed with what "
        "it found, and nothing changes.\n\n"
        "The stage moves by compare-and-swap: of two promotions that race one wins, and the other "
        "is told who did. Stages are dev, staging, production, or any other name of a-z, 0-9, _ "
        "and -.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF}},
    .options =
        {{.name = "to",
          .kind = OPTION_TEXT,
          .argument = "STAGE",
          .help = "the stage to put it into",
          .completion = COMPLETE_STAGE,
          .required = true},
         {.name = "expect",
          .kind = OPTION_TEXT,
          .argument = "REF",
          .help = "only if the stage holds that version now; 'none': only if it is empty",
          .completion = COMPLETE_REF,
          .words = "none"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"},
         {.name = "dry-run", .help = "judge the gates, move nothing"}},
    .examples = {{"mlops promote fraud@3 --to production", "version 3 goes live"},
                 {"mlops promote fraud --to production --dry-run", "would the newest pass?"},
                 {"mlops promote fraud@4 --to production --expect fraud@3 --reason 'fewer misses'",
                  "only if nobody moved production meanwhile"}},
    .exits = {{1, "a gate refused"},
              {4,
               "the stage does not hold what was expected; the message says who put what there"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "which version"},
             {"bundle", "text", "its bundle"},
             {"stage", "text", "STAGE"},
             {"previous", "number?", "what the stage held before; null: it was empty"},
             {"promoted", "bool", "did the stage move?"},
             {"already", "bool", "the stage held this version already, and no gate was judged"},
             {"gates[].gate", "text", "its name"},
             {"gates[].passed", "bool", "did it let the version in?"},
             {"gates[].detail", "text", "the evidence, or what is missing"}},
    .run = run,
};
