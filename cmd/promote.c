/* cmd/promote.c - mlops promote REF --to STAGE */
#include "cli.h"
#include <errno.h>
#include <inttypes.h>

static void free_list(const char ***list)
{
    free(*list);
}

static bool refused(const struct mlops_promotion *promotion)
{
    for (size_t i = 0; i < promotion->gate_count; i++)
        if (!promotion->gates[i].passed && !promotion->gates[i].emergency)
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
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", promotion->version.model);
    cli_json_version(document, "version", promotion->version.number);
    cli_json_text(document, "bundle", promotion->version.bundle);
    cli_json_text(document, "stage", promotion->stage);
    cli_json_version(document, "previous", promotion->previous);
    cli_json_bool(document, "promoted", promotion->promoted);
    cli_json_bool(document, "already", promotion->already);
    cli_json_bool(document, "emergency", promotion->emergency);
    cli_json_text_or_null(document, "policy", promotion->policy);
    cli_json_add(document, "gates", cli_gates_json(promotion->gates, promotion->gate_count));
    cli_json_add(document, "entry",
                 promotion->promoted ? cJSON_CreateNumber((double)promotion->entry)
                                     : cJSON_CreateNull());
    cli_json_text(document, "checkpoint", promotion->checkpoint.note);
    cli_json_text(document, "proof", promotion->proof);
    return document;
}

/* The signed head of the log: who keeps these lines can show later what was promoted. */
static int keep_proof(struct cli *cli, const struct mlops_promotion *promotion)
{
    const char *path = cli_text(cli, "proof");

    if (!promotion->promoted)
        return MLOPS_OK;
    cli_note(cli, "entry %" PRIu64 " of the log; its head is now %" PRIu64 " entries, root %s",
             promotion->entry, promotion->checkpoint.size, promotion->checkpoint.root);
    if (!path)
        return MLOPS_OK;
    FILE *file = fopen(path, "we");
    bool written = file && fputs(promotion->proof, file) >= 0;
    if (file && fclose(file) != 0)
        written = false;
    if (written)
        return MLOPS_OK;
    mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write the proof '%s'", path);
    return mlops_hint(&cli->err,
                      "the promotion stands; 'mlops log --prove %" PRIu64 "' gives its "
                      "proof at any time",
                      promotion->entry);
}

/* --emergency --pass GATE…: one without the other is a mistake. */
static int check_emergency(struct cli *cli, const char **pass)
{
    if (cli_flag(cli, "emergency") == (pass != NULL))
        return MLOPS_OK;
    if (pass)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--pass is for an --emergency");
    mlops_fail(&cli->err, MLOPS_INVALID, "which gates does the emergency pass?");
    return mlops_hint(&cli->err, "name each with --pass GATE; --dry-run shows which refuse");
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_promotion_clear) struct mlops_promotion promotion = {0};
    _cleanup_(free_list) const char **pass = cli_list(cli, "pass");
    const struct mlops_promote_options options = {
        .ref = cli->args[0],
        .stage = cli_text(cli, "to"),
        .expect = cli_text(cli, "expect"),
        .reason = cli_text(cli, "reason"),
        .dry_run = cli_flag(cli, "dry-run"),
        .pass = pass,
        .signer = cli_signer(cli),
    };

    TRY(check_emergency(cli, pass));
    TRY(mlops_promote(cli_registry(cli), &options, &promotion, &cli->err));
    if (cli->json) {
        TRY(cli_print_json(cli, to_json(&promotion)));
    } else {
        cli_print_gates(cli, promotion.gates, promotion.gate_count);
        print_result(cli, &promotion);
    }
    TRY(keep_proof(cli, &promotion));
    return refused(&promotion) ? MLOPS_REFUSED : MLOPS_OK;
}

const struct command command_promote = {
    .name = "promote",
    .summary = "put a version into a stage, if every gate lets it",
    .synopsis = "REF --to STAGE",
    .description =
        "Gates are what the policy in force demands ('mlops policy show'), judged on the evidence "
        "that the registry recorded: above all, the version's tests must have passed ('mlops "
        "test'). When one refuses, each gate is listed with what it found, and nothing "
        "changes.\n\n"
        "The stage moves by compare-and-swap: of two promotions that race one wins, and the other "
        "is told who did.\n\n"
        "--emergency passes the gates that --pass names, demands a --reason and the signature of a "
        "releaser, and stands in the log in capitals.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
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
         {.name = "dry-run", .help = "judge the gates, move nothing"},
         {.name = "emergency", .help = "let it in although the gates of --pass refuse"},
         {.name = "pass",
          .kind = OPTION_LIST,
          .argument = "GATE",
          .help = "with --emergency: a gate that need not let it in",
          .words = "tests metrics thresholds evaluation scan signature approvals rolled-back git "
                   "lineage environment soak window freeze"},
         {.name = "key",
          .kind = OPTION_TEXT,
          .argument = "KEY",
          .help = "with --emergency: the releaser's key",
          .completion = COMPLETE_FILE},
         {.name = "proof",
          .kind = OPTION_TEXT,
          .argument = "FILE",
          .help = "write the proof that the log has it (c2sp.org/tlog-proof)",
          .completion = COMPLETE_FILE}},
    .examples = {{"mlops promote fraud@3 --to production", "version 3 goes live"},
                 {"mlops promote fraud --to production --dry-run", "would the newest pass?"},
                 {"mlops promote fraud@4 --to production --expect fraud@3 --reason 'fewer misses'",
                  "only if nobody moved production meanwhile"},
                 {"mlops promote fraud@5 --to production --emergency --pass soak --reason 'card "
                  "testing attack'",
                  "now, without the time in staging"}},
    .exits = {{1, "a gate refused, or the emergency is no releaser's"},
              {4,
               "the stage does not hold what was expected; the message says who put what there"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "which version"},
             {"bundle", "text", "its bundle"},
             {"stage", "text", "STAGE"},
             {"previous", "number?", "what the stage held before; null: it was empty"},
             {"promoted", "bool", "did the stage move?"},
             {"already", "bool", "the stage held this version already, and no gate was judged"},
             {"emergency", "bool", "some gate was passed by a releaser's word"},
             {"policy", "text?", "by which it was judged; null: it was not"},
             {"gates[].gate", "text", "its name"},
             {"gates[].passed", "bool", "did it let the version in?"},
             {"gates[].emergency", "bool", "it did not, and was passed by a releaser's word"},
             {"gates[].detail", "text", "the evidence, or what is missing"},
             {"gates[].evidence", "array", "what it judged, one by one: a line each"},
             {"entry", "number?", "of the log; null: it was not promoted"},
             {"checkpoint", "text?", "the signed head of the log then"},
             {"proof", "text?", "that the entry is in the log (c2sp.org/tlog-proof)"}},
    .run = run,
};
