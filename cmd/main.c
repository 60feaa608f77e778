/* cmd/main.c - mlops, the program: the list of its commands, and the start. */
#include "cli.h"
#include <fcntl.h>
#include <unistd.h>

/* In the order of the overview. */
#define COMMANDS(X)                                                                                \
    X(init)                                                                                        \
    X(package)                                                                                     \
    X(import)                                                                                      \
    X(register)                                                                                    \
    X(list)                                                                                        \
    X(show)                                                                                        \
    X(log)                                                                                         \
    X(diff)                                                                                        \
    X(status)                                                                                      \
    X(tag)                                                                                         \
    X(events)                                                                                      \
    X(checkout)                                                                                    \
    X(export)                                                                                      \
    X(push)                                                                                        \
    X(pull)                                                                                        \
    X(scan)                                                                                        \
    X(test)                                                                                        \
    X(sign)                                                                                        \
    X(verify)                                                                                      \
    X(policy)                                                                                      \
    X(approve)                                                                                     \
    X(promote)                                                                                     \
    X(rollback)                                                                                    \
    X(deploy)                                                                                      \
    X(freeze)                                                                                      \
    X(unfreeze)                                                                                    \
    X(retire)                                                                                      \
    X(delete)                                                                                      \
    X(restore)                                                                                     \
    X(retrain)                                                                                     \
    X(key)                                                                                         \
    X(trust)                                                                                       \
    X(data)                                                                                        \
    X(webhook)                                                                                     \
    X(profile)                                                                                     \
    X(drift)                                                                                       \
    X(monitor)                                                                                     \
    X(sandbox)                                                                                     \
    X(env)                                                                                         \
    X(fsck)                                                                                        \
    X(config)                                                                                      \
    X(doctor)                                                                                      \
    X(stats)                                                                                       \
    X(gc)                                                                                          \
    X(registry)                                                                                    \
    X(help)                                                                                        \
    X(completion)                                                                                  \
    X(version)                                                                                     \
    X(complete)

#define DECLARE(name) extern const struct command command_##name;
COMMANDS(DECLARE)

#define ADDRESS(name) &command_##name,
static const struct command *const commands[] = {COMMANDS(ADDRESS) NULL};

/* A missing standard stream would give its number to the first file that is opened, and output
 * would go into it. Opened the wrong way round, so that using it fails as if it were closed. */
static bool streams_stand(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct cli cli = {.commands = commands};

    if (!streams_stand())
        return MLOPS_IO;
    cli_signals_install();
    cli.out = open_memstream(&cli.out_text, &cli.out_length);
    if (!cli.out)
        return MLOPS_IO;
    char **words = cli_hide_secrets(argc, argv);
    int status = cli_run(&cli, cli_parse(&cli, argc, words));
    (void)fclose(cli.out); /* memory, and written already */
    free(cli.out_text);
    free(cli.given);
    free(cli.args);
    cli_forget_secrets(argc, argv, words);
    return status;
}
