/* cmd/push.c - mlops push REF oci://HOST/REPOSITORY:TAG, mlops push REF REGISTRY */
#include "cli.h"
#include <inttypes.h>

static int print_json(struct cli *cli, const struct mlops_push *push, const char *address)
{
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", push->version.model);
    cli_json_version(document, "version", push->version.number);
    cli_json_text(document, "bundle", push->version.bundle);
    cli_json_text(document, "address", address);
    cli_json_text(document, "digest", push->digest);
    cli_json_number(document, "layers", (double)push->layers);
    cli_json_number(document, "bytes", (double)push->bytes);
    cli_json_number(document, "sent_bytes", (double)push->sent_bytes);
    cli_json_number(document, "signatures", (double)push->signatures);
    cli_json_bool(document, "created", push->created);
    return cli_print_json(cli, document);
}

static int push_to_oci(struct cli *cli)
{
    const char *form = cli_text(cli, "as");
    const struct mlops_push_options options = {
        .to = cli_remote(cli, cli->args[1]),
        .mount = cli_text(cli, "mount"),
        .force = cli_flag(cli, "force"),
        .image = form && str_equal(form, "image"),
    };
    struct mlops_push push;
    char name[VERSION_TEXT_SIZE], bytes[32], sent[32];

    TRY(mlops_push(cli_registry(cli), cli->args[0], &options, &push, &cli->err));
    if (cli->json)
        return print_json(cli, &push, cli->args[1]);
    cli_version_format(&push.version, name);
    cli_size_format(push.bytes, bytes);
    cli_size_format(push.sent_bytes, sent);
    cli_note(cli, "%s: %" PRIu64 " layers, %s, of which %s were not there; %" PRIu64 " %s",
             push.created ? "pushed" : "it was there already", push.layers, bytes, sent,
             push.signatures, push.signatures == 1 ? "signature" : "signatures");
    cli_say(cli, "%s is at %s", name, cli->args[1]);
    cli_print(cli, "%s", push.digest);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    _cleanup_(cli_close_other) struct mlops_registry *other = NULL;

    if (str_starts(cli->args[1], "oci:"))
        return push_to_oci(cli);
    TRY(cli_open_other(cli, cli->args[1], &other));
    return cli_carry(cli, cli_registry(cli), cli->args[0], other);
}

const struct command command_push = {
    .name = "push",
    .summary = "send a version to another registry, or an OCI one",
    .synopsis = "REF ADDRESS|REGISTRY",
    .description =
        "ADDRESS is oci://HOST/REPOSITORY:TAG. The version becomes an OCI 1.1 artifact by the CNCF "
        "ModelPack specification: each file a layer, the bundle's manifest among them, its "
        "signatures beside it. The same bundle gives the same digest on every machine. oras, "
        "skopeo and modctl can take it from there.\n\n"
        "With '--as image' it becomes an image instead, whose layers are its files: what "
        "Kubernetes mounts as an image volume. Give it a tag of its own; 'mlops pull' takes the "
        "artifact only.\n\n"
        "What the registry has already is not sent. The tag is set last; one that is on something "
        "else is left alone, unless --force moves it. An upload that breaks off goes on where it "
        "was.\n\n"
        "Credentials are those of ~/.docker/config.json (docker login, skopeo login, oras login), "
        "and of the credential helpers that it names. Without TLS it speaks to this machine only, "
        "unless --plain-http is given.\n\n"
        "REGISTRY is another registry of mlops, as --registry takes it. The chunks that it has not "
        "go there as they are stored. The version keeps its bundle's id, and its number where that "
        "is the next one there; where the number is another bundle's there, nothing is done unless "
        "--renumber is given.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}, {"ADDRESS|REGISTRY", COMPLETE_DIRECTORY, NULL}},
    .options = {{.name = "force", .help = "move a tag that is on another artifact"},
                {.name = "as",
                 .kind = OPTION_CHOICE,
                 .argument = "FORM",
                 .words = "artifact image",
                 .help = "artifact (the default), or image: one that runtimes can mount"},
                {.name = "mount",
                 .kind = OPTION_TEXT,
                 .argument = "REPOSITORY",
                 .help = "another repository of HOST, to take layers from that it has"},
                CLI_REMOTE_OPTIONS},
    .examples = {{"mlops push fraud@production oci://registry.example.com/risk/fraud:v3",
                  "what runs in production"},
                 {"mlops push fraud@3 oci://localhost:5000/fraud:v3", "to a registry here"},
                 {"mlops push fraud@3 oci://localhost:5000/fraud:v3-image --as image",
                  "to be mounted as a volume"},
                 {"mlops push fraud@3 /srv/models", "to another registry of mlops"}},
    .exits = {{2, "ADDRESS is wrong"},
              {3, "there is no such version"},
              {4, "the tag is on another artifact, or the number another bundle's"},
              {5, "an object of the version is damaged"},
              {6, "the registry was not reached, or failed"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"address", "text", "ADDRESS; this and the next two not there for REGISTRY"},
             {"digest", "text", "of the artifact's manifest: sha256: and 64 digits"},
             {"layers", "number", "how many it has"},
             {"there", "number", "REGISTRY: its number there"},
             {"bytes", "number", "of all layers, or of the bundle's files"},
             {"sent_bytes", "number", "what the registry did not have"},
             {"signatures", "number", "that stand beside it; REGISTRY: that are new there"},
             {"created", "bool", "false where just this was there already"}},
    .run = run,
};
