/* cmd/init.c - mlops init [DIR] */
#include "cli.h"
#include <limits.h>

/* Later commands look at MLOPS_REGISTRY before they look at this folder: say so where it matters.
 */
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
    if (!same)
        cli_warn(cli, "MLOPS_REGISTRY is set, so commands will go on using %s", named);
}

static int run(struct cli *cli)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    bool created;

    if (cli->args[0] && options.location)
        return mlops_fail(&cli->err, MLOPS_INVALID, "DIR and --registry both say where: give one");
    if (cli->args[0])
        options.location = cli->args[0];
    else if (!options.location)
        options.location = ".";
    TRY(mlops_registry_init_at(options.location, cli_text(cli, "objects"), &created, &cli->err));
    TRY(mlops_registry_open(&options, &cli->registry, &cli->err));
    const char *location = mlops_registry_location(cli->registry);
    if (!cli_text(cli, "registry"))
        warn_of_environment(cli, location);
    if (!cli->json) {
        cli_say(cli, created ? "made the registry %s" : "the registry %s is there already",
                location);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "registry", location);
    cli_json_bool(document, "created", created);
    return cli_print_json(cli, document);
}

const struct command command_init = {
    .name = "init",
    .summary = "make a registry",
    .synopsis = "[DIR]",
    .description =
        "Makes the folder .mlops in DIR (default: the working directory), which holds models, "
        "versions, stages, the log and every packaged object. Commands find it from any folder "
        "below DIR. Where there is one already, nothing changes.\n\n"
        "With --objects packages lie in a bucket of S3, or of a server that speaks as S3, and the "
        "folder has the rest. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or "
        "from ~/.aws; endpoint and region from there, or from the address: "
        "s3://BUCKET/PREFIX?endpoint=URL&region=R.",
    .group = GROUP_MAKE,
    .args = {{"DIR", COMPLETE_DIRECTORY | OPTIONAL}},
    .options = {{.name = "objects",
                 .kind = OPTION_TEXT,
                 .argument = "URL",
                 .help = "where its objects are: s3://BUCKET/PREFIX"}},
    .examples = {{"mlops init", "a registry beside the project"},
                 {"mlops init /srv/models && export MLOPS_REGISTRY=/srv/models",
                  "one for all projects of this machine"},
                 {"mlops init --objects s3://models/fraud", "its packages lie in a bucket"}},
    .json = {{"registry", "text", "the registry's folder"},
             {"created", "bool", "false: it was there already"}},
    .run = run,
};
