/* cmd/completion.c - mlops completion SHELL; and what the three scripts have in common. */
#include "cli.h"

static const struct {
    enum completion completion;
    const char *name;
} sources[] = {
    {COMPLETE_REF, "ref"},   {COMPLETE_MODEL, "model"},         {COMPLETE_STAGE, "stage"},
    {COMPLETE_FILE, "file"}, {COMPLETE_DIRECTORY, "directory"}, {COMPLETE_COMMAND, "command"},
};

const char *cli_completion_name(enum completion completion)
{
    for (size_t i = 0; i < ARRAY_LENGTH(sources); i++)
        if (sources[i].completion == completion)
            return sources[i].name;
    return NULL;
}

static void append(char **list, const char *lead, const char *word, size_t length)
{
    char *longer = cli_format("%s%s%s%.*s", *list, **list ? " " : "", lead, (int)length, word);
    free(*list);
    *list = longer;
}

char *cli_completion_sources(unsigned completion, const char *words)
{
    char *list = cli_copy("", 0);

    for (size_t i = 0; i < ARRAY_LENGTH(sources); i++)
        if (completion & sources[i].completion)
            append(&list, "", sources[i].name, strlen(sources[i].name));
    if (completion & COMPLETE_SHELL)
        words = CLI_SHELLS;
    while (words && *words) {
        size_t length = strcspn(words, " ");
        append(&list, "+", words, length);
        words += length + strspn(words + length, " ");
    }
    return list;
}

static int run(struct cli *cli)
{
    static const struct {
        const char *shell;
        void (*write)(const struct cli *cli, FILE *out);
    } scripts[] = {
        {"bash", cli_completion_bash}, {"zsh", cli_completion_zsh}, {"fish", cli_completion_fish}};

    for (size_t i = 0; i < ARRAY_LENGTH(scripts); i++) {
        if (!str_equal(cli->args[0], scripts[i].shell))
            continue;
        scripts[i].write(cli, cli->out);
        return MLOPS_OK;
    }
    mlops_fail(&cli->err, MLOPS_INVALID, "there are no completions for '%s'", cli->args[0]);
    return mlops_hint(&cli->err, "the shells are bash, zsh and fish");
}

const struct command command_completion = {
    .name = "completion",
    .summary = "print the completions for bash, zsh or fish",
    .synopsis = "SHELL",
    .description = "Commands, options, and from the registry models, versions and stages. Where "
                   "mlops is installed, shells find them by themselves.",
    .group = GROUP_HELP,
    .args = {{"SHELL", COMPLETE_SHELL, NULL}},
    .examples = {{"source <(mlops completion bash)", "for this bash"},
                 {"mlops completion zsh > ~/.zfunc/_mlops", "for zsh, in a folder of its fpath"},
                 {"mlops completion fish > ~/.config/fish/completions/mlops.fish", "for fish"}},
    .run = run,
};
