/* cmd/sandbox.c - mlops sandbox ACTION */
#include "cli.h"

static int check(struct cli *cli)
{
    struct mlops_sandbox_check found;
    mlops_sandbox_check(&found);
    const char *level = mlops_sandbox_level_name(found.level);
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "level", level);
        cli_json_text_or_null(document, "bubblewrap", found.bubblewrap);
        cli_json_text_or_null(document, "seccomp", found.seccomp);
        cJSON *held = cJSON_AddArrayToObject(document, "held_by_kernel");
        if (found.memory_group)
            cJSON_AddItemToArray(held, cJSON_CreateString("memory"));
        if (found.processes_group)
            cJSON_AddItemToArray(held, cJSON_CreateString("processes"));
        cli_json_text_or_null(document, "cgroup", found.cgroup);
        cli_json_text_or_null(document, "hint", found.hint);
        TRY(cli_print_json(cli, document));
    } else {
        cli_print(cli, "%s", level);
        if (*found.bubblewrap)
            cli_note(cli, "no namespaces: %s", found.bubblewrap);
        if (*found.seccomp)
            cli_note(cli, "no filter of system calls: %s", found.seccomp);
        if (*found.cgroup)
            cli_note(cli, "limits of memory and processes are held by looking: %s", found.cgroup);
        if (*found.hint)
            cli_note(cli, "%s", found.hint);
    }
    return found.level == MLOPS_SANDBOX_FULL ? MLOPS_OK : MLOPS_REFUSED;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {check};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_sandbox = {
    .name = "sandbox",
    .summary = "find out how far suites are kept apart on this machine",
    .synopsis = "ACTION",
    .description =
        "check makes a sandbox as 'mlops test' would, and says what came of it: 'full' is "
        "namespaces by bubblewrap and a filter of system calls by libseccomp; 'namespaces' and "
        "'filter' are one of the two; 'limits' is neither, but limits on time, memory, processes, "
        "disk and output, and no process left behind. What is missing is said on stderr.",
    .group = GROUP_LOOK_AFTER,
    .args = {{"ACTION", COMPLETE_NONE, "check"}},
    .examples = {{"mlops sandbox check", "which sandbox this machine gives"}},
    .exits = {{1, "it is not the full one"}},
    .json = {{"level", "text", "full, namespaces, filter or limits"},
             {"bubblewrap", "text?", "why there are no namespaces"},
             {"seccomp", "text?", "why there is no filter"},
             {"held_by_kernel", "array", "limits that the kernel holds by a control group"},
             {"held_by_kernel[]", "text", "memory, processes"},
             {"cgroup", "text?", "why it does not hold both"},
             {"hint", "text?", "what to do about it"}},
    .run = run,
};
