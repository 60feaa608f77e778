/* cmd/cli_options.c - the options that every command has, and asking for what was given. */
#include "cli.h"
#include <stdlib.h>

const struct command_option cli_global_options[] = {
    {.name = "directory",
     .letter = 'C',
     .kind = OPTION_LIST,
     .argument = "DIR",
     .help = "do as if started in DIR",
     .completion = COMPLETE_DIRECTORY},
    {.name = "registry",
     .kind = OPTION_TEXT,
     .argument = "R",
     .help = "use the registry R, not the nearest .mlops of this folder and those above",
     .completion = COMPLETE_DIRECTORY},
    {.name = "json", .help = "print one JSON document, also for a failure"},
    {.name = "quiet", .letter = 'q', .help = "print only what was asked for, and errors"},
    {.name = "verbose", .letter = 'v', .help = "print more"},
    {.name = "color",
     .kind = OPTION_CHOICE,
     .argument = "WHEN",
     .help = "colour: auto (on terminals), always or never",
     .words = "auto always never"},
    {.name = "lock-timeout",
     .kind = OPTION_DURATION,
     .argument = "DURATION",
     .help = "how long to wait for others who write, such as 500ms or 2m (default: 30s)"},
    {.name = "version", .help = "print the version of mlops"},
    {.name = "help", .letter = 'h', .help = "print help"},
    {0},
};

static const struct command_option *find_in(const struct command_option *options, const char *name,
                                            size_t length)
{
    for (; options->name; options++)
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

const struct command_option *cli_option_find(const struct cli *cli, const char *name, size_t length)
{
    const struct command_option *found = NULL;
    if (cli->command)
        found = find_in(cli->command->options, name, length);
    return found ? found : find_in(cli_global_options, name, length);
}

static const struct command_option *find_letter_in(const struct command_option *options,
                                                   char letter)
{
    for (; options->name; options++)
        if (options->letter == letter)
            return options;
    return NULL;
}

const struct command_option *cli_option_find_letter(const struct cli *cli, char letter)
{
    const struct command_option *found = NULL;
    if (cli->command)
        found = find_letter_in(cli->command->options, letter);
    return found ? found : find_letter_in(cli_global_options, letter);
}

/* The last one given of that name; NULL: none. */
static const struct given_option *given(const struct cli *cli, const char *name)
{
    const struct command_option *option = cli_option_find(cli, name, strlen(name));
    if (!option) {
        fprintf(stderr, "mlops: no table has an option called '%s'\n", name);
        abort();
    }
    for (size_t i = cli->given_count; i-- > 0;)
        if (cli->given[i].option == option)
            return &cli->given[i];
    return NULL;
}

bool cli_flag(const struct cli *cli, const char *name)
{
    const struct given_option *option = given(cli, name);
    return option && option->option->kind == OPTION_FLAG && option->on; /* others may have its name */
}

const char *cli_text(const struct cli *cli, const char *name)
{
    const struct given_option *option = given(cli, name);
    return option ? option->text : NULL;
}

const char *cli_text_or_environment(const struct cli *cli, const char *name, const char *variable)
{
    const char *given = cli_text(cli, name), *named = getenv(variable);
    return given ? given : named && *named ? named : NULL;
}

int64_t cli_whole(const struct cli *cli, const char *name)
{
    const struct given_option *option = given(cli, name);
    return option ? option->whole : 0;
}

int cli_byte(struct cli *cli, const char *name, char *byte)
{
    const char *given = cli_text(cli, name);
    *byte = '\0';
    return !given || mlops_byte_parse(given, byte)
               ? MLOPS_OK
               : mlops_fail(&cli->err, MLOPS_INVALID, "--%s takes one character, not '%s'", name,
                            given);
}

double cli_number(const struct cli *cli, const char *name)
{
    const struct given_option *option = given(cli, name);
    return option ? option->number : 0;
}

const char **cli_list(const struct cli *cli, const char *name)
{
    const struct given_option *last = given(cli, name);
    if (!last)
        return NULL;
    const char **texts = cli_allocate(cli->given_count + 1, sizeof(*texts));
    size_t count = 0;
    for (size_t i = 0; i < cli->given_count; i++)
        if (cli->given[i].option == last->option)
            texts[count++] = cli->given[i].text;
    return texts;
}
