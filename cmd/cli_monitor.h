/* cmd/cli_monitor.h - actions of 'mlops monitor' that have files of their own. */
#ifndef CMD_CLI_MONITOR_H
#define CMD_CLI_MONITOR_H
#include "cli.h"

int monitor_check(struct cli *cli);
int monitor_alerts(struct cli *cli);
int monitor_rule(struct cli *cli);
int monitor_export(struct cli *cli);
int monitor_silence(struct cli *cli);
int monitor_notify(struct cli *cli);
int monitor_watch(struct cli *cli);

#endif
