/* cmd/verify.c - mlops verify REF|PATH */
#include "cli.h"
#include <sys/stat.h>

static void print_result(struct cli *cli, const struct mlops_verification *verification)
{
    static const struct column columns[] = {
        {"", false}, {"KEY", false}, {"BY", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    for (size_t i = 0; i < verification->count; i++) {
        const struct mlops_signature_result *signature = &verification->signatures[i];
        _cleanup_(free_string) char *roles = mlops_roles_format(signature->roles);
        cli_table_cell(&table, signature->valid ? STYLE_GOOD : STYLE_BAD,
                       signature->valid ? "ok" : "FAIL");
        cli_table_cell(&table, STYLE_BOLD, "%.16s", signature->fingerprint);
        cli_table_cell(&table, STYLE_PLAIN, "%s%s%s%s", signature->owner, *roles ? " (" : "", roles,
                       *roles ? ")" : "");
        cli_table_cell(&table, STYLE_PLAIN, "%s", signature->detail);
    }
    cli_table_print(cli, &table);
    for (size_t i = 0; verification->warnings[i]; i++)
        cli_warn(cli, "%s", verification->warnings[i]);
}

static cJSON *to_json(const struct mlops_verification *verification)
{
    cJSON *document = cli_json_object(), *signers = cli_json_array(), *warnings = cli_json_array();

    cli_json_bool(document, "valid", verification->valid);
    cli_json_add(document, "signers", signers);
    for (size_t i = 0; i < verification->count; i++) {
        const struct mlops_signature_result *from = &verification->signatures[i];
        cJSON *signer = cli_json_object();
        _cleanup_(free_string) char *roles = mlops_roles_format(from->roles);
        cli_json_text(signer, "fingerprint", from->fingerprint);
        cli_json_text_or_null(signer, "owner", from->owner);
        cli_json_text_or_null(signer, "roles", roles);
        cli_json_bool(signer, "valid", from->valid);
        cli_json_text_or_null(signer, "detail", from->detail);
        cli_json_push(signers, signer);
    }
    cli_json_add(document, "warnings", warnings);
    for (size_t i = 0; verification->warnings[i]; i++)
        cli_json_push(warnings, cJSON_CreateString(verification->warnings[i]));
    return document;
}

static int verify_version(struct cli *cli, struct mlops_verification *verification)
{
    const char *name = cli->args[0];
    int code = cli_open_registry(cli);
    if (code == MLOPS_OK)
        code = mlops_verify(cli->registry, name, verification, &cli->err);
    return cli_explain_missing(cli, name, code);
}

static int verify(struct cli *cli, struct mlops_verification *verification)
{
    struct mlops_verify_options options = {.signature = cli_text(cli, "signature"),
                                           .key = cli_text(cli, "key"),
                                           .roots = cli_text(cli, "roots")};
    struct stat status;

    if (!strchr(cli->args[0], '/') && !options.signature && stat(cli->args[0], &status) < 0)
        return verify_version(cli, verification);
    if (!options.key && !options.roots) {
        TRY(cli_open_registry(cli));
        options.registry = cli->registry;
    }
    return mlops_verify_path(cli->args[0], &options, verification, &cli->err);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_verification_clear) struct mlops_verification verification = {0};

    TRY(verify(cli, &verification));
    int answer = verification.valid ? MLOPS_OK : MLOPS_INTEGRITY;
    if (cli->json) {
        TRY(cli_print_json(cli, to_json(&verification)));
        return answer;
    }
    print_result(cli, &verification);
    if (verification.valid)
        cli_say(cli, "%s%s is signed%s", cli_on(cli, STYLE_GOOD), cli->args[0],
                cli_off(cli, STYLE_GOOD));
    else if (verification.count == 0)
        cli_print(cli, "%s is not signed", cli->args[0]);
    else
        cli_print(cli, "%s%s has no signature that counts%s", cli_on(cli, STYLE_BAD), cli->args[0],
                  cli_off(cli, STYLE_BAD));
    return answer;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "judge the signatures of a version, a folder, or an archive",
    .synopsis = "REF|PATH",
    .description =
        "Of a version: is it signed by a key that this registry trusts now, and is it these very "
        "files? Of a folder: its bytes are read and held against 'model.sig' in it or "
        "--signature, as 'model_signing sign' and 'mlops sign' write it. Of an archive: it is "
        "read to its end and held against its own manifest, unpacked nowhere, and then against "
        "its name with '.sig' behind it, or what the registry has recorded of the bundle.\n\n"
        "What a signature does not cover is told: paths that it says to ignore, empty folders, "
        "setuid bits. A signature that says two things (a name twice, a second signer, a digest "
        "that is not that of the list) is refused whole.",
    .group = GROUP_RELEASE,
    .args = {{"REF|PATH", COMPLETE_REF | COMPLETE_FILE | COMPLETE_DIRECTORY, NULL}},
    .options = {{.name = "signature",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "the signature of PATH (default: PATH/model.sig, or PATH.sig)",
                 .completion = COMPLETE_FILE},
                {.name = "key",
                 .kind = OPTION_TEXT,
                 .argument = "KEY",
                 .help = "PATH must be signed by that key: a public key's file, or one of yours",
                 .completion = COMPLETE_FILE},
                {.name = "roots",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "PATH must be signed by a certificate that these vouch for (PEM)",
                 .completion = COMPLETE_FILE}},
    .examples = {{"mlops verify fraud@production", "is what is live signed?"},
                 {"mlops verify ./model --key ana.pub", "is this folder what Ana signed?"},
                 {"mlops verify fraud.tar.zst --key ana.pub",
                  "and this archive, signed in fraud.tar.zst.sig?"}},
    .exits = {{5, "not signed, or not by anybody who counts, or changed since"}},
    .json = {{"valid", "bool", "does a signature count?"},
             {"signers[].fingerprint", "text", "of the key"},
             {"signers[].owner", "text?", "whose it is"},
             {"signers[].roles", "text?", "what the registry trusts them to do"},
             {"signers[].valid", "bool", "does it count?"},
             {"signers[].detail", "text?", "why not"},
             {"warnings", "array", "what no signature covers"}},
    .run = run,
};
