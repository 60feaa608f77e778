/* cmd/cli_carry.c - a version from one registry of mlops to another, for push and pull. */
#include "cli.h"
#include <inttypes.h>

int cli_open_other(struct cli *cli, const char *location, struct mlops_registry **registry)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    options.location = location;
    if (mlops_registry_open(&options, registry, &cli->err))
        return mlops_wrap(&cli->err, "the other registry");
    if (str_equal(mlops_registry_location(*registry), mlops_registry_location(cli_registry(cli))))
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is this registry, and no other",
                          location);
    return MLOPS_OK;
}

void cli_close_other(struct mlops_registry **registry)
{
    mlops_registry_close(*registry);
}

struct mlops_remote cli_remote(const struct cli *cli, const char *address)
{
    return (struct mlops_remote){.address = address,
                                 .plain_http = cli_flag(cli, "plain-http"),
                                 .ca_file = cli_text(cli, "ca")};
}

static int print_json(struct cli *cli, const struct mlops_carry *carry)
{
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", carry->version.model);
    cli_json_version(document, "version", carry->version.number);
    cli_json_text(document, "bundle", carry->version.bundle);
    cli_json_number(document, "there", (double)carry->there.number);
    cli_json_number(document, "files", (double)carry->files);
    cli_json_number(document, "bytes", (double)carry->bytes);
    cli_json_number(document, "sent_bytes", (double)carry->sent_bytes);
    cli_json_number(document, "signatures", (double)carry->signatures);
    cli_json_bool(document, "created", carry->created);
    return cli_print_json(cli, document);
}

int cli_carry(struct cli *cli, struct mlops_registry *from, const char *ref,
              struct mlops_registry *to)
{
    const struct mlops_carry_options options = {.renumber = cli_flag(cli, "renumber")};
    struct mlops_carry carry;
    char bytes[32], sent[32];

    TRY(mlops_carry(from, ref, to, &options, &carry, &cli->err));
    if (cli->json)
        return print_json(cli, &carry);
    cli_size_format(carry.bytes, bytes);
    cli_size_format(carry.sent_bytes, sent);
    cli_note(cli, "%s: %s, of which %s were moved, compressed; %" PRIu64 " new %s",
             carry.created ? "carried over" : "it was there already", bytes, sent, carry.signatures,
             cli_noun(carry.signatures, "signature", "signatures"));
    if (carry.version.number != 0 && carry.version.number != carry.there.number)
        cli_note(cli, "%s@%" PRIu64 " is number %" PRIu64 " in the other registry",
                 carry.version.model, carry.version.number, carry.there.number);
    cli_print(cli, "%s", carry.version.bundle);
    cli_print(cli, "%s@%" PRIu64, carry.there.model, carry.there.number);
    return MLOPS_OK;
}
