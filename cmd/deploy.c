/* cmd/deploy.c - mlops deploy REF DIR [--follow], mlops deploy --status DIR */
#include "cli.h"
#include <inttypes.h>

/* ---- one deploy -------------------------------------------------------------------------------- */

static struct mlops_deploy_options options_of(const struct cli *cli)
{
    return (struct mlops_deploy_options){
        .ref = cli->args[0],
        .directory = cli->args[1],
        .reload = cli_text(cli, "reload"),
        .health = cli_text(cli, "health"),
        .keep = (uint64_t)cli_whole(cli, "keep"),
        .dry_run = cli_flag(cli, "dry-run"),
        .interval_ns = cli_whole(cli, "interval"),
    };
}

static double seconds(int64_t duration_ns)
{
    return (double)duration_ns / 1e9;
}

static cJSON *to_json(const struct cli *cli, const struct mlops_deployment *deployment)
{
    const struct mlops_version *version = &deployment->version;
    cJSON *document = cli_json_object();

    cli_json_text_or_null(document, "model", version->model);
    cli_json_version(document, "version", version->number);
    cli_json_text_or_null(document, "bundle", version->bundle);
    cli_json_text_or_null(document, "stage", deployment->stage);
    cli_json_text(document, "directory", cli->args[1]);
    cli_json_text(document, "release", deployment->release);
    cli_json_text_or_null(document, "previous", deployment->previous);
    cli_json_text(document, "signature", deployment->signature);
    cli_json_bool(document, "deployed", deployment->deployed);
    cli_json_bool(document, "already", deployment->already);
    cli_json_bool(document, "there", deployment->there);
    cli_json_bool(document, "went_back", deployment->went_back);
    cli_json_text(document, "why", deployment->why);
    cli_json_number(document, "kept_bytes", (double)deployment->kept_bytes);
    cli_json_number(document, "stored_bytes", (double)deployment->stored_bytes);
    cli_json_number(document, "removed", (double)deployment->removed);
    cli_json_number(document, "layout_seconds", seconds(deployment->layout_ns));
    cli_json_number(document, "switch_seconds", seconds(deployment->switch_ns));
    cli_json_number(document, "health_seconds", seconds(deployment->health_ns));
    return document;
}

/* "fraud@3 is live in /srv/fraud: 12 kB out of the store, 3 MB from before; healthy"; the caller
 * frees. */
static char *describe(const struct cli *cli, const struct mlops_deployment *deployment)
{
    char name[VERSION_TEXT_SIZE], kept[32], stored[32];
    const char *health = deployment->had_health ? "; it is well" : "";

    cli_version_format(&deployment->version, name);
    if (deployment->already)
        return cli_format("%s is live in %s already, and whole", name, cli->args[1]);
    if (deployment->there)
        return cli_format("%s is live in %s: it lay there, and is whole%s", name, cli->args[1],
                          health);
    cli_size_format(deployment->kept_bytes, kept);
    cli_size_format(deployment->stored_bytes, stored);
    return cli_format("%s is live in %s: %s out of the store, %s from before%s", name, cli->args[1],
                      stored, kept, health);
}

static void print_plan(struct cli *cli, const struct mlops_deployment *deployment)
{
    char name[VERSION_TEXT_SIZE];

    cli_version_format(&deployment->version, name);
    cli_say(cli, "%s %s %s", name, deployment->already ? "is live already in" : "would go live in",
            cli->args[1]);
    if (deployment->there && !deployment->already)
        cli_say(cli, "  it lies there already, and is whole");
    if (deployment->signature)
        cli_say(cli, "  %s", deployment->signature);
    if (deployment->previous[0])
        cli_say(cli, "  in the place of %.*s", cli_bundle_length(cli), deployment->previous);
}

static int deploy_once(struct cli *cli)
{
    _cleanup_(mlops_deployment_clear) struct mlops_deployment deployment = {.deployed = false};
    const struct mlops_deploy_options options = options_of(cli);

    TRY(cli_open_registry(cli));
    int code = mlops_deploy(cli->registry, &options, &deployment, &cli->err);
    if (code == MLOPS_REFUSED && deployment.went_back && cli->json) {
        cli->err = (struct mlops_error){0}; /* an answer: the document says it */
        TRY(cli_print_json(cli, to_json(cli, &deployment)));
        return code;
    }
    TRY(code);
    if (cli->json)
        return cli_print_json(cli, to_json(cli, &deployment));
    if (options.dry_run) {
        print_plan(cli, &deployment);
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *text = describe(cli, &deployment);
    cli_say(cli, "%s", text);
    return MLOPS_OK;
}

/* ---- following --------------------------------------------------------------------------------- */

static int write_line(struct mlops_error *err, const char *line)
{
    if (fputs(line, stdout) >= 0 && fputc('\n', stdout) != EOF && fflush(stdout) == 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_IO, "cannot write what happens");
}

static const char *const news_names[] = {[MLOPS_DEPLOY_LIVE] = "live",
                                         [MLOPS_DEPLOY_FAILED] = "failed",
                                         [MLOPS_DEPLOY_EMPTY] = "empty",
                                         [MLOPS_DEPLOY_AWAY] = "away",
                                         [MLOPS_DEPLOY_BACK] = "back"};

static char *event_text(const struct cli *cli, const struct mlops_deploy_event *event)
{
    switch (event->news) {
    case MLOPS_DEPLOY_LIVE:
        return describe(cli, event->deployment);
    case MLOPS_DEPLOY_FAILED:
        return cli_format("%s; %s", event->error->message,
                          event->again ? "to be tried again" : "waiting for the stage to change");
    case MLOPS_DEPLOY_EMPTY:
        return cli_format("%s holds nothing: what is live stays live", cli->args[0]);
    case MLOPS_DEPLOY_AWAY:
        return cli_format("the registry is away, what is live stays live: %s",
                          event->error->message);
    default:
        return cli_format("the registry is back");
    }
}

static int tell(void *context, const struct mlops_deploy_event *event, struct mlops_error *err)
{
    struct cli *cli = context;
    cli_progress_clear(cli);
    if (!cli->json) {
        _cleanup_(free_string) char *text = event_text(cli, event);
        _cleanup_(free_string) char *clean = cli_clean(text, false);
        return cli->quiet && event->news != MLOPS_DEPLOY_FAILED ? MLOPS_OK : write_line(err, clean);
    }
    _cleanup_(free_json) cJSON *line =
        event->deployment ? to_json(cli, event->deployment) : cli_json_object();
    cli_json_text(line, "event", news_names[event->news]);
    if (event->error)
        cli_json_text(line, "message", event->error->message);
    _cleanup_(free_string) char *text = cli_json_print(line, false);
    return write_line(err, text);
}

static int follow(struct cli *cli)
{
    struct mlops_registry_options where = cli_registry_options(cli);
    const struct mlops_deploy_options options = options_of(cli);
    return mlops_deploy_follow(&where, &options, tell, cli, &cli->err);
}

/* ---- what a host runs -------------------------------------------------------------------------- */

static void print_host(struct cli *cli, const struct mlops_host *host)
{
    static const struct column columns[] = {
        {"", false}, {"VERSION", false}, {"STAGE", false}, {"DEPLOYED", false}, {"BUNDLE", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < host->count; i++) {
        const struct mlops_release_row *row = &host->releases[i];
        char when[32];
        mlops_time_format(row->deployed_ns, when);
        cli_table_cell(&table, STYLE_GOOD, "%s", row->live ? "live" : "");
        cli_table_cell(&table, STYLE_BOLD, "%s@%" PRIu64, row->model, row->version);
        cli_table_cell(&table, STYLE_PLAIN, "%s", row->stage);
        cli_table_cell(&table, STYLE_PLAIN, "%s", when);
        cli_table_cell(&table, STYLE_DIM, "%.*s", cli_bundle_length(cli), row->bundle);
    }
    cli_table_print(cli, &table);
    if (host->unproved)
        cli_note(cli, "a deploy is at work, or was killed: whether the live one is well is not "
                      "known yet");
    if (host->refused)
        cli_note(cli, "the last attempt went back: %s", host->refused);
    if (host->damage)
        cli_print(cli, "%sthe live release is damaged: %s%s", cli_on(cli, STYLE_BAD), host->damage,
                  cli_off(cli, STYLE_BAD));
}

static cJSON *host_json(const struct mlops_host *host)
{
    cJSON *document = cli_json_object(), *releases = cli_json_array();

    cli_json_add(document, "releases", releases);
    for (size_t i = 0; i < host->count; i++) {
        const struct mlops_release_row *row = &host->releases[i];
        cJSON *release = cli_json_object();
        cli_json_text_or_null(release, "model", row->model);
        cli_json_version(release, "version", row->version);
        cli_json_text(release, "bundle", row->bundle);
        cli_json_text_or_null(release, "stage", row->stage);
        cli_json_time(release, "deployed_at", row->deployed_ns);
        cli_json_bool(release, "live", row->live);
        cli_json_push(releases, release);
    }
    cli_json_bool(document, "unproved", host->unproved);
    cli_json_text(document, "refused", host->refused);
    cli_json_text(document, "damage", host->damage);
    return document;
}

static int status(struct cli *cli)
{
    _cleanup_(mlops_host_clear) struct mlops_host host = {.count = 0};
    struct mlops_observer observer = cli_observer(cli);

    if (cli->arg_count != 1)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--status takes the folder alone");
    TRY(mlops_host_read(cli->args[0], cli_flag(cli, "verify"), &observer, &host, &cli->err));
    if (cli->json)
        TRY(cli_print_json(cli, host_json(&host)));
    else
        print_host(cli, &host);
    return host.damage ? MLOPS_INTEGRITY : MLOPS_OK;
}

static int run(struct cli *cli)
{
    if (cli_flag(cli, "status"))
        return status(cli);
    if (cli->arg_count != 2) {
        mlops_fail(&cli->err, MLOPS_INVALID, "which folder is the version to be deployed to?");
        return mlops_hint(&cli->err, "say it after the version: 'mlops deploy REF DIR'");
    }
    return cli_flag(cli, "follow") ? follow(cli) : deploy_once(cli);
}

const struct command command_deploy = {
    .name = "deploy",
    .summary = "make a version live on this host",
    .synopsis = "REF DIR | --status DIR",
    .description =
        "The files go to DIR/releases/ID, every byte verified and what is there already not moved "
        "again; then the link DIR/current is switched by one rename, and --reload and the health "
        "command (of --health or the project file) are run in it. Where one of them fails the link "
        "goes back, and the service is reloaded once more. A signature that the stage's policy "
        "demands must hold.\n\n"
        "With --follow the host stays at what the stage holds: a promotion or rollback is live "
        "within a second. When the registry is away, what is live stays live. It ends on SIGTERM "
        "or Ctrl-C.",
    .group = GROUP_RELEASE,
    .args = {{"REF|DIR", COMPLETE_REF | COMPLETE_DIRECTORY, NULL},
             {"DIR", COMPLETE_DIRECTORY | OPTIONAL, NULL}},
    .options = {{.name = "follow", .letter = 'f', .help = "stay at what the stage holds"},
                {.name = "reload",
                 .kind = OPTION_TEXT,
                 .argument = "COMMAND",
                 .help = "make the service take the new files, after each switch"},
                {.name = "health",
                 .kind = OPTION_TEXT,
                 .argument = "COMMAND",
                 .help = "instead of the project file's health command; '' for none"},
                {.name = "keep",
                 .kind = OPTION_COUNT,
                 .argument = "N",
                 .help = "releases to keep (default: as the project file says, else 3)"},
                {.name = "dry-run", .letter = 'n', .help = "say what would happen"},
                {.name = "interval",
                 .kind = OPTION_DURATION,
                 .argument = "TIME",
                 .help = "how long between looks, with --follow (default: 200ms)"},
                {.name = "status", .help = "show what the host runs; needs no registry"},
                {.name = "verify", .help = "with --status: read every byte of the live release"}},
    .examples = {{"mlops deploy fraud@production /srv/fraud --reload 'systemctl restart fraud'",
                  "what is in production goes live on this host"},
                 {"mlops deploy fraud@production /srv/fraud --follow",
                  "and stays what is in production"},
                 {"mlops deploy --status /srv/fraud", "what does this host run?"}},
    .exits = {{1, "the reload or health command failed, and the host is back at what it was"},
              {4, "another deploy is at work in DIR"},
              {5, "the version or the live release is damaged, or not signed as demanded"}},
    .json = {{"model", "text?", "with --follow each line is such an object, with 'event'"},
             {"version", "number?", "its number"},
             {"bundle", "text?", "its bundle"},
             {"stage", "text?", "that REF names"},
             {"directory", "text", "DIR"},
             {"release", "text?", "the folder of its files"},
             {"previous", "text?", "the bundle that was live before"},
             {"signature", "text?", "who signed; null where no signature is demanded"},
             {"deployed", "bool", "it is live, and was not before"},
             {"already", "bool", "it was live before"},
             {"there", "bool", "it lay there, whole"},
             {"went_back", "bool", "it was not well, and the host is back at what it was"},
             {"why", "text?", "why it went back"},
             {"kept_bytes", "number", "taken from an earlier release"},
             {"stored_bytes", "number", "out of the store"},
             {"removed", "number", "old releases that went"},
             {"layout_seconds", "number", "to verify or lay out"},
             {"switch_seconds", "number", "to switch the link"},
             {"health_seconds", "number", "for the reload and health commands"},
             {"event", "text", "--follow: live, failed, empty, away or back"},
             {"message", "text", "--follow: why it failed, or the registry is away"},
             {"releases[].model", "text?", "--status: the newest first"},
             {"releases[].version", "number?", "as which it was deployed"},
             {"releases[].bundle", "text", "its bundle"},
             {"releases[].stage", "text?", "from which stage"},
             {"releases[].deployed_at", "time", "when"},
             {"releases[].live", "bool", "is it live?"},
             {"unproved", "bool", "--status: the verdict on the live one is not there yet"},
             {"refused", "text?", "--status: what the host went back from last, and why"},
             {"damage", "text?", "--status --verify: what is wrong with the live one"}},
    .run = run,
};
