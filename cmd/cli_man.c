/* cmd/cli_man.c - manual pages in roff (man macros), written from the tables. */
#include "cli.h"
#include <ctype.h>
#include <errno.h>

/* Text as roff shows it: what is typed must come out as the very characters. */
static void roff(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool start = i == 0 || text[i - 1] == '\n';
        if (start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", out);
        switch (text[i]) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        default:
            fputc(text[i], out);
        }
    }
}

static void line(FILE *out, const char *text)
{
    roff(out, text, strlen(text));
    fputc('\n', out);
}

static void paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        fputs(*text == ' ' ? ".PP\n.EX\n" : ".PP\n", out);
        roff(out, text, length);
        fputs(*text == ' ' ? "\n.EE\n" : "\n", out);
        text += length + (end ? 2 : 0);
    }
}

static void heading(FILE *out, const char *name)
{
    char upper[64] = "";
    for (size_t i = 0; name[i] && i + 1 < sizeof(upper); i++)
        upper[i] = (char)toupper((unsigned char)name[i]);
    fprintf(out, ".TH \"%s\" \"1\" \"\" \"mlops %s\" \"mlops manual\"\n", upper,
            mlops_library_version());
    /* no hyphenation, no stretching: commands stay as they are typed */
    fputs(".nh\n.ad l\n", out);
}

static void options(FILE *out, const struct command_option *list)
{
    for (; list->name; list++) {
        fputs(".TP\n", out);
        if (list->letter)
            fprintf(out, "\\fB\\-%c\\fR, ", list->letter);
        fputs("\\fB\\-\\-", out);
        roff(out, list->name, strlen(list->name));
        fputs("\\fR", out);
        if (list->argument)
            fputs(" \\fI", out);
        if (list->argument)
            roff(out, list->argument, strlen(list->argument));
        fputs(list->argument ? "\\fR\n" : "\n", out);
        roff(out, list->help, strlen(list->help));
        fputs(list->required ? " (required)" : "", out);
        fputs(list->kind == OPTION_LIST ? "; may be given more than once\n" : "\n", out);
    }
}

static void terms(FILE *out, const char *term, const char *text)
{
    fputs(".TP\n\\fB", out);
    roff(out, term, strlen(term));
    fputs("\\fR\n", out);
    line(out, text);
}

static void exits(FILE *out, const struct command_exit *list, size_t most)
{
    for (size_t i = 0; i < most && list[i].meaning; i++) {
        _cleanup_(free_string) char *code = cli_exit_term(&list[i]);
        terms(out, code, list[i].meaning);
    }
}

static void command_page(FILE *out, const struct command *command)
{
    _cleanup_(free_string) char *name = cli_format("mlops-%s", command->name);

    heading(out, name);
    fputs(".SH NAME\n", out);
    roff(out, name, strlen(name));
    fputs(" \\- ", out);
    line(out, command->summary);
    fputs(".SH SYNOPSIS\n\\fBmlops ", out);
    roff(out, command->name, strlen(command->name));
    fputs(command->options[0].name ? "\\fR [\\fIOPTIONS\\fR] " : "\\fR ", out);
    line(out, command->synopsis ? command->synopsis : "");
    if (command->description) {
        fputs(".SH DESCRIPTION\n", out);
        paragraphs(out, command->description);
    }
    if (command->options[0].name)
        fputs(".SH OPTIONS\n", out);
    options(out, command->options);
    if (command->examples[0].line)
        fputs(".SH EXAMPLES\n", out);
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i].line; i++)
        terms(out, command->examples[i].line, command->examples[i].what);
    fputs(".SH \"EXIT STATUS\"\n", out);
    if (!command->exits[0].meaning)
        fputs("As \\fBmlops\\fR(1) says.\n", out);
    exits(out, command->exits, COMMAND_EXITS);
    if (command->json[0].path)
        fputs(".SH JSON\nMembers of the document that \\fB\\-\\-json\\fR prints; others may stand "
              "beside them.\n",
              out);
    for (size_t i = 0; i < COMMAND_FIELDS && command->json[i].path; i++) {
        const struct command_field *field = &command->json[i];
        bool null = field->type[strlen(field->type) - 1] == '?';
        _cleanup_(free_string) char *text =
            cli_format("%.*s%s: %s", (int)(strlen(field->type) - null), field->type,
                       null ? " or null" : "", field->meaning);
        terms(out, field->path, text);
    }
    fputs(".SH \"SEE ALSO\"\n\\fBmlops\\fR(1), for the options of every command, references and "
          "environment\n",
          out);
}

static void main_page(FILE *out, const struct cli *cli)
{
    heading(out, "mlops");
    fputs(".SH NAME\nmlops \\- from a model in a folder to production, and a watch over it there\n"
          ".SH SYNOPSIS\n\\fBmlops\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
          ".SH DESCRIPTION\n",
          out);
    line(out, cli_about);
    paragraphs(out, "It packages a model with everything that made it, keeps every version in a "
                    "content-addressed registry, tests it, lets it into production only through "
                    "gates, takes it back, and notices when the world drifts away from what it "
                    "learnt.");
    paragraphs(out, "A command that is not built in is looked for on PATH as mlops-COMMAND.");
    fputs(".SH COMMANDS\n", out);
    for (enum command_group group = GROUP_HIDDEN + 1; group < GROUP_COUNT; group++) {
        fprintf(out, ".SS \"%s\"\n", cli_group_titles[group]);
        for (size_t i = 0; cli->commands[i]; i++) {
            if (cli->commands[i]->group != group)
                continue;
            _cleanup_(free_string) char *name = cli_format("mlops-%s(1)", cli->commands[i]->name);
            terms(out, name, cli->commands[i]->summary);
        }
    }
    fputs(".SH OPTIONS\nThey may stand before and after the command. Every option without an "
          "argument has a negative: \\fB\\-\\-no\\-quiet\\fR.\n",
          out);
    options(out, cli_global_options);
    fputs(".SH REFERENCES\n", out);
    line(out, cli_reference_help);
    fputs(".SH \"EXIT STATUS\"\n", out);
    exits(out, cli_exit_codes, SIZE_MAX);
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct command_variable *variable = cli_variables; variable->name; variable++)
        terms(out, variable->name, variable->meaning);
    fputs(".SH FILES\n", out);
    terms(out, "mlops.yaml", "the project file, beside the model's code");
    terms(out, ".mlops", "the registry: versions, stages and log, and every object");
}

/* `command` NULL: the main page. */
static int write_page(struct cli *cli, const char *directory, const struct command *command)
{
    _cleanup_(free_string) char *path = command
                                            ? cli_format("%s/mlops-%s.1", directory, command->name)
                                            : cli_format("%s/mlops.1", directory);
    FILE *out = fopen(path, "we");

    if (!out)
        return mlops_fail_errno(&cli->err, 0, errno, "write %s", path);
    if (command)
        command_page(out, command);
    else
        main_page(out, cli);
    bool failed = ferror(out);
    if (fclose(out) != 0 || failed)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write %s", path);
    return MLOPS_OK;
}

int cli_write_manual(struct cli *cli, const char *directory)
{
    TRY(write_page(cli, directory, NULL));
    for (size_t i = 0; cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            TRY(write_page(cli, directory, cli->commands[i]));
    return MLOPS_OK;
}
