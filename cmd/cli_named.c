/* cmd/cli_named.c - versions that must be named in full, since what is done to them is not meant
 * for whatever happens to be the newest. */
#include "cli.h"

int cli_named(struct cli *cli)
{
    const char *ref = cli->args[0], *command = cli->command->name;
    if (strchr(ref, '@') || strchr(ref, ':'))
        return MLOPS_OK;
    mlops_fail(&cli->err, MLOPS_INVALID, "'%s' names a model and no version of it", ref);
    return mlops_hint(&cli->err, "say which: mlops %s %s@N, where 'mlops list %s' has the numbers",
                      command, ref, ref);
}
