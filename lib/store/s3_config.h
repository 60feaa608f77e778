/*
 * lib/store/s3_config.h - where an S3 bucket is and who asks for it: an address, the environment,
 * and the files of the AWS command line.
 *
 *     s3://BUCKET[/PREFIX][?endpoint=URL&region=R&style=path|host&profile=P&sse=AES256|aws:kms
 *                          &kms-key=ID&ca=FILE&cache=BYTES&part-size=BYTES]
 *
 * What the address does not say comes from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION,
 * AWS_DEFAULT_REGION, AWS_CA_BUNDLE and AWS_MAX_ATTEMPTS, then from the profile. Credentials never
 * stand in an address.
 */
#ifndef STORE_S3_CONFIG_H
#define STORE_S3_CONFIG_H
#include "base/util.h"

struct s3_config {
    char *bucket;
    char *prefix;   /* "" or "a/b/": keys begin with it */
    char *endpoint; /* "https://host:port", no slash at the end; NULL: AWS */
    char *region;
    char *profile; /* NULL: $AWS_PROFILE or "default" */
    char *sse, *kms_key;
    char *ca_file;
    bool path_style;
    bool conditional; /* the server honours If-None-Match; found out when the remote was added */
    uint64_t cache_bytes; /* of packs kept on this machine */
    uint64_t part_bytes;  /* what has so many or more goes up in parts of this size; 0: s3.c says */
    unsigned attempts;    /* 0: the client's default */
};

/* Errors: MLOPS_INVALID, naming the part of the address that is wrong. The caller clears. */
int s3_config_parse(const char *url, struct s3_config *config, struct mlops_error *err);
void s3_config_clear(struct s3_config *config);

/* Add what only environment and profile say. Errors: MLOPS_INVALID; MLOPS_IO. */
int s3_config_complete(struct s3_config *config, struct mlops_error *err);

struct s3_credentials {
    char *access_key, *secret_key, *session_token; /* the token may be NULL */
};

/* From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile. The caller
 * clears, which wipes them. Errors: MLOPS_IO there are none, with what to do. */
int s3_credentials_load(const struct s3_config *config, struct s3_credentials *credentials,
                        struct mlops_error *err);
void s3_credentials_clear(struct s3_credentials *credentials);

#endif
