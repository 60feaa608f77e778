/*
 * lib/base/http.h - requests over HTTP/1.1 and TLS, retried where that helps. For S3, OCI
 * registries and webhooks.
 *
 * libcurl does the work and is loaded when the first client is made. Certificates are verified,
 * always. The proxy variables of the environment (https_proxy, no_proxy …) are honoured as curl
 * does; ~/.netrc is not read. Messages name method, host and path; never a query, a header or a
 * password.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H
#include "base/buffer.h"
#include <mlops/observer.h>

/* A pool of connections and the settings that they share. From several threads at once. */
struct http_client;

struct http_client_options {
    const char *ca_file;   /* certificates to trust, PEM; NULL: the system's */
    int64_t connect_ns;    /* time for a connection to stand; 0: 10 s */
    int64_t stall_ns;      /* with not a byte moving; 0: 60 s */
    unsigned attempts;     /* of each request, the first counted; 0: 6 */
    bool direct;           /* by no proxy, whatever the environment says */
    int64_t first_wait_ns; /* before the second attempt; doubles with each, up to 10 s; 0: 0.2 s */
    /* Asked whether to stop, only by the thread that made the client; may be NULL. Outlives it. */
    const struct mlops_observer *observer;
};

/* The caller frees. Errors: MLOPS_NOT_FOUND libcurl is not installed; MLOPS_IO. */
int http_client_new(const struct http_client_options *options, struct http_client **client,
                    struct mlops_error *err);
void http_client_free(struct http_client *client);
DEFINE_CLEANUP(struct http_client, http_client_free)

/* End all requests that run and all to come with MLOPS_CANCELLED. From any thread. */
void http_client_stop(struct http_client *client);
/* Are they? Asks the observer, in the thread that made the client. */
bool http_client_stopped(struct http_client *client);
/* Wait, unless they are. Errors: MLOPS_CANCELLED. */
int http_client_rest(struct http_client *client, int64_t wait_ns, struct mlops_error *err);

/* The headers of one attempt, for `prepare`. */
struct http_headers;
void http_headers_add(struct http_headers *headers, const char *name, const char *value);

/* The end of a request. Zeroed is empty. */
struct http_response {
    long status;
    unsigned attempts;  /* that were made */
    struct buffer head; /* header lines of the last answer, each with its line end */
    struct buffer body; /* where there is no sink, or the status is not 2xx */
    uint64_t received;  /* bytes of the body, those for the sink included */
};

struct http_request {
    const char *method;
    const char *url;            /* http or https, percent-encoded; user and password are refused */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */

    /* The body: `length` bytes of `data`, or of `read`, which gives `length` bytes from `offset`
     * (in any order, as an attempt begins anew). No body where neither is there. */
    const void *data;
    uint64_t length;
    int (*read)(void *context, uint64_t offset, void *data, size_t length, struct mlops_error *err);

    /* Takes the body of a 2xx answer: `offset` counts from its begin, and is 0 again when another
     * attempt begins. NULL: into the response. A failure ends the request. */
    int (*sink)(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err);
    size_t body_max; /* of a body in memory; 0: 1 MiB. More is MLOPS_IO; errors' bodies are cut */

    /* Called before each attempt, to add headers that depend on the time (signatures). */
    int (*prepare)(void *context, struct http_headers *headers, struct mlops_error *err);
    /* Called with each whole answer: should it be asked again? NULL: 408, 429, 500, 502, 503, 504
     * are. A failure ends the request. */
    int (*judge)(void *context, const struct http_response *response, bool *again,
                 struct mlops_error *err);
    void *context; /* of the four */

    bool once;        /* never a second attempt: what is asked must not happen twice */
    bool follow;      /* redirections: at most five, credentials stay with the first host */
    int64_t stall_ns; /* 0: the client's */
};

/*
 * Send and wait. Connections that fail, stall or end early, and the answers that `judge` names, are
 * tried again after a wait that doubles, has a random half, and is as long as Retry-After says (up
 * to 30 s). Whatever the status, MLOPS_OK when an answer came; after the last attempt the last one.
 * `response` is cleared first; the caller clears it.
 * Errors: MLOPS_IO not reached, or the certificate is not trusted; MLOPS_INVALID the URL;
 * MLOPS_CANCELLED; what a callback returned.
 */
int http_send(struct http_client *client, const struct http_request *request,
              struct http_response *response, struct mlops_error *err);
void http_response_clear(struct http_response *response);

/* Of the answer: the value of header `name`, without blanks around it, or NULL. Caller frees. */
char *http_response_header(const struct http_response *response, const char *name);

/* Is it what is asked again where nobody judges? */
bool http_status_is_passing(long status);

/* Fail with what was asked and the status; `detail` (or NULL) is what the server said. */
int http_fail_status(const struct http_request *request, const struct http_response *response,
                     enum mlops_code code, const char *detail, struct mlops_error *err);

/* "https://host:port/path" of a URL: what may stand in a message. The caller frees. */
char *http_url_plain(const char *url);

/* Is "HOST" or "HOST:PORT" a name of this machine: localhost, 127.0.0.0/8, [::1]? */
bool http_host_is_loopback(const char *host);

/* Append `text` percent-encoded: all but A-Z a-z 0-9 - . _ ~ and the characters of `keep`
 * (RFC 3986 §2.3). */
void http_encode(const char *text, const char *keep, struct buffer *out);

#endif
