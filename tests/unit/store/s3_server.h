/*
 * tests/unit/store/s3_server.h - a real S3 server of the test's own, which refuses a wrong secret:
 * the Versity S3 Gateway over a folder (tests/s3/get_server.sh makes it), on a free port.
 */
#ifndef TESTS_STORE_S3_SERVER_H
#define TESTS_STORE_S3_SERVER_H
#include "base/util.h"

#define S3_ACCESS "mlopstest"
#define S3_SECRET "a-secret/with+signs=in-it"

struct s3_server;

/* NULL where there is none on this machine: the test is skipped (exit 77). Sets the AWS variables
 * of this process to reach it, and clears those that would lead elsewhere. */
struct s3_server *s3_server_start(void);
void s3_server_stop(struct s3_server *server);

/* Make a bucket; the folder in which its objects are files. The caller frees. */
char *s3_server_bucket(const struct s3_server *server, const char *name);

#endif
