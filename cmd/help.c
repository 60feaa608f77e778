/* cmd/help.c - mlops help [COMMAND] */
#include "cli.h"

static int as_json(struct cli *cli, const struct command *command)
{
    if (command)
        return cli_print_json(cli, cli_help_json(command));
    cJSON *document = cli_json_object(), *commands = cli_json_array();
    cli_json_add(document, "options", cli_help_json(NULL));
    cli_json_add(document, "commands", commands);
    for (size_t i = 0; cli->commands[i]; i++)
        if (cli->commands[i]->group != GROUP_HIDDEN)
            cli_json_push(commands, cli_help_json(cli->commands[i]));
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    const char *folder = cli_text(cli, "man-pages");
    const struct command *command = NULL;

    if (folder)
        return cli_write_manual(cli, folder);
    if (cli->args[0] && !(command = cli_command_find(cli, cli->args[0])))
        return cli_fail_unknown_command(cli, cli->args[0]);
    if (cli->json)
        return as_json(cli, command);
    if (command)
        cli_help_command(cli, command, cli->out);
    else
        cli_help_overview(cli, cli->out);
    return MLOPS_OK;
}

const struct command command_help = {
    .name = "help",
    .summary = "explain a command, or list them all",
    .synopsis = "[COMMAND]",
    .description = "With --json, the description of the command that help, manual page and "
                   "completions are made from: its arguments, options, and the members of its own "
                   "JSON document.",
    .group = GROUP_HELP,
    .pager = true,
    .args = {{"COMMAND", COMPLETE_COMMAND | OPTIONAL, NULL}},
    .options = {{.name = "man-pages",
                 .kind = OPTION_TEXT,
                 .argument = "DIR",
                 .help = "write the manual pages of all commands into DIR instead",
                 .completion = COMPLETE_DIRECTORY}},
    .examples = {{"mlops help promote", "what promote does and takes"},
                 {"mlops --json help drift | jq -r '.json[].path'",
                  "what stands in the JSON that drift prints"}},
    .json = {{"name", "text", "of the command"},
             {"summary", "text", "in one line"},
             {"synopsis", "text?", "what follows the options"},
             {"description", "text?", "in full"},
             {"arguments[]", "object", "name, optional, repeated"},
             {"options[]", "object", "name, letter, kind, argument, required, words, help"},
             {"examples[]", "object", "line, what"},
             {"json[]", "object", "path, type, null, meaning of each member of its document"}},
    .run = run,
};
