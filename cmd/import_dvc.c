/* cmd/import_dvc.c - mlops import dvc DIR */
#include "cli.h"
#include <inttypes.h>

/* "dev,prod" as an array. */
static cJSON *stages_json(const char *stages)
{
    cJSON *array = cli_json_array();
    for (const char *at = stages; at && *at; at += strcspn(at, ","), at += *at == ',') {
        char *name = strndup(at, strcspn(at, ","));
        cli_json_push(array, cJSON_CreateString(name ? name : ""));
        free(name);
    }
    return array;
}

static cJSON *version_json(const struct mlops_dvc_version *item)
{
    const struct mlops_package *package = &item->package;
    cJSON *object = cli_json_object();
    cli_json_text(object, "bundle", package->bundle);
    cli_json_text(object, "model", package->model);
    cli_json_number(object, "files", (double)package->files);
    cli_json_number(object, "bytes", (double)package->bytes);
    cli_json_number(object, "new_bytes", (double)package->new_bytes);
    cli_json_number(object, "seconds", package->seconds);
    if (package->version.number) {
        cli_json_version(object, "version", package->version.number);
        cli_json_bool(object, "created", package->created);
    }
    if (item->artifact) {
        cli_json_text(object, "artifact", item->artifact);
        cli_json_text(object, "number", item->number);
        cli_json_text(object, "tag", item->tag);
        cli_json_add(object, "stages", stages_json(item->stages));
        cli_json_bool(object, "deprecated", item->deprecated);
    }
    return object;
}

static int print_json(struct cli *cli, const struct mlops_dvc_import *result)
{
    cJSON *document = cli_json_object(), *versions = cli_json_array();
    for (size_t i = 0; i < result->count; i++)
        cli_json_push(versions, version_json(&result->items[i]));
    cli_json_add(document, "versions", versions);
    cli_json_number(document, "taken_back", (double)result->taken_back);
    return cli_print_json(cli, document);
}

/* What GTO's stages would be here is for the gates to say. */
static void tell_stages(struct cli *cli, const struct mlops_dvc_version *item)
{
    const struct mlops_version *version = &item->package.version;
    for (const char *at = item->stages; at && *at; at += strcspn(at, ","), at += *at == ',')
        cli_note(cli,
                 "GTO has %s@%" PRIu64 " in '%.*s'; here it is in no stage for that: mlops promote "
                 "%s@%" PRIu64 " --to STAGE",
                 version->model, version->number, (int)strcspn(at, ","), at, version->model,
                 version->number);
    if (item->deprecated)
        cli_note(cli, "GTO has '%s' deprecated: mlops retire %s@%" PRIu64, item->artifact,
                 version->model, version->number);
}

static void print_version(struct cli *cli, const struct mlops_dvc_version *item)
{
    const struct mlops_version *version = &item->package.version;
    cli_note_bundle(cli, "imported", &item->package);
    cli_print(cli, "%s", item->package.bundle);
    if (version->number && item->number)
        cli_print(cli, "%s@%" PRIu64 "  %s%s%s%s", version->model, version->number, item->tag,
                  item->stages ? "  GTO: " : "", item->stages ? item->stages : "",
                  item->package.created ? "" : "  (was here)");
    else if (version->number)
        cli_print(cli, "%s@%" PRIu64, version->model, version->number);
}

static int print(struct cli *cli, const struct mlops_dvc_import *result)
{
    if (cli->json)
        return print_json(cli, result);
    for (size_t i = 0; i < result->count; i++)
        print_version(cli, &result->items[i]);
    for (size_t i = 0; i < result->count; i++)
        tell_stages(cli, &result->items[i]);
    if (result->taken_back > 0)
        cli_note(cli, "versions that GTO took back, and that stay out: %zu", result->taken_back);
    return MLOPS_OK;
}

int cli_import_dvc(struct cli *cli, const char *directory)
{
    const struct mlops_dvc_options options = {.directory = directory,
                                              .model = cli_text(cli, "model"),
                                              .artifact = cli_text(cli, "artifact"),
                                              .revision = cli_text(cli, "rev"),
                                              .allows_missing = cli_flag(cli, "allow-missing"),
                                              .registers = cli_flag(cli, "register")};
    struct mlops_dvc_import result;
    int code = mlops_dvc_import(cli_registry(cli), &options, &result, &cli->err);
    if (code == MLOPS_OK)
        code = print(cli, &result);
    mlops_dvc_import_clear(&result);
    return code;
}
