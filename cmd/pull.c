/* cmd/pull.c - mlops pull oci://HOST/REPOSITORY:TAG [NAME], mlops pull REGISTRY REF */
#include "cli.h"
#include <inttypes.h>

static int print_json(struct cli *cli, const struct mlops_pull *pull)
{
    const struct mlops_package *package = &pull->package;
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", package->model);
    cli_json_version(document, "version", package->version.number);
    cli_json_text(document, "bundle", package->bundle);
    cli_json_bool(document, "created", package->created);
    cli_json_text(document, "digest", pull->digest);
    cli_json_bool(document, "foreign", pull->foreign);
    cli_json_number(document, "files", (double)package->files);
    cli_json_number(document, "bytes", (double)package->bytes);
    cli_json_number(document, "received_bytes", (double)pull->received_bytes);
    cli_json_number(document, "new_bytes", (double)package->new_bytes);
    cli_json_number(document, "signatures", (double)pull->signatures);
    cli_json_number(document, "seconds", package->seconds);
    return cli_print_json(cli, document);
}

static int pull_from_oci(struct cli *cli)
{
    const struct mlops_pull_options options = {
        .from = cli_remote(cli, cli->args[0]),
        .model = cli->arg_count > 1 ? cli->args[1] : NULL,
    };
    struct mlops_pull pull;
    char received[32];

    TRY(mlops_pull(cli_registry(cli), &options, &pull, &cli->err));
    if (cli->json)
        return print_json(cli, &pull);
    cli_size_format(pull.received_bytes, received);
    cli_note_bundle(cli, pull.foreign ? "pulled and packaged" : "pulled", &pull.package);
    cli_note(cli, "%s were fetched; %" PRIu64 " new %s", received, pull.signatures,
             pull.signatures == 1 ? "signature" : "signatures");
    cli_print(cli, "%s", pull.package.bundle);
    cli_print(cli, "%s@%" PRIu64, pull.package.version.model, pull.package.version.number);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    _cleanup_(cli_close_other) struct mlops_registry *other = NULL;

    if (str_starts(cli->args[0], "oci:"))
        return pull_from_oci(cli);
    if (cli->arg_count < 2)
        return mlops_fail(&cli->err, MLOPS_INVALID, "say which version: 'mlops pull REGISTRY REF'");
    TRY(cli_open_other(cli, cli->args[0], &other));
    int code = cli_carry(cli, other, cli->args[1], cli_registry(cli));
    return code == MLOPS_NOT_FOUND ? mlops_wrap(&cli->err, "the other registry") : code;
}

const struct command command_pull = {
    .name = "pull",
    .summary = "take a version from another registry, or an OCI one",
    .synopsis = "ADDRESS [NAME] | REGISTRY REF",
    .description =
        "ADDRESS is oci://HOST/REPOSITORY:TAG, or HOST/REPOSITORY@sha256:DIGEST. A bundle that "
        "mlops pushed is "
        "registered under the id that it has there; every byte is held against its manifest, and "
        "what is in the store already is not fetched. Its signatures come with it; whom to trust "
        "is for this registry to say ('mlops verify').\n\n"
        "Any other artifact whose layers are files, as oras, modctl or KitOps push them, becomes a "
        "bundle of these files, for model NAME; without NAME it is called as the repository is.\n\n"
        "Nothing of it is trusted: what is not as its digests say, or would lead out of its "
        "folder, is refused, and nothing is kept. Credentials and TLS are as in 'mlops push'.\n\n"
        "REGISTRY is another registry of mlops, as --registry takes it, and REF a version there. "
        "Only the chunks that are missing here are moved. The version keeps its bundle's id, and "
        "its number where that is the next one here; where the number is another bundle's here, "
        "nothing is done unless --renumber is given.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"ADDRESS|REGISTRY", COMPLETE_DIRECTORY, NULL},
             {"NAME|REF", COMPLETE_MODEL | OPTIONAL, NULL}},
    .options = {CLI_REMOTE_OPTIONS},
    .examples = {{"mlops pull oci://registry.example.com/risk/fraud:v3",
                  "a version of another team"},
                 {"mlops pull oci://localhost:5000/fraud:v3", "from a registry here"},
                 {"mlops pull /srv/models fraud@production", "from another registry of mlops"}},
    .exits = {{2, "ADDRESS is wrong, or what is there has no files"},
              {3, "nothing is there"},
              {4, "it is of another model than NAME, or the number another bundle's"},
              {5, "it is not what its digests say"},
              {6, "the registry was not reached, or failed"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "its number here; REGISTRY: there"},
             {"there", "number", "REGISTRY: its number here; the next two not there then"},
             {"bundle", "text", "its id: sha256: and 64 digits"},
             {"created", "bool", "false where it had that version already"},
             {"digest", "text", "of the artifact's manifest"},
             {"foreign", "bool", "true where mlops had not pushed it"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"received_bytes", "number", "what was fetched"},
             {"sent_bytes", "number", "REGISTRY: what was missing here, as it is stored"},
             {"new_bytes", "number", "what the store had to write, compressed"},
             {"signatures", "number", "that were not recorded here before"},
             {"seconds", "number", "how long it took"}},
    .run = run,
};
