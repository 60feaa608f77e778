/*
 * cmd/cli_parse.c - the command line read as the tables say.
 *
 * Options may stand before and after the command and between its arguments: --name VALUE,
 * --name=VALUE, -nVALUE, -n VALUE, short flags in one word, --no-name for a flag; "--" ends them.
 */
#include "cli.h"
#include <errno.h>
#include <math.h>
#include <unistd.h>

/* What is left to read. */
struct reader {
    char **words;   /* NULL-terminated */
    bool arguments; /* "--" was seen: no options any more */
};

/* ---- wrong use ------------------------------------------------------------------------------ */

static int hint_at_help(struct cli *cli)
{
    if (cli->command)
        return mlops_hint(&cli->err, "'mlops %s --help' says what it takes", cli->command->name);
    return mlops_hint(&cli->err, "'mlops help' lists the commands and options");
}

static int fail_unknown_option(struct cli *cli, const char *name, size_t length)
{
    const char *names[COMMAND_OPTIONS + 16];
    size_t count = 0;
    _cleanup_(free_string) char *word = cli_copy(name, length);

    for (size_t i = 0; cli->command && cli->command->options[i].name; i++)
        names[count++] = cli->command->options[i].name;
    for (size_t i = 0; cli_global_options[i].name; i++)
        names[count++] = cli_global_options[i].name;
    names[count] = NULL;
    const char *near = mlops_suggest(word, names);
    mlops_fail(&cli->err, MLOPS_INVALID, "unknown option '--%s'", word);
    return near ? mlops_hint(&cli->err, "did you mean '--%s'?", near) : hint_at_help(cli);
}

/* ---- values --------------------------------------------------------------------------------- */

static bool among(const char *words, const char *word)
{
    size_t length = strlen(word);
    while (*words) {
        size_t here = strcspn(words, " ");
        if (here == length && memcmp(words, word, length) == 0)
            return true;
        words += here + strspn(words + here, " ");
    }
    return false;
}

static int read_value(struct cli *cli, struct given_option *given)
{
    const char *text = given->text, *name = given->option->name;
    char *end = NULL;

    switch (given->option->kind) {
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_LIST:
        return MLOPS_OK;
    case OPTION_COUNT:
        errno = 0;
        given->whole = strtoll(text, &end, 10);
        if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && given->whole > 0)
            return MLOPS_OK;
        mlops_fail(&cli->err, MLOPS_INVALID, "--%s: '%s' is not a whole number of at least 1", name,
                   text);
        return hint_at_help(cli);
    case OPTION_NUMBER:
        given->number = strtod(text, &end);
        if (end != text && *end == '\0' && isfinite(given->number) && given->number > 0)
            return MLOPS_OK;
        mlops_fail(&cli->err, MLOPS_INVALID, "--%s: '%s' is not a number above 0", name, text);
        return hint_at_help(cli);
    case OPTION_DURATION:
        return mlops_duration_parse(text, &given->whole, &cli->err)
                   ? mlops_wrap(&cli->err, "--%s", name)
                   : MLOPS_OK;
    case OPTION_CHOICE:
        if (among(given->option->words, text))
            return MLOPS_OK;
        mlops_fail(&cli->err, MLOPS_INVALID, "--%s: '%s' is none of: %s", name, text,
                   given->option->words);
        return hint_at_help(cli);
    }
    return MLOPS_OK;
}

static int give(struct cli *cli, const struct command_option *option, const char *text, bool on)
{
    cli->given = cli_reallocate(cli->given, cli->given_count + 1, sizeof(*cli->given));
    struct given_option *given = &cli->given[cli->given_count];
    *given = (struct given_option){.option = option, .text = text, .on = on};
    TRY(read_value(cli, given));
    cli->given_count++;
    return MLOPS_OK;
}

/* ---- options -------------------------------------------------------------------------------- */

static int fail_no_value(struct cli *cli, const struct command_option *option, const char *shown)
{
    mlops_fail(&cli->err, MLOPS_INVALID, "%s needs %s", shown, option->argument);
    return hint_at_help(cli);
}

/* "--name", "--name=value", "--no-name". */
static int read_long(struct cli *cli, struct reader *reader, const char *word)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const struct command_option *option = cli_option_find(cli, name, length);
    bool on = true;

    if (!option && length > 3 && str_starts(name, "no-")) {
        option = cli_option_find(cli, name + 3, length - 3);
        on = false;
        if (option && option->kind != OPTION_FLAG)
            option = NULL;
    }
    if (!option)
        return fail_unknown_option(cli, name, length);
    if (option->kind == OPTION_FLAG) {
        if (!value)
            return give(cli, option, NULL, on);
        mlops_fail(&cli->err, MLOPS_INVALID, "--%.*s takes no value", (int)length, name);
        return mlops_hint(&cli->err, "write --%s or --no-%s", option->name, option->name);
    }
    if (!value && !(value = *reader->words))
        return fail_no_value(cli, option, word);
    if (value == *reader->words)
        reader->words++;
    return give(cli, option, value, true);
}

/* "-v", "-qv", "-n 5", "-n5", "-qn5". */
static int read_letters(struct cli *cli, struct reader *reader, const char *word)
{
    for (const char *c = word + 1; *c; c++) {
        const struct command_option *option = cli_option_find_letter(cli, *c);
        char shown[] = {'-', *c, '\0'};
        if (!option) {
            if (c == word + 1)
                mlops_fail(&cli->err, MLOPS_INVALID, "unknown option '%s'", word);
            else
                mlops_fail(&cli->err, MLOPS_INVALID, "unknown option '-%c' in '%s'", *c, word);
            return hint_at_help(cli);
        }
        if (option->kind == OPTION_FLAG) {
            TRY(give(cli, option, NULL, true));
            continue;
        }
        if (c[1])
            return give(cli, option, c + 1, true);
        if (!*reader->words)
            return fail_no_value(cli, option, shown);
        return give(cli, option, *reader->words++, true);
    }
    return MLOPS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* -C, one after another, as git does. */
static int enter_directory(struct cli *cli)
{
    const char **folders = cli_list(cli, "directory");
    int code = MLOPS_OK;

    for (size_t i = 0; folders && folders[i] && code == MLOPS_OK; i++)
        if (*folders[i] && chdir(folders[i]) != 0)
            code = mlops_fail_errno(&cli->err, 0, errno, "-C %s", folders[i]);
    free(folders);
    return code;
}

static int read_words(struct cli *cli, struct reader *reader)
{
    while (*reader->words) {
        char *word = *reader->words++;
        if (!reader->arguments && str_equal(word, "--")) {
            reader->arguments = true;
        } else if (!reader->arguments && str_starts(word, "--")) {
            TRY(read_long(cli, reader, word));
        } else if (!reader->arguments && word[0] == '-' && word[1] != '\0') {
            TRY(read_letters(cli, reader, word));
        } else if (cli->command) {
            cli->args[cli->arg_count++] = word;
        } else {
            cli->command = cli_command_find(cli, word);
            reader->arguments = false;
            if (!cli->command) {
                TRY(enter_directory(cli));
                return cli_external(cli, reader->words - 1);
            }
        }
    }
    return MLOPS_OK;
}

/* Go on as another command, with at most one argument. */
static void become(struct cli *cli, const char *command, const char *argument)
{
    cli->command = cli_command_find(cli, command);
    cli->arg_count = 0;
    if (argument)
        cli->args[cli->arg_count++] = (char *)(uintptr_t)argument;
}

static int check_arguments(struct cli *cli)
{
    const struct command *command = cli->command;
    size_t least = 0, most = 0;

    for (; most < COMMAND_ARGUMENTS && command->args[most].name; most++) {
        if (!(command->args[most].completion & OPTIONAL))
            least = most + 1;
        if (command->args[most].completion & REPEATED) {
            most = SIZE_MAX;
            break;
        }
    }
    if (cli->arg_count < least) {
        const struct command_argument *missing = &command->args[cli->arg_count];
        mlops_fail(&cli->err, MLOPS_INVALID, "%s is missing", missing->name);
        return mlops_hint(&cli->err, "usage: mlops %s %s%s%s", command->name, command->synopsis,
                          missing->words ? "; it can: " : "", missing->words ? missing->words : "");
    }
    if (cli->arg_count > most) {
        mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[most]);
        return mlops_hint(&cli->err, "usage: mlops %s%s%s", command->name,
                          command->synopsis ? " " : "", command->synopsis ? command->synopsis : "");
    }
    for (size_t i = 0; command->options[i].name; i++) {
        const struct command_option *option = &command->options[i];
        if (!option->required || cli_text(cli, option->name))
            continue;
        mlops_fail(&cli->err, MLOPS_INVALID, "--%s %s is missing", option->name, option->argument);
        return mlops_hint(&cli->err, "usage: mlops %s %s", command->name, command->synopsis);
    }
    return MLOPS_OK;
}

static int parse(struct cli *cli, char **words)
{
    TRY(read_words(cli, &(struct reader){.words = words}));
    if (cli_flag(cli, "version"))
        become(cli, "version", NULL);
    else if (cli_flag(cli, "help"))
        become(cli, "help", cli->command ? cli->command->name : NULL);
    else if (!cli->command)
        become(cli, "help", NULL);
    TRY(enter_directory(cli));
    return check_arguments(cli);
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
    cli->args = cli_allocate((size_t)argc + 2, sizeof(*cli->args));
    int code = parse(cli, argv + (argc > 0));
    cli->json = cli_flag(cli, "json");
    /* Whoever asked for JSON gets a failure as JSON, wherever on the line reading came to an
     * end. */
    for (int i = 1; code && i < argc && !str_equal(argv[i], "--"); i++)
        cli->json |= str_equal(argv[i], "--json");
    cli->quiet = cli_flag(cli, "quiet");
    cli->verbose = cli_flag(cli, "verbose");
    return code;
}
