/* cmd/cli_monitor.h - those actions of 'mlops monitor' that judge or give out: check, alerts, rule, export. */
#ifndef CMD_CLI_MONITOR_H
#define CMD_CLI_MONITOR_H
#include "cli.h"

int monitor_check(struct cli *cli);
int monitor_alerts(struct cli *cli);
int monitor_rule(struct cli *cli);
int monitor_export(struct cli *cli);

#endif
