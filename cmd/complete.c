/* cmd/complete.c - mlops __complete KIND [PREFIX]: candidates for the completion scripts. */
#include "cli.h"
#include <inttypes.h>

/* Stages that a new registry knows by custom, before any is occupied. */
static const char *const usual_stages[] = {"dev", "staging", "production"};

static void candidate(struct cli *cli, const char *prefix, const char *text)
{
    if (str_starts(text, prefix))
        cli_print(cli, "%s", text);
}

static int complete_models(struct cli *cli, const char *prefix)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};

    TRY(mlops_version_list(cli_registry(cli), NULL, &list, &cli->err));
    for (size_t i = 0; i < list.count; i++)
        if (i == 0 || !str_equal(list.items[i].version.model, list.items[i - 1].version.model))
            candidate(cli, prefix, list.items[i].version.model);
    return MLOPS_OK;
}

static int complete_stages(struct cli *cli, const char *prefix)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};

    TRY(mlops_stage_list(cli_registry(cli), NULL, &list, &cli->err));
    for (size_t i = 0; i < ARRAY_LENGTH(usual_stages); i++)
        candidate(cli, prefix, usual_stages[i]);
    for (size_t i = 0; i < list.count; i++) {
        bool known = false;
        for (size_t j = 0; j < ARRAY_LENGTH(usual_stages); j++)
            known |= str_equal(list.items[i].stage, usual_stages[j]);
        for (size_t j = 0; j < i; j++)
            known |= str_equal(list.items[i].stage, list.items[j].stage);
        if (!known)
            candidate(cli, prefix, list.items[i].stage);
    }
    return MLOPS_OK;
}

/* The stages that hold one of its versions, then its versions, newest first. */
static void complete_versions(struct cli *cli, const char *prefix,
                              const struct mlops_version_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rows[i].stage_count; j++) {
            _cleanup_(free_string) char *text =
                cli_format("%s@%s", rows[i].version.model, rows[i].stages[j]);
            candidate(cli, prefix, text);
        }
    for (size_t i = 0; i < count; i++) {
        char text[VERSION_TEXT_SIZE];
        cli_version_format(&rows[i].version, text);
        candidate(cli, prefix, text);
    }
}

/* Models; and once only one is left that it can be, what there is of it. */
static int complete_refs(struct cli *cli, const char *prefix)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    size_t models = 0, first = 0, count = 0, length = strcspn(prefix, "@");

    TRY(mlops_version_list(cli_registry(cli), NULL, &list, &cli->err));
    for (size_t i = 0; i < list.count; i++) {
        const char *model = list.items[i].version.model;
        bool meant = prefix[length] ? strlen(model) == length : true;
        if (str_starts(prefix, "sha256:"))
            candidate(cli, prefix, list.items[i].version.bundle);
        if (strncmp(model, prefix, length) != 0 || !meant)
            continue;
        if (models == 0 || !str_equal(model, list.items[first].version.model)) {
            models++;
            first = i;
            count = 0;
            candidate(cli, prefix, model);
        }
        count++;
    }
    if (models == 1)
        complete_versions(cli, prefix, &list.items[first], count);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static const struct {
        enum completion completion;
        int (*complete)(struct cli *cli, const char *prefix);
    } kinds[] = {{COMPLETE_REF, complete_refs},
                 {COMPLETE_MODEL, complete_models},
                 {COMPLETE_STAGE, complete_stages}};
    const char *prefix = cli->args[1] ? cli->args[1] : "";

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (str_equal(cli->args[0], cli_completion_name(kinds[i].completion)))
            return kinds[i].complete(cli, prefix);
    return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is no kind of candidate", cli->args[0]);
}

const struct command command_complete = {
    .name = "__complete",
    .summary = "print candidates for the completion scripts",
    .synopsis = "KIND [PREFIX]",
    .group = GROUP_HIDDEN,
    .registry = true,
    .args = {{"KIND", COMPLETE_NONE, NULL}, {"PREFIX", COMPLETE_NONE | OPTIONAL, NULL}},
    .run = run,
};
