/* cmd/completion_fish.c - the completions for fish, written from the tables. */
#include "cli.h"

static const char machinery[] =
    "# Sets __mlops_command to the command on the line, __mlops_index to how many of its "
    "arguments\n"
    "# stand before the cursor, __mlops_registry to the options that choose a registry.\n"
    "function __mlops_read\n"
    "    set -g __mlops_command\n"
    "    set -g __mlops_index 0\n"
    "    set -g __mlops_registry\n"
    "    set -l option\n"
    "    set -l ended no\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1]\n"
    "    for word in $words\n"
    "        if test -n \"$option\"\n"
    "            contains -- $option -C --directory --registry\n"
    "            and set -a __mlops_registry $option $word\n"
    "            set option\n"
    "        else if test $ended = no -a \"$word\" = --\n"
    "            set ended yes\n"
    "        else if test $ended = no; and string match -q -- '-*' $word\n"
    "            string match -q -r -- '^--(directory|registry)=' $word\n"
    "            and set -a __mlops_registry $word\n"
    "            contains -- \"$__mlops_command:$word\" $__mlops_valued\n"
    "            or contains -- \"*:$word\" $__mlops_valued\n"
    "            and set option $word\n"
    "        else if test -z \"$__mlops_command\"\n"
    "            set __mlops_command $word\n"
    "        else\n"
    "            set __mlops_index (math $__mlops_index + 1)\n"
    "        end\n"
    "    end\n"
    "end\n"
    "\n"
    "# Is the command still to come?\n"
    "function __mlops_before\n"
    "    __mlops_read\n"
    "    test -z \"$__mlops_command\"\n"
    "end\n"
    "\n"
    "# COMMAND [INDEX]: is it that command, and its argument of that index?\n"
    "function __mlops_in\n"
    "    __mlops_read\n"
    "    test \"$__mlops_command\" = \"$argv[1]\"\n"
    "    and test (count $argv) -lt 2 -o \"$__mlops_index\" = \"$argv[2]\"\n"
    "end\n"
    "\n"
    "# Candidates of the registry: ref, model or stage.\n"
    "function __mlops_ask\n"
    "    __mlops_read\n"
    "    set -l prefix (commandline -ct | string replace -r -- '^--[^=]*=' '')\n"
    "    set -l program (commandline -opc)[1]\n"
    "    $program $__mlops_registry __complete -- $argv[1] \"$prefix\" 2>/dev/null\n"
    "end\n"
    "\n"
    "complete -c mlops -f\n";

/* A single-quoted word of fish. */
static void quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

/* " -a '(…)'" for what is known of an argument; -F where files are among it. */
static void candidates(const struct cli *cli, FILE *out, unsigned completion, const char *words)
{
    static const enum completion asked[] = {COMPLETE_REF, COMPLETE_MODEL, COMPLETE_STAGE};
    const char *blank = "";

    if (completion & COMPLETE_FILE)
        fputs(" -F", out);
    if (completion & COMPLETE_SHELL)
        words = CLI_SHELLS;
    if (!words && !(completion & ~(unsigned)(COMPLETE_FILE | OPTIONAL | REPEATED)))
        return;
    fputs(" -a '", out);
    for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
        if (completion & asked[i]) {
            fprintf(out, "%s(__mlops_ask %s)", blank, cli_completion_name(asked[i]));
            blank = " ";
        }
    if (completion & COMPLETE_DIRECTORY) {
        fprintf(out, "%s(__fish_complete_directories)", blank);
        blank = " ";
    }
    for (size_t i = 0; (completion & COMPLETE_COMMAND) && cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN) {
            fprintf(out, "%s%s", blank, cli->commands[i]->name);
            blank = " ";
        }
    fprintf(out, "%s%s'", words ? blank : "", words ? words : "");
}

static void option_line(const struct cli *cli, FILE *out, const char *command,
                        const struct command_option *option)
{
    fputs("complete -c mlops", out);
    if (command)
        fprintf(out, " -n '__mlops_in %s'", command);
    if (option->letter)
        fprintf(out, " -s %c", option->letter);
    fprintf(out, " -l %s", option->name);
    if (option->argument) {
        fputs(option->completion & COMPLETE_FILE ? " -r" : " -x", out);
        candidates(cli, out, option->completion, option->words);
    }
    fputs(" -d ", out);
    quoted(out, option->help);
    fputc('\n', out);
}

/* "COMMAND:--option" of those that take an argument. */
static void valued(FILE *out, const char *command, const struct command_option *options)
{
    for (; options->name; options++) {
        if (!options->argument)
            continue;
        fprintf(out, " \\\n    '%s:--%s'", command, options->name);
        if (options->letter)
            fprintf(out, " '%s:-%c'", command, options->letter);
    }
}

static void command_lines(const struct cli *cli, FILE *out, const struct command *command)
{
    fprintf(out, "\ncomplete -c mlops -n __mlops_before -a %s -d ", command->name);
    quoted(out, command->summary);
    fputc('\n', out);
    for (const struct command_option *o = command->options; o->name; o++)
        option_line(cli, out, command->name, o);
    for (size_t i = 0; i < COMMAND_ARGUMENTS && command->args[i].name; i++) {
        unsigned completion = command->args[i].completion;
        if ((completion & ~(unsigned)(OPTIONAL | REPEATED)) == COMPLETE_NONE &&
            !command->args[i].words)
            continue;
        fprintf(out, "complete -c mlops -n '__mlops_in %s", command->name);
        if (!(completion & REPEATED))
            fprintf(out, " %zu", i);
        fputs("'", out);
        candidates(cli, out, completion, command->args[i].words);
        fputc('\n', out);
    }
}

void cli_completion_fish(const struct cli *cli, FILE *out)
{
    fputs("# fish completion for mlops, written by 'mlops completion fish'\n\n"
          "set -g __mlops_valued",
          out);
    valued(out, "*", cli_global_options);
    for (size_t i = 0; cli->commands[i]; i++)
        valued(out, cli->commands[i]->name, cli->commands[i]->options);
    fputs("\n\n", out);
    fputs(machinery, out);
    fputc('\n', out);
    for (const struct command_option *o = cli_global_options; o->name; o++)
        option_line(cli, out, NULL, o);
    for (size_t i = 0; cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            command_lines(cli, out, cli->commands[i]);
}
