/* cmd/show_log.c - mlops show REF --log SUITE, --predictions SUITE: what a suite left. */
#include "cli.h"
#include <unistd.h>

static void kept_json(cJSON *object, const char *name, const struct mlops_kept *kept)
{
    cJSON *json = cli_json_object();
    cli_json_number(json, "bytes", (double)kept->bytes);
    cli_json_text_or_null(json, "sha256", kept->sha256);
    cli_json_add(object, name, json);
}

void cli_json_suite_files(cJSON *json, const struct mlops_suite_files *files)
{
    if (*files->output.sha256) {
        cJSON *logs = cli_json_object();
        kept_json(logs, "stdout", &files->output);
        kept_json(logs, "stderr", &files->errors);
        cli_json_bool(logs, "cut", files->cut);
        cli_json_add(json, "logs", logs);
    } else {
        cli_json_add(json, "logs", cJSON_CreateNull());
    }
    if (files->predictions.bytes > 0)
        kept_json(json, "predictions", &files->predictions);
    else
        cli_json_add(json, "predictions", cJSON_CreateNull());
}

int cli_log_json(struct cli *cli, const char *suite, cJSON **json)
{
    struct mlops_suite_log log;
    TRY(mlops_suite_log_find(cli_registry(cli), cli->args[0], suite, &log, &cli->err));
    *json = cli_json_object();
    cli_json_text(*json, "suite", log.suite);
    cli_json_text(*json, "status", log.status);
    cli_json_number(*json, "evidence", (double)log.evidence);
    cli_json_time(*json, "recorded_at", log.recorded_ns);
    cli_json_suite_files(*json, &log.files);
    return MLOPS_OK;
}

/* To a terminal as text that commands nothing, to everything else byte by byte. */
static int print_kept(struct cli *cli, const struct mlops_kept *kept, FILE *out, bool terminal)
{
    _cleanup_(free_string) char *bytes = NULL;
    size_t length;
    TRY(mlops_kept_read(cli_registry(cli), kept, &bytes, &length, &cli->err));
    if (terminal) {
        _cleanup_(free_string) char *clean = cli_clean(bytes, true);
        fputs(clean, out);
    } else {
        (void)!fwrite(bytes, 1, length, out); /* cli_output_finish says so */
    }
    return MLOPS_OK;
}

/* What it printed to its standard error goes to ours, so that the shell tells them apart. */
static int print_log(struct cli *cli, const struct mlops_suite_log *log)
{
    if (!*log->files.output.sha256)
        return mlops_fail(&cli->err, MLOPS_NOT_FOUND,
                          "nothing that '%s' printed is kept: it did not run, or an older mlops "
                          "recorded it",
                          log->suite);
    TRY(print_kept(cli, &log->files.output, cli->out, cli->out_terminal));
    (void)fflush(cli->out);
    TRY(print_kept(cli, &log->files.errors, stderr, isatty(STDERR_FILENO) == 1));
    if (log->files.cut)
        cli_warn(cli, "'%s' printed more than its limit, and the rest was not kept", log->suite);
    return MLOPS_OK;
}

static int print_predictions(struct cli *cli, const struct mlops_suite_log *log)
{
    const struct mlops_kept *kept = &log->files.predictions;
    if (!*kept->sha256)
        return mlops_fail(&cli->err, MLOPS_NOT_FOUND, "no predictions of '%s' are kept%s",
                          log->suite, kept->bytes ? ": they were too large" : "");
    return print_kept(cli, kept, cli->out, cli->out_terminal);
}

int cli_show_log(struct cli *cli, const char *suite, bool predictions)
{
    struct mlops_suite_log log;
    TRY(mlops_suite_log_find(cli_registry(cli), cli->args[0], suite, &log, &cli->err));
    return predictions ? print_predictions(cli, &log) : print_log(cli, &log);
}
