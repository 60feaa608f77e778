/* cmd/cli_monitor.h - the actions of 'mlops monitor', and what they share. */
#ifndef CMD_CLI_MONITOR_H
#define CMD_CLI_MONITOR_H
#include "cli.h"

int monitor_ingest(struct cli *cli);
int monitor_label(struct cli *cli);
int monitor_status(struct cli *cli);
int monitor_check(struct cli *cli);
int monitor_alerts(struct cli *cli);
int monitor_rule(struct cli *cli);
int monitor_export(struct cli *cli);
int monitor_silence(struct cli *cli);
int monitor_notify(struct cli *cli);
int monitor_watch(struct cli *cli);
int monitor_business(struct cli *cli);
int monitor_compare(struct cli *cli);

/* The members of `json` that say what became of lines (monitor_events.c). */
void monitor_counts_json(cJSON *json, const struct mlops_monitor_counts *counts);
/* Of them, those that the dead-letter file has. */
uint64_t monitor_set_aside(const struct mlops_monitor_counts *counts);

/* What can be done to a thing of a model: `mlops monitor NAME add|list|remove MODEL …`,
 * and where `show` is not NULL that, too. */
struct monitor_actions {
    int (*add)(struct cli *cli);
    int (*list)(struct cli *cli);
    int (*remove)(struct cli *cli);
    int (*show)(struct cli *cli);
};
/* Do what the command line says (monitor.c). Errors: MLOPS_INVALID no such action, or no MODEL. */
int monitor_act(struct cli *cli, const char *name, const struct monitor_actions *actions);

/* The number after MODEL that says which `thing` is to be removed. MLOPS_INVALID: there is none, or
 * more than it. */
int monitor_take_id(struct cli *cli, const char *thing, uint64_t *id);
/* "silence 3 holds", or its twin. */
int monitor_say_id(struct cli *cli, const char *thing, uint64_t id, const char *what);

#endif
