/* cmd/completion_bash.c - the completions for bash, written from the tables. */
#include "cli.h"

/* What does not depend on the tables. Bash cuts words at '@', ':' and '=': they are put together
 * again, and what bash has seen as words of their own is taken off the candidates. */
static const char machinery[] =
    "# The words up to the cursor, whole.\n"
    "_mlops_words() {\n"
    "    local rest=$COMP_LINE i\n"
    "    words=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        if [[ $i -eq 0 || $rest == [[:space:]]* ]]; then\n"
    "            words+=(\"${COMP_WORDS[i]}\")\n"
    "        else\n"
    "            words[${#words[@]} - 1]+=${COMP_WORDS[i]}\n"
    "        fi\n"
    "        rest=${rest#\"${rest%%[![:space:]]*}\"}\n"
    "        rest=${rest#\"${COMP_WORDS[i]}\"}\n"
    "    done\n"
    "}\n"
    "\n"
    "# Candidates for $cur from the given sources.\n"
    "_mlops_fill() {\n"
    "    local source lead='' break\n"
    "    local -a found=()\n"
    "    for source in \"$@\"; do\n"
    "        case $source in\n"
    "        +*) mapfile -t -O ${#found[@]} found < <(compgen -W \"${source#+}\" -- \"$cur\") ;;\n"
    "        file)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O ${#found[@]} found < <(compgen -f -- \"$cur\")\n"
    "            ;;\n"
    "        directory)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O ${#found[@]} found < <(compgen -d -- \"$cur\")\n"
    "            ;;\n"
    "        command) mapfile -t -O ${#found[@]} found < <(compgen -W \"$_mlops_commands\" -- "
    "\"$cur\") ;;\n"
    "        *)\n"
    "            mapfile -t -O ${#found[@]} found < <(\n"
    "                \"${words[0]}\" \"${registry[@]}\" __complete -- \"$source\" \"$cur\" "
    "2>/dev/null\n"
    "            )\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    # A word of bash's own begins after ':' and '=', and at '@'.\n"
    "    for break in @ : =; do\n"
    "        if [[ $COMP_WORDBREAKS == *\"$break\"* && $cur == *\"$break\"* ]]; then\n"
    "            source=${cur%\"${cur##*\"$break\"}\"}\n"
    "            [[ $break == @ ]] && source=${source%@}\n"
    "            ((${#source} > ${#lead})) && lead=$source\n"
    "        fi\n"
    "    done\n"
    "    COMPREPLY=(\"${found[@]#\"$lead\"}\")\n"
    "}\n"
    "\n"
    "_mlops() {\n"
    "    local cur command='' pending='' ended='' index=0 i word\n"
    "    local -a words registry=() sources=()\n"
    "    COMPREPLY=()\n"
    "    _mlops_words\n"
    "    local last=$((${#words[@]} - 1))\n"
    "    cur=${words[last]}\n"
    "    for ((i = 1; i < last; i++)); do\n"
    "        word=${words[i]}\n"
    "        if [[ -z $ended && $word == -- ]]; then\n"
    "            ended=yes\n"
    "        elif [[ -z $ended && $word == -* ]]; then\n"
    "            [[ $word == --directory=* || $word == --registry=* ]] && registry+=(\"$word\")\n"
    "            _mlops_option \"$command\" \"$word\" || continue\n"
    "            pending=$word\n"
    "            ((++i < last)) || break\n"
    "            pending=\n"
    "            case $word in\n"
    "            -C | --directory | --registry) registry+=(\"$word\" \"${words[i]}\") ;;\n"
    "            esac\n"
    "        elif [[ -z $command ]]; then\n"
    "            command=$word\n"
    "        else\n"
    "            ((++index))\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $pending ]]; then\n"
    "        _mlops_option \"$command\" \"$pending\" && _mlops_fill \"${sources[@]}\"\n"
    "    elif [[ -z $ended && $cur == --*=* ]]; then\n"
    "        _mlops_option \"$command\" \"${cur%%=*}\" || return 0\n"
    "        cur=${cur#*=}\n"
    "        _mlops_fill \"${sources[@]}\"\n"
    "    elif [[ -z $ended && $cur == -* ]]; then\n"
    "        _mlops_options \"$command\"\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"${sources[*]}\" -- \"$cur\")\n"
    "    elif [[ -z $command ]]; then\n"
    "        _mlops_fill command\n"
    "    else\n"
    "        _mlops_argument \"$command\" \"$index\" && _mlops_fill \"${sources[@]}\"\n"
    "    fi\n"
    "    return 0\n"
    "}\n"
    "\n"
    "complete -F _mlops mlops\n";

static void option_case(FILE *out, const char *command, const struct command_option *option)
{
    _cleanup_(free_string) char *sources =
        cli_completion_sources(option->completion, option->words);

    if (!option->argument)
        return;
    fprintf(out, "    %s:--%s", command, option->name);
    if (option->letter)
        fprintf(out, " | %s:-%c", command, option->letter);
    fprintf(out, ") sources=(%s) ;;\n", sources);
}

static void option_cases(const struct cli *cli, FILE *out)
{
    fputs("# COMMAND OPTION: sets $sources for its argument; fails where it takes none.\n"
          "_mlops_option() {\n"
          "    sources=()\n"
          "    case $1:$2 in\n",
          out);
    for (size_t i = 0; cli->commands[i]; i++)
        for (const struct command_option *o = cli->commands[i]->options; o->name; o++)
            option_case(out, cli->commands[i]->name, o);
    for (const struct command_option *o = cli_global_options; o->name; o++)
        option_case(out, "*", o);
    fputs("    *) return 1 ;;\n    esac\n}\n\n", out);
}

static void argument_cases(const struct cli *cli, FILE *out)
{
    fputs("# COMMAND INDEX: sets $sources for its argument of that index, from 0.\n"
          "_mlops_argument() {\n"
          "    sources=()\n"
          "    case $1:$2 in\n",
          out);
    for (size_t i = 0; cli->commands[i]; i++) {
        const struct command *command = cli->commands[i];
        for (size_t j = 0; j < COMMAND_ARGUMENTS && command->args[j].name; j++) {
            unsigned completion = command->args[j].completion;
            _cleanup_(free_string) char *sources =
                cli_completion_sources(completion, command->args[j].words);
            if (completion & REPEATED)
                fprintf(out, "    %s:*) sources=(%s) ;;\n", command->name, sources);
            else if (*sources)
                fprintf(out, "    %s:%zu) sources=(%s) ;;\n", command->name, j, sources);
        }
    }
    fputs("    *) return 1 ;;\n    esac\n}\n\n", out);
}

static void option_lists(const struct cli *cli, FILE *out)
{
    fputs("# COMMAND: sets $sources to the options that may stand there.\n"
          "_mlops_options() {\n"
          "    case $1 in\n",
          out);
    for (size_t i = 0; cli->commands[i]; i++) {
        const struct command *command = cli->commands[i];
        if (!command->options[0].name || command->group == GROUP_HIDDEN)
            continue;
        fprintf(out, "    %s) sources=(", command->name);
        for (const struct command_option *o = command->options; o->name; o++)
            fprintf(out, "%s--%s", o == command->options ? "" : " ", o->name);
        fputs(") ;;\n", out);
    }
    fputs("    *) sources=() ;;\n    esac\n    sources+=(", out);
    for (const struct command_option *o = cli_global_options; o->name; o++)
        fprintf(out, "%s--%s", o == cli_global_options ? "" : " ", o->name);
    fputs(")\n}\n\n", out);
}

void cli_completion_bash(const struct cli *cli, FILE *out)
{
    fputs("# bash completion for mlops, written by 'mlops completion bash'\n\n"
          "_mlops_commands='",
          out);
    for (size_t i = 0; cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            fprintf(out, "%s%s", i ? " " : "", cli->commands[i]->name);
    fputs("'\n\n", out);
    option_cases(cli, out);
    argument_cases(cli, out);
    option_lists(cli, out);
    fputs(machinery, out);
}
