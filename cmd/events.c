/* cmd/events.c - mlops events [MODEL] --since N [--follow] */
#include "cli.h"
#include <errno.h>

#define INTERVAL_NS 1000000000LL

/* At once: who follows wants each entry when it comes. */
static int write_entry(void *context, const char *entry, struct mlops_error *err)
{
    (void)context;
    if (fputs(entry, stdout) >= 0 && fputc('\n', stdout) != EOF && fflush(stdout) == 0)
        return MLOPS_OK;
    return mlops_fail_errno(err, MLOPS_IO, errno, "write the events");
}

static int run(struct cli *cli)
{
    const char *since = cli_text(cli, "since");
    struct mlops_events_options options = {
        .model = cli->args[0],
        .follow = cli_flag(cli, "follow"),
        .interval_ns = cli_text(cli, "interval") ? cli_whole(cli, "interval") : INTERVAL_NS,
        .take = write_entry,
    };
    char *end = NULL;

    if (since) {
        errno = 0;
        options.since = strtoull(since, &end, 10);
        if (errno || end == since || *end || *since < '0' || *since > '9')
            return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is not the index of an entry", since);
    }
    return mlops_events(cli_registry(cli), &options, &cli->err);
}

const struct command command_events = {
    .name = "events",
    .summary = "print what happened as JSON Lines, and wait for more",
    .synopsis = "[MODEL]",
    .description =
        "The entries of the audit log, oldest first, one JSON object a line, from index N on: who "
        "did what to which version and stage, when and why, with the digests of evidence. Who "
        "keeps the index of the last one that it saw asks for the next: none is missed and none "
        "comes twice. With --follow it goes on until it is stopped. docs/registry.md describes "
        "the members; 'mlops log' shows the same for people.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL, NULL}},
    .options = {{.name = "since",
                 .kind = OPTION_TEXT,
                 .argument = "N",
                 .help = "from the entry with this index on (default: 0, the first)"},
                {.name = "follow", .letter = 'f', .help = "wait for what comes"},
                {.name = "interval",
                 .kind = OPTION_DURATION,
                 .argument = "TIME",
                 .help = "how long between looks, with --follow (default: 1s)"}},
    .examples = {{"mlops events --since 120", "what happened from entry 120 on"},
                 {"mlops events fraud --follow | while read -r event; do notify; done",
                  "do something whenever something happens to a model"}},
    .json = {{"index", "number",
              "0, 1, 2 and so on: each line is such an object, also without --json"},
             {"time", "time", "when, to the nanosecond"},
             {"actor", "text", "who"},
             {"action", "text", "what: register, promote, rollback, tag, delete, retire and so on"},
             {"model", "text", "of what; like those below not there where the action has none"},
             {"version", "number", "its number"},
             {"bundle", "text", "its bundle"},
             {"stage", "text", "in which stage"},
             {"previous", "number", "which version the stage held before"},
             {"reason", "text", "why"},
             {"detail", "object", "more, by the action"},
             {"evidence", "array", "what was found out"},
             {"root", "text", "head of the tree of all entries before"}},
    .run = run,
};
