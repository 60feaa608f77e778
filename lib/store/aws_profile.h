/*
 * lib/store/aws_profile.h - the files of the AWS command line: ~/.aws/config and
 * ~/.aws/credentials, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say.
 */
#ifndef STORE_AWS_PROFILE_H
#define STORE_AWS_PROFILE_H
#include "base/buffer.h"

/* The value of `key` in section `[section]` of INI text, or NULL. Lines that are indented belong to
 * the key above them and are passed over. The caller frees. */
char *ini_value(const char *text, size_t length, const char *section, const char *key);

/* The value of `key` in profile `profile` (NULL: $AWS_PROFILE, else "default"), of the credentials
 * file first, then of the configuration; NULL where neither has it. The caller wipes and frees.
 * Errors: MLOPS_IO a file is there and cannot be read. */
int aws_profile_value(const char *profile, const char *key, char **value, struct mlops_error *err);

#endif
