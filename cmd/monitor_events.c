/* cmd/monitor_events.c - mlops monitor ingest|label MODEL [FILE] */
#include "cli_monitor.h"
#include <inttypes.h>

void monitor_counts_json(cJSON *json, const struct mlops_monitor_counts *counts)
{
    cli_json_number(json, "received", (double)counts->received);
    cli_json_number(json, "counted", (double)counts->counted);
    cli_json_number(json, "duplicates", (double)counts->duplicates);
    cli_json_number(json, "malformed", (double)counts->malformed);
    cli_json_number(json, "unknown", (double)counts->unknown);
    cli_json_number(json, "future", (double)counts->future);
    cli_json_number(json, "late", (double)counts->late);
}

uint64_t monitor_set_aside(const struct mlops_monitor_counts *counts)
{
    return counts->malformed + counts->unknown + counts->future + counts->late;
}

/* Where the lines are that were set aside. */
static char *dead_letters(struct cli *cli, const struct mlops_monitor_ingest_options *options)
{
    return options->dead_letter
               ? cli_copy(options->dead_letter, strlen(options->dead_letter))
               : cli_format("%s/monitor/%s/dead-letter.jsonl",
                            mlops_registry_location(cli_registry(cli)), options->model);
}

int monitor_ingest(struct cli *cli)
{
    struct mlops_monitor_counts counts;
    const struct mlops_monitor_ingest_options options = {
        .model = cli->args[1],
        .path = cli->args[2],
        .listen = cli_text(cli, "listen"),
        .token = getenv("MLOPS_MONITOR_TOKEN"),
        .dead_letter = cli_text(cli, "dead-letter"),
        .follow = cli_flag(cli, "follow"),
        .lateness_ns = cli_whole(cli, "lateness"),
        .keep_raw_ns = cli_whole(cli, "keep-raw"),
        .keep_minutes_ns = cli_whole(cli, "keep-minutes"),
        .version = (uint64_t)cli_whole(cli, "version"),
    };

    if (options.listen && options.path)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--listen takes no FILE");
    if (options.follow && (!options.path || str_equal(options.path, "-")))
        return mlops_fail(&cli->err, MLOPS_INVALID, "--follow needs a FILE");
    TRY(mlops_monitor_ingest(cli_registry(cli), &options, &counts, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", options.model);
        monitor_counts_json(document, &counts);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "%" PRIu64 " %s: %" PRIu64 " counted, %" PRIu64 " %s, %" PRIu64 " set aside",
            counts.received, cli_noun(counts.received, "event", "events"), counts.counted,
            counts.duplicates, cli_noun(counts.duplicates, "duplicate", "duplicates"),
            monitor_set_aside(&counts));
    if (monitor_set_aside(&counts)) {
        _cleanup_(free_string) char *dead = dead_letters(cli, &options);
        cli_warn(cli,
                 "%" PRIu64 " malformed, %" PRIu64 " of unknown versions, %" PRIu64
                 " in the future, %" PRIu64 " late: %s says which",
                 counts.malformed, counts.unknown, counts.future, counts.late, dead);
    }
    return MLOPS_OK;
}

int monitor_label(struct cli *cli)
{
    struct mlops_monitor_labelled labelled;

    if (!cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the FILE of labels, or '-'");
    TRY(mlops_monitor_label(cli_registry(cli), cli->args[1], cli->args[2], &labelled, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[1]);
        cli_json_number(document, "received", (double)labelled.received);
        cli_json_number(document, "joined", (double)labelled.joined);
        cli_json_number(document, "replaced", (double)labelled.replaced);
        cli_json_number(document, "unchanged", (double)labelled.unchanged);
        cli_json_number(document, "pending", (double)labelled.pending);
        return cli_print_json(cli, document);
    }
    cli_say(cli,
            "%" PRIu64 " %s: %" PRIu64 " joined (%" PRIu64 " replaced, %" PRIu64
            " unchanged), %" PRIu64 " wait for their event",
            labelled.received, cli_noun(labelled.received, "label", "labels"), labelled.joined,
            labelled.replaced, labelled.unchanged, labelled.pending);
    return MLOPS_OK;
}
