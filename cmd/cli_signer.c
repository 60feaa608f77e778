/* cmd/cli_signer.c - who signs: which key, and its passphrase from the environment or a
 * terminal. */
#include "cli.h"
#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#define VARIABLE "MLOPS_PASSPHRASE"

/* A line from the terminal that is not shown. */
static int ask(const char *question, char *answer, size_t size, struct mlops_error *err)
{
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios shown, hidden;
    size_t length = 0;

    if (tty < 0 || tcgetattr(tty, &shown) < 0) {
        if (tty >= 0)
            (void)close(tty);
        mlops_fail(err, MLOPS_INVALID, "the passphrase cannot be asked for: there is no terminal");
        return mlops_hint(err, "set " VARIABLE ", or use a key without a passphrase");
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)!write(tty, question, strlen(question));
    (void)tcsetattr(tty, TCSAFLUSH, &hidden);
    while (length + 1 < size && read(tty, answer + length, 1) == 1 && answer[length] != '\n')
        length++;
    answer[length] = '\0';
    (void)tcsetattr(tty, TCSAFLUSH, &shown);
    (void)!write(tty, "\n", 1);
    (void)close(tty);
    return cli_signal_caught() ? mlops_fail(err, MLOPS_CANCELLED, "stopped") : MLOPS_OK;
}

static bool from_environment(char *passphrase, size_t size)
{
    const char *given = getenv(VARIABLE);

    if (!given || !*given || strlen(given) >= size)
        return false;
    (void)snprintf(passphrase, size, "%s", given);
    return true;
}

static int give_passphrase(void *context, const char *path, char *passphrase, size_t size,
                           struct mlops_error *err)
{
    (void)context;
    if (from_environment(passphrase, size))
        return MLOPS_OK;
    _cleanup_(free_string) char *question = cli_format("passphrase of %s: ", path);
    return ask(question, passphrase, size, err);
}

struct mlops_signer cli_signer(struct cli *cli)
{
    const char *key = cli_option_find(cli, "key", 3) ? cli_text(cli, "key") : NULL;

    return (struct mlops_signer){.key = key, .passphrase = give_passphrase};
}

int cli_new_passphrase(struct cli *cli, char *passphrase, size_t size, bool *given)
{
    char again[1024];
    struct mlops_error *err = &cli->err;

    *given = true;
    if (from_environment(passphrase, size))
        return MLOPS_OK;
    if (ask("passphrase for the new key: ", passphrase, size, err)) {
        if (err->code == MLOPS_INVALID)
            mlops_hint(err, "set " VARIABLE ", or say --no-passphrase");
        return (int)err->code;
    }
    TRY(ask("the same once more: ", again, sizeof(again), err));
    if (!str_equal(passphrase, again))
        return mlops_fail(err, MLOPS_INVALID, "the two passphrases differ");
    if (!*passphrase) {
        mlops_fail(err, MLOPS_INVALID, "the passphrase is empty");
        return mlops_hint(err, "say --no-passphrase if the key is to have none");
    }
    return MLOPS_OK;
}
