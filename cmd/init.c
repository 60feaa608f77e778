/* cmd/init.c - mlops init [DIR] */
#include "cli.h"
#include <limits.h>

/* Later commands look at MLOPS_REGISTRY before they look at this folder: say so where it
 * matters. */
static void warn_of_environment(struct cli *cli, const char *location)
{
    const char *named = getenv("MLOPS_REGISTRY");
    char path[PATH_MAX];

    if (!named || !*named)
        return;
    /* it may name the registry's folder or the one that holds it */
    size_t length = realpath(named, path) ? strlen(path) : 0;
    bool same = length > 0 && strncmp(location, path, length) == 0 &&
                (location[length] == '\0' || str_equal(location + length, "/.mlops"));
    _cleanup_(free_string) char *shown = mlops_url_without_password(named);
    if (!same)
        cli_warn(cli, "MLOPS_REGISTRY is set, so commands will go on using %s", shown);
}

static int print(struct cli *cli, const char *location, const struct mlops_registry_joined *joined)
{
    if (!cli->json) {
        cli_say(cli,
                joined->created  ? "made the registry %s"
                : joined->joined ? "joined the registry, as %s"
                                 : "the registry %s is there already",
                location);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "registry", location);
    cli_json_bool(document, "created", joined->created);
    cli_json_bool(document, "joined", joined->joined);
    return cli_print_json(cli, document);
}

static int make_or_join(struct cli *cli, const struct mlops_registry_options *options,
                        struct mlops_registry_joined *joined)
{
    const char *metadata = cli_text(cli, "metadata");

    if (!metadata && cli_text(cli, "log-key"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--log-key is for shared registries: give --metadata, too");
    if (!metadata) {
        joined->signs = true;
        TRY(mlops_registry_init_at(options, cli_text(cli, "objects"), &joined->created, &cli->err));
        joined->joined = joined->created;
        return MLOPS_OK;
    }
    return mlops_registry_join(
        &(struct mlops_registry_join_options){.location = options->location,
                                              .metadata = metadata,
                                              .objects = cli_text(cli, "objects"),
                                              .log_key = cli_text(cli, "log-key"),
                                              .observer = options->observer},
        joined, &cli->err);
}

static int run(struct cli *cli)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    struct mlops_registry_joined joined = {0};

    if (cli->args[0] && options.location)
        return mlops_fail(&cli->err, MLOPS_INVALID, "DIR and --registry both say where: give one");
    if (cli->args[0])
        options.location = cli->args[0];
    else if (!options.location)
        options.location = ".";
    TRY(make_or_join(cli, &options, &joined));
    TRY(mlops_registry_open(&options, &cli->registry, &cli->err));
    const char *location = mlops_registry_location(cli->registry);
    if (!cli_text(cli, "registry"))
        warn_of_environment(cli, location);
    if (!joined.signs)
        cli_warn(cli, "without its log's key nothing can be recorded from here: 'mlops init "
                      "--metadata ... --log-key FILE' takes it over");
    return print(cli, location, &joined);
}

const struct command command_init = {
    .name = "init",
    .summary = "make a registry, or join a shared one",
    .synopsis = "[DIR]",
    .description =
        "Makes the folder .mlops in DIR (default: the working directory), which holds models, "
        "versions, stages, the log and every packaged object. Commands find it from any folder "
        "below DIR. Where there is one already, nothing changes.\n\n"
        "With --objects packages lie in a bucket of S3, or of a server that speaks as S3, and the "
        "folder has the rest. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or "
        "from ~/.aws; endpoint and region from there, or from the address: "
        "s3://BUCKET/PREFIX?endpoint=URL&region=R.\n\n"
        "With --metadata the registry is in a PostgreSQL database that others use, too: it is made "
        "where the database is empty, and joined otherwise. The folder then says where it is. The "
        "password comes from PGPASSWORD, ~/.pgpass or a service file; one in the URL is used this "
        "once. Objects are in the folder or at the URL of --objects, which everybody must reach. "
        "Who records needs the key of the log, which is in the folder that made the registry as "
        ".mlops/log.key, by --log-key or in MLOPS_LOG_KEY.",
    .group = GROUP_MAKE,
    .args = {{"DIR", COMPLETE_DIRECTORY | OPTIONAL, NULL}},
    .options = {{.name = "metadata",
                 .kind = OPTION_TEXT,
                 .argument = "URL",
                 .help = "the database of a shared registry, postgresql://USER@HOST/DATABASE"},
                {.name = "objects",
                 .kind = OPTION_TEXT,
                 .argument = "WHERE",
                 .help = "where its objects are: s3://BUCKET/PREFIX; shared, a folder, too",
                 .completion = COMPLETE_DIRECTORY},
                {.name = "log-key",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "the key that signs its log, to record from here",
                 .completion = COMPLETE_FILE}},
    .examples = {{"mlops init", "a registry beside the project"},
                 {"mlops init /srv/models && export MLOPS_REGISTRY=/srv/models",
                  "one for all projects of this machine"},
                 {"mlops init --objects s3://models/fraud", "its packages lie in a bucket"},
                 {"mlops init --metadata postgresql://ml@db.example.org/models --objects "
                  "/mnt/models",
                  "one for a team"}},
    .json = {{"registry", "text", "the registry's folder"},
             {"created", "bool", "false: it was there already"},
             {"joined", "bool",
              "the folder is new; without created: of a registry that others "
              "made"}},
    .run = run,
};
