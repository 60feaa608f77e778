/* cmd/gc.c - mlops gc */
#include "cli.h"
#include <inttypes.h>

#define HOUR_NS 3600000000000LL

static int print_text(struct cli *cli, const struct mlops_gc_report *report, bool dry_run)
{
    char removed[32], waiting[32];

    cli_size_format(report->removed_bytes, removed);
    cli_size_format(report->waiting_bytes, waiting);
    if (report->dropped_bundles)
        cli_say(cli, "%s %" PRIu64 " %s that nobody registered",
                dry_run ? "would forget" : "forgot", report->dropped_bundles,
                cli_noun(report->dropped_bundles, "bundle", "bundles"));
    if (report->purged_versions)
        cli_say(cli, "%s %" PRIu64 " %s from the trash", dry_run ? "would purge" : "purged",
                report->purged_versions, cli_noun(report->purged_versions, "version", "versions"));
    if (report->released_versions)
        cli_say(cli, "%s the files of %" PRIu64 " retired %s",
                dry_run ? "would release" : "released", report->released_versions,
                cli_noun(report->released_versions, "version", "versions"));
    if (report->rewritten_packs)
        cli_say(cli, "%s %" PRIu64 " %s by new ones", dry_run ? "would replace" : "replaced",
                report->rewritten_packs, cli_noun(report->rewritten_packs, "pack", "packs"));
    cli_say(cli, "%s %" PRIu64 " %s (%s)", dry_run ? "would remove" : "removed",
            report->removed_packs, cli_noun(report->removed_packs, "pack", "packs"), removed);
    if (report->waiting_packs)
        cli_say(cli, "%" PRIu64 " %s (%s) %s for readers, to be removed by a later run",
                report->waiting_packs, cli_noun(report->waiting_packs, "pack", "packs"), waiting,
                cli_noun(report->waiting_packs, "stays", "stay"));
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_gc_report *report, bool dry_run)
{
    cJSON *document = cli_json_object();

    cli_json_bool(document, "dry_run", dry_run);
    cli_json_number(document, "removed_packs", (double)report->removed_packs);
    cli_json_number(document, "removed_bytes", (double)report->removed_bytes);
    cli_json_number(document, "rewritten_packs", (double)report->rewritten_packs);
    cli_json_number(document, "waiting_packs", (double)report->waiting_packs);
    cli_json_number(document, "waiting_bytes", (double)report->waiting_bytes);
    cli_json_number(document, "kept_packs", (double)report->kept_packs);
    cli_json_number(document, "dropped_bundles", (double)report->dropped_bundles);
    cli_json_number(document, "purged_versions", (double)report->purged_versions);
    cli_json_number(document, "released_versions", (double)report->released_versions);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    struct mlops_gc_report report;
    bool dry_run = cli_flag(cli, "dry-run");
    const struct mlops_gc_options options = {
        .grace_ns = cli_text(cli, "grace") ? cli_whole(cli, "grace") : 24 * HOUR_NS,
        .dry_run = dry_run,
        .releases = cli_text(cli, "retired-after") != NULL,
        .retired_after_ns = cli_whole(cli, "retired-after"),
    };

    TRY(mlops_gc(cli_registry(cli), &options, &report, &cli->err));
    return cli->json ? print_json(cli, &report, dry_run) : print_text(cli, &report, dry_run);
}

const struct command command_gc = {
    .name = "gc",
    .summary = "remove what no bundle needs any more",
    .description =
        "Forgets bundles that were packaged or imported longer ago than the grace, and neither "
        "registered nor tested since. Removes packs of which nothing is needed; replaces those of "
        "which less than half is, and small ones where there are many, by new ones, and removes "
        "them in a run after the grace has passed, as others may be reading them. What is younger "
        "than the grace is left alone.\n\n"
        "Versions that were deleted longer ago than the grace are purged. With --retired-after the "
        "files of versions that were retired that long ago go, too; their manifests, profiles and "
        "evidence stay.\n\n"
        "Other versions, all history and evidence are never touched. May run at any time, beside "
        "anything.",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .options = {{.name = "grace",
                 .kind = OPTION_DURATION,
                 .argument = "TIME",
                 .help = "how old it must be (default: 24h; 0 for nothing)"},
                {.name = "retired-after",
                 .kind = OPTION_DURATION,
                 .argument = "TIME",
                 .help = "also the files of versions that were retired that long ago"},
                {.name = "dry-run", .help = "say what would go, and change nothing"}},
    .examples = {{"mlops gc --dry-run", "what would go?"},
                 {"mlops gc", "nightly, from cron"},
                 {"mlops gc --retired-after 90d", "and the files of what is long retired"},
                 {"mlops gc --grace 0", "all of it, now"}},
    .exits = {{4, "another gc is at work"}, {5, "something that is needed is damaged or missing"}},
    .json = {{"dry_run", "bool", "was nothing changed?"},
             {"removed_packs", "number", "files that went"},
             {"removed_bytes", "number", "their size"},
             {"rewritten_packs", "number", "of which what is needed is in new ones now"},
             {"waiting_packs", "number", "of those, the ones that stay for readers for now"},
             {"waiting_bytes", "number", "their size"},
             {"kept_packs", "number", "that stay"},
             {"dropped_bundles", "number", "that nobody registered or tested"},
             {"purged_versions", "number", "that were in the trash"},
             {"released_versions", "number", "retired ones whose files went"}},
    .run = run,
};
