/* cmd/sign.c - mlops sign REF|PATH */
#include "cli.h"
#include <errno.h>
#include <sys/stat.h>

static int write_signature(struct cli *cli, const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    bool written = file && fputs(text, file) >= 0;

    if (file && fclose(file) != 0)
        written = false;
    return written ? MLOPS_OK
                   : mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write the signature '%s'", path);
}

static int run(struct cli *cli)
{
    const struct mlops_sign_options options = {.signer = cli_signer(cli),
                                               .certificate = cli_text(cli, "certificate")};
    _cleanup_(free_string) char *signature = NULL, *beside = NULL;
    const char *output = cli_text(cli, "output");
    char fingerprint[65];
    struct stat status;
    bool there = stat(cli->args[0], &status) == 0;

    if (there || strchr(cli->args[0], '/')) {
        TRY(mlops_sign_path(cli->args[0], &options, &signature, fingerprint, &cli->err));
        beside =
            cli_format(there && S_ISREG(status.st_mode) ? "%s.sig" : "%s/model.sig", cli->args[0]);
        output = output ? output : beside;
    } else {
        TRY(cli_open_registry(cli));
        TRY(cli_explain_missing(
            cli, cli->args[0],
            mlops_sign(cli->registry, cli->args[0], &options, &signature, fingerprint, &cli->err)));
    }
    if (output)
        TRY(write_signature(cli, output, signature));
    if (!cli->json) {
        cli_say(cli, "signed %s with the key %.16s", cli->args[0], fingerprint);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "signed", cli->args[0]);
    cli_json_text(document, "fingerprint", fingerprint);
    cli_json_text_or_null(document, "file", output ? output : "");
    return cli_print_json(cli, document);
}

const struct command command_sign = {
    .name = "sign",
    .summary = "sign a version, a folder, or an archive",
    .synopsis = "REF|PATH",
    .description =
        "Sign every file of a version, and its bundle's id, with your key; the signature is "
        "recorded as evidence. A folder gets a file 'model.sig', an archive of 'mlops export' one "
        "beside it with '.sig' behind its name, of the files in it. All are in the format of the "
        "OpenSSF Model Signing specification: 'model_signing verify key' accepts them.",
    .group = GROUP_RELEASE,
    .args = {{"REF|PATH", COMPLETE_REF | COMPLETE_FILE | COMPLETE_DIRECTORY, NULL}},
    .options = {{.name = "key",
                 .kind = OPTION_TEXT,
                 .argument = "KEY",
                 .help = "which of your keys, or a file (default: the only one, or 'default')",
                 .completion = COMPLETE_FILE},
                {.name = "certificate",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "PEM: the key's certificate, then those that vouch for it",
                 .completion = COMPLETE_FILE},
                {.name = "output",
                 .letter = 'o',
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "write the signature to FILE",
                 .completion = COMPLETE_FILE}},
    .examples = {{"mlops sign fraud@3", "vouch for version 3"},
                 {"mlops sign ./model -o model.sig", "sign a folder of files"}},
    .json = {{"signed", "text", "what was signed"},
             {"fingerprint", "text", "of the key"},
             {"file", "text?", "where the signature was written"}},
    .run = run,
};
