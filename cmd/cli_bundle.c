/* cmd/cli_bundle.c - what package and import say of a bundle that came in. */
#include "cli.h"
#include <inttypes.h>

void cli_note_bundle(struct cli *cli, const char *done, const struct mlops_package *package)
{
    char bytes[32], new_bytes[32];

    cli_size_format(package->bytes, bytes);
    cli_size_format(package->new_bytes, new_bytes);
    cli_note(cli, "%s %s: %" PRIu64 " %s, %s; the store grew by %s, in %.1f s", done,
             package->model, package->files, cli_noun(package->files, "file", "files"), bytes,
             new_bytes, package->seconds);
}

static int print_json(struct cli *cli, const struct mlops_package *package)
{
    cJSON *document = cli_json_object();

    cli_json_text(document, "bundle", package->bundle);
    cli_json_text(document, "model", package->model);
    cli_json_number(document, "files", (double)package->files);
    cli_json_number(document, "bytes", (double)package->bytes);
    cli_json_number(document, "new_bytes", (double)package->new_bytes);
    cli_json_number(document, "seconds", package->seconds);
    if (package->version.number) {
        cli_json_version(document, "version", package->version.number);
        cli_json_bool(document, "created", package->created);
    }
    return cli_print_json(cli, document);
}

int cli_report_bundle(struct cli *cli, const char *done, const struct mlops_package *package)
{
    const struct mlops_version *version = &package->version;

    if (cli->json)
        return print_json(cli, package);
    cli_note_bundle(cli, done, package);
    cli_print(cli, "%s", package->bundle);
    if (version->number)
        cli_print(cli, "%s@%" PRIu64, version->model, version->number);
    return MLOPS_OK;
}
