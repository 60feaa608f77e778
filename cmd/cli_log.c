/* cmd/cli_log.c - mlops log --verify, --checkpoint, --prove, --since, --export */
#include "cli_log.h"
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define CHECKPOINT_MAX 65536

static int print_verified(struct cli *cli, uint64_t size, const char *root, const char *key)
{
    if (!cli->json) {
        cli_say(cli, "the log is whole: %" PRIu64 " %s, root %s", size,
                cli_noun(size, "entry", "entries"), root);
        if (key)
            cli_say(cli, "signed by %s", key);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_bool(document, "valid", true);
    cli_json_number(document, "size", (double)size);
    cli_json_text(document, "root", root);
    if (key)
        cli_json_text(document, "key", key);
    return cli_print_json(cli, document);
}

static int verify(struct cli *cli)
{
    const char *export = cli_text(cli, "from"), *kept = cli_text(cli, "since");
    _cleanup_(free_string) char *since = NULL, *key = NULL;
    uint64_t size;
    char root[65];

    if (kept)
        TRY(cli_read_text(cli, "checkpoint", kept, CHECKPOINT_MAX, &since));
    if (export && mlops_history_is(export))
        TRY(mlops_history_verify_log(export, cli_text(cli, "key"), since, &size, root, &key,
                                     &cli->err));
    else if (export)
        TRY(mlops_log_verify_export(export, cli_text(cli, "key"), since, &size, root, &key,
                                    &cli->err));
    else
        TRY(mlops_log_verify(cli_registry(cli), since, &size, root, &cli->err));
    return print_verified(cli, size, root, key);
}

static int print_checkpoint(struct cli *cli)
{
    _cleanup_(mlops_checkpoint_clear) struct mlops_checkpoint checkpoint = {0};

    TRY(mlops_log_checkpoint(cli_registry(cli), &checkpoint, &cli->err));
    if (!cli->json) {
        (void)fputs(checkpoint.note, cli->out);
        cli_detail(cli, "signed by %s", checkpoint.key);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_number(document, "size", (double)checkpoint.size);
    cli_json_text(document, "root", checkpoint.root);
    cli_json_text(document, "checkpoint", checkpoint.note);
    cli_json_text(document, "key", checkpoint.key);
    return cli_print_json(cli, document);
}

/* Out of the registry, or of an export. */
static int make_proof(struct cli *cli, uint64_t index, char **proof, char **entry)
{
    const char *export = cli_text(cli, "from"), *key = cli_text(cli, "key");

    if (!export)
        return mlops_log_prove(cli_registry(cli), index, proof, entry, &cli->err);
    if (mlops_history_is(export))
        return mlops_history_prove_log(export, key, index, proof, entry, &cli->err);
    return mlops_log_prove_export(export, key, index, proof, entry, &cli->err);
}

static int prove(struct cli *cli, const char *text)
{
    _cleanup_(free_string) char *proof = NULL, *entry = NULL;
    char *end;

    errno = 0;
    unsigned long long index = strtoull(text, &end, 10);
    if (errno || *end || end == text || text[0] == '-')
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is not the index of an entry", text);
    TRY(make_proof(cli, index, &proof, &entry));
    if (!cli->json) {
        (void)fputs(proof, cli->out);
        cli_detail(cli, "of the entry %s", entry);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_number(document, "index", (double)index);
    cli_json_text(document, "entry", entry);
    cli_json_text(document, "proof", proof);
    return cli_print_json(cli, document);
}

static int since(struct cli *cli)
{
    _cleanup_(mlops_log_consistency_clear) struct mlops_log_consistency consistency = {0};
    _cleanup_(free_string) char *kept = NULL;

    TRY(cli_read_text(cli, "checkpoint", cli_text(cli, "since"), CHECKPOINT_MAX, &kept));
    TRY(mlops_log_since(cli_registry(cli), kept, &consistency, &cli->err));
    if (!cli->json) {
        cli_say(cli,
                "nothing was rewritten: the log of %" PRIu64 " entries begins with the %" PRIu64
                " that the checkpoint signs",
                consistency.new_size, consistency.old_size);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_bool(document, "valid", true);
    cli_json_number(document, "old_size", (double)consistency.old_size);
    cli_json_number(document, "size", (double)consistency.new_size);
    cli_json_add(document, "consistency",
                 cli_json_texts(consistency.hashes, consistency.hash_count));
    return cli_print_json(cli, document);
}

const char *log_proving(const struct cli *cli)
{
    static const char *const texts[] = {"prove", "from", "since"};
    static const char *const flags[] = {"verify", "checkpoint", "export"};

    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
        if (cli_flag(cli, flags[i]))
            return flags[i];
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (cli_text(cli, texts[i]))
            return texts[i];
    return NULL;
}

/* An export has no registry behind it that could answer more. */
static int check_together(struct cli *cli, const char *what)
{
    static const char *const of_registry[] = {"checkpoint", "export", "graph", "dot"};

    for (size_t i = 0; cli_text(cli, "from") && i < ARRAY_LENGTH(of_registry); i++)
        if (cli_flag(cli, of_registry[i]))
            return mlops_fail(&cli->err, MLOPS_INVALID,
                              "--%s asks the registry: it does not go with --from", of_registry[i]);
    if (cli_text(cli, "prove") && (cli_text(cli, "since") || !str_equal(what, "prove")))
        return mlops_fail(&cli->err, MLOPS_INVALID, "--prove gives one proof: it goes with no %s%s",
                          cli_text(cli, "since") ? "--since" : "--",
                          cli_text(cli, "since") ? "" : what);
    return MLOPS_OK;
}

int log_prove(struct cli *cli)
{
    const char *what = log_proving(cli);

    if (cli->args[0] || cli_text(cli, "stage") || cli_text(cli, "limit") || cli_text(cli, "at"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--%s looks at the whole log: it goes with no MODEL, --stage, --at or "
                          "--limit",
                          what);
    TRY(check_together(cli, what));
    if (str_equal(what, "verify") || str_equal(what, "from"))
        return verify(cli);
    if (str_equal(what, "checkpoint"))
        return print_checkpoint(cli);
    if (str_equal(what, "export"))
        return mlops_log_export(cli_registry(cli), STDOUT_FILENO, &cli->err);
    return str_equal(what, "prove") ? prove(cli, cli_text(cli, "prove")) : since(cli);
}
