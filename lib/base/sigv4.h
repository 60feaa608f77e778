/*
 * lib/base/sigv4.h - AWS Signature Version 4 of a request, in its Authorization header.
 *
 * Source: AWS, "Signature Version 4 for API requests" (IAM User Guide) and "Authenticating
 * Requests: Using the Authorization Header" (S3 API Reference).
 */
#ifndef BASE_SIGV4_H
#define BASE_SIGV4_H
#include "base/buffer.h"

#define SIGV4_TIME_SIZE 17 /* "20130524T000000Z" */
#define SIGV4_EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;  /* percent-encoded, as it is sent */
    const char *query; /* "name=value&…", percent-encoded, in any order; NULL: none */
    const struct sigv4_header *headers; /* to sign, in any order, with host and x-amz-date */
    size_t header_count;
    const char *payload_hash; /* hexadecimal SHA-256 of the body, or SIGV4_UNSIGNED */
    const char *region, *service;
    char time[SIGV4_TIME_SIZE]; /* the value of x-amz-date */
};

/* The value of x-amz-date. */
void sigv4_time(int64_t time_ns, char text[SIGV4_TIME_SIZE]);

/* The value of Authorization. The secret is in it only through HMACs. */
void sigv4_authorize(const struct sigv4_request *request, const char *access_key,
                     const char *secret_key, struct buffer *authorization);

#endif
