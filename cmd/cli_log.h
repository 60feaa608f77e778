/* cmd/cli_log.h - the forms of mlops log that prove something. */
#ifndef CLI_LOG_H
#define CLI_LOG_H
#include "cli.h"

/* Which of --verify, --checkpoint, --prove, --since, --export was given? NULL: none, list. */
const char *log_proving(const struct cli *cli);
int log_prove(struct cli *cli);

#endif
