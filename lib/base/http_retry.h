/* lib/base/http_retry.h - what the two halves of the HTTP client have of each other. */
#ifndef BASE_HTTP_RETRY_H
#define BASE_HTTP_RETRY_H
#include "base/http.h"

/* Ask once. `*again`: it failed in a way that may pass. */
int http_attempt(struct http_client *client, const struct http_request *request,
                 struct http_response *response, bool *again, struct mlops_error *err);

const struct http_client_options *http_options(const struct http_client *client);

#endif
