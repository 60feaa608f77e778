/* cmd/main.c - mlops, the program: the list of its commands, and the start. */
#include "cli.h"
#include <fcntl.h>
#include <unistd.h>

extern const struct command command_init, command_package, command_register, command_list,
    command_show, command_log, command_status, command_checkout, command_test, command_promote,
    command_rollback, command_drift, command_completion, command_help, command_version,
    command_complete, command_export, command_import, command_fsck, command_stats, command_gc,
    command_scan, command_key, command_trust, command_sign, command_verify;

/* In the order of the overview. */
static const struct command *const commands[] = {
    &command_init,
    &command_package,
    &command_import,
    &command_register,
    &command_list,
    &command_show,
    &command_log,
    &command_status,
    &command_checkout,
    &command_export,
    &command_scan,
    &command_test,
    &command_sign,
    &command_verify,
    &command_promote,
    &command_rollback,
    &command_key,
    &command_trust,
    &command_drift,
    &command_fsck,
    &command_stats,
    &command_gc,
    &command_help,
    &command_completion,
    &command_version,
    &command_complete,
    NULL,
};

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
    int status = cli_run(&cli, cli_parse(&cli, argc, argv));
    (void)fclose(cli.out); /* memory, and written already */
    free(cli.out_text);
    free(cli.given);
    free(cli.args);
    return status;
}
