/* cmd/cli_action.c - commands that do several things to one noun: `mlops key generate`. */
#include "cli.h"

#define ACTIONS_MAX 16

int cli_action(struct cli *cli, size_t *action)
{
    const char *words = cli->command->args[0].words, *given = cli->args[0];
    _cleanup_(free_string) char *copy = cli_copy(words, strlen(words));
    const char *names[ACTIONS_MAX + 1] = {NULL};
    size_t count = 0;
    char *state = NULL;

    for (char *word = strtok_r(copy, " ", &state); word && count < ACTIONS_MAX;
         word = strtok_r(NULL, " ", &state)) {
        if (str_equal(word, given)) {
            *action = count;
            return MLOPS_OK;
        }
        names[count++] = word;
    }
    const char *near = mlops_suggest(given, names);
    mlops_fail(&cli->err, MLOPS_INVALID, "'mlops %s' cannot '%s'", cli->command->name, given);
    if (near)
        return mlops_hint(&cli->err, "did you mean 'mlops %s %s'?", cli->command->name, near);
    return mlops_hint(&cli->err, "it can: %s", words);
}
