/* cmd/monitor_watch.c - mlops monitor watch MODEL [FILE] */
#include "cli_monitor.h"
#include <inttypes.h>

static void said(void *context, const char *line)
{
    _cleanup_(free_string) char *clean = cli_clean(line, false);
    cli_note(context, "%s", clean);
}

int monitor_watch(struct cli *cli)
{
    struct mlops_watched watched;
    const struct mlops_watch_options options = {
        .model = cli->args[1],
        .path = cli->args[2],
        .stage = cli_text(cli, "stage"),
        .events = cli_text(cli, "events"),
        .token = getenv("MLOPS_MONITOR_TOKEN"),
        .listen = cli_text(cli, "listen"),
        .metrics_token = getenv("MLOPS_METRICS_TOKEN"),
        .tick_ns = cli_whole(cli, "tick"),
        .replay = cli_flag(cli, "replay"),
        .auto_rollback = cli_flag(cli, "auto-rollback"),
        .auto_retrain = cli_flag(cli, "auto-retrain"),
        .said = said,
        .context = cli,
    };

    if (options.events && options.path)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--events takes no FILE");
    TRY(mlops_watch(cli_registry(cli), &options, &watched, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", options.model);
        cli_json_number(document, "checks", (double)watched.checks);
        cli_json_number(document, "failed_checks", (double)watched.failed_checks);
        cli_json_number(document, "opened", (double)watched.opened);
        cli_json_number(document, "resolved", (double)watched.resolved);
        cli_json_number(document, "rollbacks", (double)watched.rollbacks);
        cli_json_number(document, "trainings", (double)watched.trainings);
        cli_json_number(document, "decisions", (double)watched.decisions);
        cli_json_number(document, "counted", (double)watched.events.counted);
        return cli_print_json(cli, document);
    }
    cli_say(cli,
            "%" PRIu64 " %s: %" PRIu64 " %s opened, %" PRIu64 " resolved; %" PRIu64 " %s counted",
            watched.checks, cli_noun(watched.checks, "check", "checks"), watched.opened,
            cli_noun(watched.opened, "alert", "alerts"), watched.resolved, watched.events.counted,
            cli_noun(watched.events.counted, "event", "events"));
    return MLOPS_OK;
}
