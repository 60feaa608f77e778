/* cmd/completion_zsh.c - the completions for zsh, written from the tables. */
#include "cli.h"

static const char machinery[] = "# Candidates from the given sources.\n"
                                "_mlops_from() {\n"
                                "    local source ret=1\n"
                                "    local -a found\n"
                                "    for source; do\n"
                                "        case $source in\n"
                                "        +*) compadd -- ${source#+} && ret=0 ;;\n"
                                "        file) _files && ret=0 ;;\n"
                                "        directory) _files -/ && ret=0 ;;\n"
                                "        command) _mlops_commands && ret=0 ;;\n"
                                "        *)\n"
                                "            found=(${(f)\"$($_mlops_program __complete -- $source "
                                "${(Q)PREFIX} 2>/dev/null)\"})\n"
                                "            compadd -a found && ret=0\n"
                                "            ;;\n"
                                "        esac\n"
                                "    done\n"
                                "    return ret\n"
                                "}\n"
                                "\n";

static const char body[] =
    "_mlops() {\n"
    "    local curcontext=$curcontext state line ret=1\n"
    "    local -a _mlops_program=($words[1])\n"
    "    typeset -A opt_args\n"
    "    _arguments -C $_mlops_global '1: :_mlops_commands' '*:: :->command' && ret=0\n"
    "    [[ $state == command ]] || return ret\n"
    "    local option\n"
    "    for option in -C --directory --registry; do\n"
    "        [[ -n $opt_args[$option] ]] && _mlops_program+=($option ${(Q)opt_args[$option]})\n"
    "    done\n"
    "    case $words[1] in\n";

/* Within single quotes, as the text of an _arguments specification. */
static void escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

/* ":NAME: _mlops_from ref model"; the blank keeps _arguments from adding words of its own. */
static void action(FILE *out, const char *name, unsigned completion, const char *words)
{
    _cleanup_(free_string) char *sources = cli_completion_sources(completion, words);

    fputc(':', out);
    escaped(out, name);
    fputs(": ", out);
    if (*sources)
        fprintf(out, "_mlops_from %s", sources);
}

static void option_spec(FILE *out, const char *indent, const struct command_option *option)
{
    const char *mark = option->argument ? "+" : "", *equals = option->argument ? "=" : "";
    bool alone = str_equal(option->name, "help") || str_equal(option->name, "version");
    /* what it may not stand beside; "*": it may be given again */
    _cleanup_(free_string) char *lead = option->kind == OPTION_LIST ? cli_format("*")
                                        : alone                     ? cli_format("(- *)")
                                        : option->letter
                                            ? cli_format("(-%c --%s)", option->letter, option->name)
                                            : cli_format("(--%s)", option->name);

    if (option->letter)
        fprintf(out, "%s'%s'{-%c%s,--%s%s}'[", indent, lead, option->letter, mark, option->name,
                equals);
    else
        fprintf(out, "%s'%s--%s%s[", indent, lead, option->name, equals);
    escaped(out, option->help);
    fputc(']', out);
    if (option->argument)
        action(out, option->argument, option->completion, option->words);
    fputs("'", out);
}

static void command_case(FILE *out, const struct command *command)
{
    fprintf(out, "    %s)\n        _arguments $_mlops_global", command->name);
    for (const struct command_option *o = command->options; o->name; o++)
        option_spec(out, " \\\n            ", o);
    for (size_t i = 0; i < COMMAND_ARGUMENTS && command->args[i].name; i++) {
        const struct command_argument *argument = &command->args[i];
        if (argument->completion & REPEATED)
            fputs(" \\\n            '*", out);
        else
            fprintf(out, " \\\n            '%zu%s", i + 1,
                    argument->completion & OPTIONAL ? ":" : "");
        action(out, argument->name, argument->completion, argument->words);
        fputs("'", out);
    }
    fputs(" && ret=0\n        ;;\n", out);
}

void cli_completion_zsh(const struct cli *cli, FILE *out)
{
    fputs("#compdef mlops\n# zsh completion for mlops, written by 'mlops completion zsh'\n\n"
          "_mlops_commands() {\n    local -a commands=(\n",
          out);
    for (size_t i = 0; cli->commands[i]; i++) {
        if (cli->commands[i]->group == GROUP_HIDDEN)
            continue;
        fprintf(out, "        '%s:", cli->commands[i]->name);
        escaped(out, cli->commands[i]->summary);
        fputs("'\n", out);
    }
    fputs("    )\n    _describe -t commands command commands\n}\n\n", out);
    fputs("typeset -ga _mlops_global=(\n", out);
    for (const struct command_option *o = cli_global_options; o->name; o++) {
        option_spec(out, "    ", o);
        fputc('\n', out);
    }
    fputs(")\n\n", out);
    fputs(machinery, out);
    fputs(body, out);
    for (size_t i = 0; cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            command_case(out, cli->commands[i]);
    fputs("    esac\n    return ret\n}\n\n"
          "if [[ $funcstack[1] == _mlops ]]; then\n    _mlops \"$@\"\nelse\n    compdef _mlops "
          "mlops\n"
          "fi\n",
          out);
}
