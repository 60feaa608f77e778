/* cmd/cli_help.c - help for people, written from the tables. */
#include "cli.h"
#include <unistd.h>

#define INDENT 2
#define WIDTH_MAX 96
#define TERM_WIDTH 24 /* a longer term stands on a line of its own */

const char cli_about[] = "Takes a model from a folder to production and keeps watch over it there.";

const char *const cli_group_titles[GROUP_COUNT] = {
    [GROUP_MAKE] = "Package and register",
    [GROUP_LOOK] = "Look",
    [GROUP_RELEASE] = "Test and release",
    [GROUP_WATCH] = "Watch",
    [GROUP_LOOK_AFTER] = "Look after the registry",
    [GROUP_HELP] = "Help",
};

const struct command_exit cli_exit_codes[] = {
    {0, "done, and the answer is good"},
    {1, "done, and the answer is no: drift found, a test failed, a gate refused"},
    {2, "used wrongly"},
    {3, "not there: no such model, version, file, registry"},
    {4, "somebody else was first"},
    {5, "integrity: a damaged object, a broken log"},
    {6, "the system failed: I/O, disk full, output that cannot be written"},
    {128, "stopped by signal n"},
    {0},
};

const struct command_variable cli_variables[] = {
    {"MLOPS_REGISTRY", "the registry to use where --registry does not say"},
    {"MLOPS_ACTOR", "who is recorded in the log, such as alice@example.org (default: user@host)"},
    {"NO_COLOR", "when set, no colours unless --color asks for them"},
    {"PAGER", "what shows long output on a terminal (default: less)"},
    {NULL, NULL},
};

const char cli_reference_help[] =
    "REF names a version: fraud (the newest), fraud@12, fraud@production (what the stage holds), "
    "fraud@production~1 (what it held before), or sha256: and 8 or more digits of a bundle's id.";

char *cli_exit_term(const struct command_exit *exit)
{
    return cli_format(exit->code == MLOPS_CANCELLED ? "%d+n" : "%d", exit->code);
}

static size_t help_width(void)
{
    size_t width = cli_terminal_width(STDOUT_FILENO);
    return width > WIDTH_MAX ? WIDTH_MAX : width < 40 ? 40 : width;
}

static void title(const struct cli *cli, FILE *out, const char *text)
{
    fprintf(out, "\n%s%s:%s\n", cli_on(cli, STYLE_BOLD), text, cli_off(cli, STYLE_BOLD));
}

/* "  term      text", the text in a column of its own. */
static void entry(FILE *out, const char *term, size_t term_width, const char *text)
{
    size_t column = INDENT + term_width + 2, length = 0;
    char *filled = NULL;
    FILE *memory = open_memstream(&filled, &length);

    if (!memory)
        abort();
    cli_wrap(memory, text, column, help_width());
    if (fclose(memory) != 0)
        abort();
    fprintf(out, "%*s%s", INDENT, "", term);
    if (strlen(term) > term_width)
        fprintf(out, "\n%s", filled);
    else
        fprintf(out, "%*s%s", (int)(column - INDENT - strlen(term)), "", filled + column);
    free(filled);
}

/* ---- options -------------------------------------------------------------------------------- */

/* "-n, --limit COUNT"; the caller frees. */
static char *option_term(const struct command_option *option)
{
    const char *argument = option->argument ? option->argument : "";
    const char *blank = option->argument ? " " : "";

    if (option->letter)
        return cli_format("-%c, --%s%s%s", option->letter, option->name, blank, argument);
    return cli_format("    --%s%s%s", option->name, blank, argument);
}

static void options(FILE *out, const struct command_option *list)
{
    size_t width = 0;

    for (const struct command_option *o = list; o->name; o++) {
        _cleanup_(free_string) char *term = option_term(o);
        if (strlen(term) > width && strlen(term) <= TERM_WIDTH)
            width = strlen(term);
    }
    for (const struct command_option *o = list; o->name; o++) {
        _cleanup_(free_string) char *term = option_term(o);
        _cleanup_(free_string) char *text =
            cli_format("%s%s%s", o->help, o->required ? " (required)" : "",
                       o->kind == OPTION_LIST ? "; may be given more than once" : "");
        entry(out, term, width, text);
    }
}

/* ---- one command ---------------------------------------------------------------------------- */

static bool takes_reference(const struct command *command)
{
    for (size_t i = 0; i < COMMAND_ARGUMENTS; i++)
        if (command->args[i].completion & COMPLETE_REF)
            return true;
    for (size_t i = 0; command->options[i].name; i++)
        if (command->options[i].completion & COMPLETE_REF)
            return true;
    return false;
}

static void sentence(FILE *out, const char *text)
{
    fprintf(out, "%c%s.\n", *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, text + 1);
}

static void exits(const struct cli *cli, const struct command *command, FILE *out)
{
    if (!command->exits[0].meaning)
        return;
    title(cli, out, "Exit status");
    for (size_t i = 0; i < COMMAND_EXITS && command->exits[i].meaning; i++) {
        _cleanup_(free_string) char *term = cli_exit_term(&command->exits[i]);
        entry(out, term, 1, command->exits[i].meaning);
    }
}

static void fields(const struct cli *cli, const struct command *command, FILE *out)
{
    size_t width = 0;

    if (!command->json[0].path)
        return;
    title(cli, out, "With --json");
    for (size_t i = 0; i < COMMAND_FIELDS && command->json[i].path; i++)
        if (strlen(command->json[i].path) > width)
            width = strlen(command->json[i].path);
    for (size_t i = 0; i < COMMAND_FIELDS && command->json[i].path; i++) {
        const struct command_field *field = &command->json[i];
        bool null = field->type[strlen(field->type) - 1] == '?';
        _cleanup_(free_string) char *text =
            cli_format("%.*s%s: %s", (int)(strlen(field->type) - null), field->type,
                       null ? " or null" : "", field->meaning);
        entry(out, field->path, width, text);
    }
}

void cli_help_command(const struct cli *cli, const struct command *command, FILE *out)
{
    sentence(out, command->summary);
    title(cli, out, "Usage");
    fprintf(out, "  mlops %s%s%s%s\n", command->name, command->options[0].name ? " [OPTIONS]" : "",
            command->synopsis ? " " : "", command->synopsis ? command->synopsis : "");
    if (command->description) {
        fputc('\n', out);
        cli_wrap(out, command->description, 0, help_width());
    }
    if (takes_reference(command)) {
        fputc('\n', out);
        cli_wrap(out, cli_reference_help, 0, help_width());
    }
    if (command->options[0].name) {
        title(cli, out, "Options");
        options(out, command->options);
    }
    if (command->examples[0].line)
        title(cli, out, "Examples");
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i].line; i++)
        fprintf(out, "%s  %s# %s%s\n  %s\n", i ? "\n" : "", cli_on(cli, STYLE_DIM),
                command->examples[i].what, cli_off(cli, STYLE_DIM), command->examples[i].line);
    exits(cli, command, out);
    fields(cli, command, out);
    fprintf(out, "\nThe options of every command and all exit codes: mlops help\n");
}

/* ---- the overview --------------------------------------------------------------------------- */

void cli_help_overview(const struct cli *cli, FILE *out)
{
    fprintf(out, "%s\n", cli_about);
    title(cli, out, "Usage");
    fprintf(out, "  mlops [OPTIONS] COMMAND [ARGUMENTS]\n");
    for (enum command_group group = GROUP_HIDDEN + 1; group < GROUP_COUNT; group++) {
        title(cli, out, cli_group_titles[group]);
        for (size_t i = 0; cli->commands[i]; i++)
            if (cli->commands[i]->group == group)
                entry(out, cli->commands[i]->name, 10, cli->commands[i]->summary);
    }
    title(cli, out, "Options of every command");
    options(out, cli_global_options);
    title(cli, out, "References");
    cli_wrap(out, cli_reference_help, INDENT, help_width());
    title(cli, out, "Environment");
    for (const struct command_variable *variable = cli_variables; variable->name; variable++)
        entry(out, variable->name, 14, variable->meaning);
    title(cli, out, "Exit status");
    for (const struct command_exit *exit = cli_exit_codes; exit->meaning; exit++) {
        _cleanup_(free_string) char *term = cli_exit_term(exit);
        entry(out, term, 5, exit->meaning);
    }
    fputc('\n', out);
    cli_wrap(out,
             "'mlops help COMMAND' says more about one. A command that is not built in is looked "
             "for on PATH as mlops-COMMAND.",
             0, help_width());
}

/* ---- the tables as JSON --------------------------------------------------------------------- */

static const char *kind_name(enum option_kind kind)
{
    static const char *const names[] = {
        [OPTION_FLAG] = "flag",     [OPTION_TEXT] = "text",     [OPTION_LIST] = "list",
        [OPTION_COUNT] = "count",   [OPTION_NUMBER] = "number", [OPTION_DURATION] = "duration",
        [OPTION_CHOICE] = "choice",
    };
    return names[kind];
}

static cJSON *options_json(const struct command_option *list)
{
    cJSON *array = cli_json_array();

    for (; list->name; list++) {
        char letter[] = {list->letter, '\0'};
        cJSON *option = cli_json_object();
        cli_json_text(option, "name", list->name);
        cli_json_text_or_null(option, "letter", letter);
        cli_json_text(option, "kind", kind_name(list->kind));
        cli_json_text(option, "argument", list->argument);
        cli_json_bool(option, "required", list->required);
        cli_json_text(option, "words", list->words);
        cli_json_text(option, "help", list->help);
        cli_json_push(array, option);
    }
    return array;
}

static cJSON *arguments_json(const struct command *command)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < COMMAND_ARGUMENTS && command->args[i].name; i++) {
        cJSON *argument = cli_json_object();
        cli_json_text(argument, "name", command->args[i].name);
        cli_json_bool(argument, "optional", command->args[i].completion & OPTIONAL);
        cli_json_bool(argument, "repeated", command->args[i].completion & REPEATED);
        cli_json_push(array, argument);
    }
    return array;
}

static cJSON *examples_json(const struct command *command)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i].line; i++) {
        cJSON *example = cli_json_object();
        cli_json_text(example, "line", command->examples[i].line);
        cli_json_text(example, "what", command->examples[i].what);
        cli_json_push(array, example);
    }
    return array;
}

static cJSON *fields_json(const struct command *command)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < COMMAND_FIELDS && command->json[i].path; i++) {
        const struct command_field *from = &command->json[i];
        bool null = from->type[strlen(from->type) - 1] == '?';
        _cleanup_(free_string) char *type = cli_copy(from->type, strlen(from->type) - null);
        cJSON *field = cli_json_object();
        cli_json_text(field, "path", from->path);
        cli_json_text(field, "type", type);
        cli_json_bool(field, "null", null);
        cli_json_text(field, "meaning", from->meaning);
        cli_json_push(array, field);
    }
    return array;
}

cJSON *cli_help_json(const struct command *command)
{
    if (!command)
        return options_json(cli_global_options);
    cJSON *document = cli_json_object();
    cli_json_text(document, "name", command->name);
    cli_json_text(document, "summary", command->summary);
    cli_json_text(document, "synopsis", command->synopsis);
    cli_json_text(document, "description", command->description);
    cli_json_add(document, "arguments", arguments_json(command));
    cli_json_add(document, "options", options_json(command->options));
    cli_json_add(document, "examples", examples_json(command));
    cli_json_add(document, "json", fields_json(command));
    return document;
}
