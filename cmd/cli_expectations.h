/* cmd/cli_expectations.h - what a data suite expected, for people and as JSON. */
#ifndef CLI_EXPECTATIONS_H
#define CLI_EXPECTATIONS_H
#include "cli.h"

/* A table of them with their verdicts; nothing where there are none. */
void cli_expectations_print(struct cli *cli, const struct mlops_suite_result *suite);
/* Add the array `expectations` to `json`. */
void cli_expectations_json(cJSON *json, const struct mlops_suite_result *suite);

#endif
