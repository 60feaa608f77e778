/* lib/monitor/metrics_server.c - GET /metrics over HTTP/1.1, by libmicrohttpd. */
#include "monitor/metrics_server.h"
#include "base/dynload.h"
#include "monitor/address.h"
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <pthread.h>

#define CONNECTIONS_MAX 64U
#define IDLE_SECONDS 10U
#define MEMORY_MAX ((size_t)16 << 10) /* bytes of a connection's request */
#define OPENMETRICS "application/openmetrics-text"

#define FUNCTIONS(X)                                                                               \
    X(MHD_start_daemon)                                                                            \
    X(MHD_stop_daemon) X(MHD_create_response_from_buffer) X(MHD_add_response_header)               \
        X(MHD_queue_response) X(MHD_destroy_response) X(MHD_lookup_connection_value)               \
            X(MHD_get_daemon_info)

struct microhttpd {
    FUNCTIONS(DYNLOAD_MEMBER)
};

struct metrics_server {
    struct microhttpd http;
    struct MHD_Daemon *daemon;
    char *token;
    pthread_mutex_t lock; /* of `text` */
    char *text;
};

static int load(struct microhttpd *http, struct mlops_error *err)
{
#define SYMBOL(function) {#function, offsetof(struct microhttpd, function)},
    static const struct dynload_symbol symbols[] = {FUNCTIONS(SYMBOL)};
    static const char *const names[] = {"libmicrohttpd.so.12", "libmicrohttpd.so", NULL};
    return dynload_open(names, "libmicrohttpd12", symbols, ARRAY_LENGTH(symbols), http, err);
}

/* ---- answers -------------------------------------------------------------------------------- */

static enum MHD_Result answer(const struct metrics_server *server,
                              struct MHD_Connection *connection, unsigned status, const char *type,
                              const char *text)
{
    /* the copy is the response's own; the cast is the interface's, nothing is written */
    struct MHD_Response *response = server->http.MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    (void)server->http.MHD_add_response_header(response, "Content-Type", type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)server->http.MHD_add_response_header(response, "Allow", "GET, HEAD");
    if (status == MHD_HTTP_UNAUTHORIZED)
        (void)server->http.MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    enum MHD_Result queued = server->http.MHD_queue_response(connection, status, response);
    server->http.MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(const struct metrics_server *server,
                              struct MHD_Connection *connection, unsigned status, const char *why)
{
    return answer(server, connection, status, "text/plain; charset=utf-8", why);
}

static bool may_read(const struct metrics_server *server, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *said =
        server->http.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    if (!server->token)
        return true;
    if (!said || !str_starts(said, scheme))
        return false;
    said += sizeof(scheme) - 1;
    return strlen(said) == strlen(server->token) &&
           CRYPTO_memcmp(said, server->token, strlen(said)) == 0;
}

/* The text is both formats at once; it is called what was asked for. */
static const char *type_for(const struct metrics_server *server, struct MHD_Connection *connection)
{
    const char *accept =
        server->http.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
    return accept && strstr(accept, OPENMETRICS) ? OPENMETRICS "; version=1.0.0; charset=utf-8"
                                                 : "text/plain; version=0.0.4; charset=utf-8";
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct metrics_server *server = context;
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)state;
    if (!str_equal(method, "GET") && !str_equal(method, "HEAD"))
        return refuse(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
    if (!str_equal(url, "/metrics"))
        return refuse(server, connection, MHD_HTTP_NOT_FOUND, "there is only /metrics\n");
    if (!may_read(server, connection))
        return refuse(server, connection, MHD_HTTP_UNAUTHORIZED, "the token is missing or wrong\n");
    (void)pthread_mutex_lock(&server->lock);
    enum MHD_Result result =
        server->text
            ? answer(server, connection, MHD_HTTP_OK, type_for(server, connection), server->text)
            : refuse(server, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing is known yet\n");
    (void)pthread_mutex_unlock(&server->lock);
    return result;
}

/* ---- begin and end -------------------------------------------------------------------------- */

static int start(struct metrics_server *server, const char *where, struct mlops_error *err)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    bool loopback = false;
    TRY(address_parse(where, &address, &length, &loopback, err));
    if (!loopback && !server->token) {
        mlops_fail(err, MLOPS_INVALID, "anybody could read the metrics at %s", where);
        return mlops_hint(err, "set MLOPS_METRICS_TOKEN to what a scraper must say");
    }
    TRY(load(&server->http, err));
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server->daemon = server->http.MHD_start_daemon(
        flags, 0, NULL, NULL, handle, server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_MAX, MHD_OPTION_END);
    return server->daemon
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_IO, "%s cannot be listened on: is it taken?", where);
}

int metrics_server_start(const char *where, const char *token, struct metrics_server **server,
                         struct mlops_error *err)
{
    _cleanup_(metrics_server_stop_ptr) struct metrics_server *fresh = xcalloc(1, sizeof(*fresh));
    *server = NULL;
    (void)pthread_mutex_init(&fresh->lock, NULL); /* fails only with attributes */
    fresh->token = token && *token ? xstrdup(token) : NULL;
    TRY(start(fresh, where, err));
    *server = TAKE_PTR(fresh);
    return MLOPS_OK;
}

void metrics_server_stop(struct metrics_server *server)
{
    if (server->daemon)
        server->http.MHD_stop_daemon(server->daemon);
    (void)pthread_mutex_destroy(&server->lock);
    free(server->token);
    free(server->text);
    free(server);
}

void metrics_server_set(struct metrics_server *server, char *text)
{
    (void)pthread_mutex_lock(&server->lock);
    free(server->text);
    server->text = text;
    (void)pthread_mutex_unlock(&server->lock);
}

unsigned metrics_server_port(const struct metrics_server *server)
{
    const union MHD_DaemonInfo *info =
        server->http.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
