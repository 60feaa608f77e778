/* cmd/cli_external.c - commands that are programs of their own: `mlops-NAME` on PATH. */
#include "cli.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first `mlops-NAME` of PATH that can be run; the caller frees. NULL: none. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");

    if (!path || strchr(name, '/'))
        return NULL;
    for (;;) {
        size_t length = strcspn(path, ":");
        struct stat status;
        char *program =
            cli_format("%.*s/mlops-%s", length ? (int)length : 1, length ? path : ".", name);
        if (stat(program, &status) == 0 && S_ISREG(status.st_mode) && access(program, X_OK) == 0)
            return program;
        free(program);
        if (!path[length])
            return NULL;
        path += length + 1;
    }
}

/* -C has been followed already and --registry goes on as MLOPS_REGISTRY; the others are not known
 * to the program unless they stand among its own words. */
static int pass_options(struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->given_count; i++) {
        const char *option = cli->given[i].option->name;
        if (str_equal(option, "directory") || str_equal(option, "registry"))
            continue;
        mlops_fail(&cli->err, MLOPS_INVALID, "--%s stands before '%s', which is not built in",
                   option, name);
        return mlops_hint(&cli->err, "write it after '%s': mlops-%s may know it", name, name);
    }
    const char *registry = cli_text(cli, "registry");
    if (registry && setenv("MLOPS_REGISTRY", registry, 1) != 0)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "set MLOPS_REGISTRY");
    return MLOPS_OK;
}

int cli_fail_unknown_command(struct cli *cli, const char *name)
{
    size_t count = 0;
    while (cli->commands[count])
        count++;
    const char **names = cli_allocate(count + 1, sizeof(*names));
    size_t shown = 0;
    for (size_t i = 0; i < count; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            names[shown++] = cli->commands[i]->name;
    const char *near = mlops_suggest(name, names);
    free(names);
    mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is not a command", name);
    if (near)
        return mlops_hint(&cli->err, "did you mean 'mlops %s'?", near);
    return mlops_hint(&cli->err, "'mlops help' lists the commands");
}

int cli_external(struct cli *cli, char **argv)
{
    const char *name = argv[0];
    _cleanup_(free_string) char *program = find_program(name);

    if (!program)
        return cli_fail_unknown_command(cli, name);
    TRY(pass_options(cli, name));
    argv[0] = program;
    (void)execv(program, argv);
    int failure = errno;
    argv[0] = (char *)(uintptr_t)name;
    return mlops_fail_errno(&cli->err, MLOPS_IO, failure, "run %s", program);
}
