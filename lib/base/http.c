/*
 * lib/base/http.c - requests over libcurl: one easy handle for each thread that has one under way,
 * kept with its connection for the next. Attempts and waits are http_retry.c's.
 */
#define CURL_DISABLE_TYPECHECK
#include "base/http.h"
#include "base/dynload.h"
#include "base/http_retry.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

#define BODY_MAX (1U << 20)
#define HEAD_MAX (64U << 10)
#define ERROR_BODY_MAX (16U << 10)
#define BUFFER_BYTES (512L << 10) /* the most that libcurl takes for receiving */
#define CONNECT_NS 10000000000LL
#define STALL_NS 60000000000LL
#define REDIRECTIONS_MAX 5L

#define CURL_FUNCTIONS(X)                                                                          \
    X(curl_global_init)                                                                            \
    X(curl_global_cleanup)                                                                         \
    X(curl_easy_init)                                                                              \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_reset)                                                                             \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_strerror)                                                                          \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

struct curl_api {
    CURL_FUNCTIONS(DYNLOAD_MEMBER)
};
#define SYMBOL(function) {#function, offsetof(struct curl_api, function)},
static const struct dynload_symbol symbols[] = {CURL_FUNCTIONS(SYMBOL)};
static const char *const sonames[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};

struct http_client {
    struct curl_api curl;
    bool started;
    struct http_client_options options;
    char *ca_file;
    pthread_t owner;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the rest */
    CURL **idle;
    size_t idle_count, idle_capacity;
};

struct http_headers {
    const struct curl_api *curl;
    struct curl_slist *list;
};

/* One attempt. */
struct transfer {
    struct http_client *client;
    const struct http_request *request;
    struct http_response *response;
    CURL *easy;
    uint64_t sent;
    int code; /* of a callback that failed */
    struct mlops_error *err;
    char reason[CURL_ERROR_SIZE];
};

/* ---- what libcurl calls ---------------------------------------------------------------------- */

static bool is_stopped(struct http_client *client)
{
    const struct mlops_observer *observer = client->options.observer;
    if (observer && observer->cancelled && pthread_equal(pthread_self(), client->owner) &&
        observer->cancelled(observer->context))
        atomic_store(&client->stop, true);
    return atomic_load_explicit(&client->stop, memory_order_relaxed);
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *transfer = context;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return is_stopped(transfer->client) ? 1 : 0;
}

static size_t on_read(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const struct http_request *request = transfer->request;
    uint64_t left = request->length - transfer->sent;
    size_t length = size * count;
    if (length > left)
        length = (size_t)left;
    if (length == 0)
        return 0;
    if (request->read)
        transfer->code =
            request->read(request->context, transfer->sent, data, length, transfer->err);
    else
        memcpy(data, (const char *)request->data + transfer->sent, length);
    if (transfer->code)
        return CURL_READFUNC_ABORT;
    transfer->sent += length;
    return length;
}

/* A connection that was kept had been closed: libcurl sends all of it over another. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct transfer *transfer = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->request->length)
        return CURL_SEEKFUNC_FAIL;
    transfer->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Only the last answer counts: those to a proxy and redirections come before it. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct http_response *response = transfer->response;
    size_t length = size * count;
    if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        buffer_reset(&response->head);
        buffer_reset(&response->body);
        response->received = 0;
    }
    if (response->head.length + length > HEAD_MAX) {
        transfer->code = mlops_fail(transfer->err, MLOPS_IO, "the answer has too many headers");
        return 0;
    }
    buffer_append(&response->head, data, length);
    return length;
}

static int take_body(struct transfer *transfer, const char *data, size_t length)
{
    const struct http_request *request = transfer->request;
    struct http_response *response = transfer->response;
    size_t max = request->body_max ? request->body_max : BODY_MAX;
    (void)transfer->client->curl.curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
                                                   &response->status);
    bool good = response->status >= 200 && response->status < 300;
    uint64_t offset = response->received;
    response->received += length;
    if (good && request->sink)
        return request->sink(request->context, offset, data, length, transfer->err);
    if (!good) {
        size_t room = ERROR_BODY_MAX - response->body.length;
        buffer_append(&response->body, data, length < room ? length : room);
        return MLOPS_OK;
    }
    if (length > max - response->body.length)
        return mlops_fail(transfer->err, MLOPS_IO, "the answer is larger than %zu bytes", max);
    buffer_append(&response->body, data, length);
    return MLOPS_OK;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    transfer->code = take_body(transfer, data, size * count);
    return transfer->code ? 0 : size * count;
}

/* ---- one attempt ----------------------------------------------------------------------------- */

static CURL *take_handle(struct http_client *client)
{
    CURL *easy = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0)
        easy = client->idle[--client->idle_count];
    pthread_mutex_unlock(&client->lock);
    return easy ? easy : xcheck(client->curl.curl_easy_init());
}

static void give_handle(struct http_client *client, CURL *easy)
{
    client->curl.curl_easy_reset(easy); /* its connection stays */
    pthread_mutex_lock(&client->lock);
    GROW(client->idle, client->idle_count, &client->idle_capacity);
    client->idle[client->idle_count++] = easy;
    pthread_mutex_unlock(&client->lock);
}

void http_headers_add(struct http_headers *headers, const char *name, const char *value)
{
    /* libcurl takes "Name:" for a header to leave out, and "Name;" for one without a value */
    _cleanup_(free_string) char *line =
        *value ? xprintf("%s: %s", name, value) : xprintf("%s;", name);
    headers->list = xcheck(headers->curl->curl_slist_append(headers->list, line));
}

static void add_line(struct http_headers *headers, const char *line)
{
    headers->list = xcheck(headers->curl->curl_slist_append(headers->list, line));
}

static bool has_body(const struct http_request *request)
{
    return request->data || request->read;
}

static int collect_headers(const struct http_request *request, struct http_headers *headers,
                           struct mlops_error *err)
{
    add_line(headers, "Expect:"); /* waiting for 100 costs a round trip, and some never send it */
    for (const char *const *line = request->headers; line && *line; line++)
        add_line(headers, *line);
    return request->prepare ? request->prepare(request->context, headers, err) : MLOPS_OK;
}

static bool set_behaviour(struct transfer *transfer)
{
    const struct curl_api *curl = &transfer->client->curl;
    const struct http_client_options *options = &transfer->client->options;
    const struct http_request *request = transfer->request;
    int64_t stall_ns = request->stall_ns ? request->stall_ns : options->stall_ns;
    bool secure = strncasecmp(request->url, "https:", 6) == 0;
    CURL *easy = transfer->easy;
    return curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_USERAGENT, "mlops/" MLOPS_VERSION) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                                  secure ? "https" : "http,https") == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L) ==
               CURLE_OK &&
           /* over a connection that was kept, libcurl may send twice: on_seek */
           curl->curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L) ==
               CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                                  (long)(options->connect_ns / 1000000)) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                                  (long)((stall_ns + 999999999) / 1000000000)) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES) == CURLE_OK &&
           curl->curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           (!options->direct || curl->curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK) &&
           (!transfer->client->ca_file ||
            curl->curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->client->ca_file) == CURLE_OK);
}

static bool set_request(struct transfer *transfer, const struct http_headers *headers)
{
    const struct curl_api *curl = &transfer->client->curl;
    const struct http_request *request = transfer->request;
    CURL *easy = transfer->easy;
    bool good = curl->curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers->list) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
                curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
    if (good && str_equal(request->method, "HEAD"))
        return curl->curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (good && has_body(request))
        good = curl->curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
               curl->curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                                      (curl_off_t)request->length) == CURLE_OK &&
               curl->curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
               curl->curl_easy_setopt(easy, CURLOPT_READDATA, transfer) == CURLE_OK &&
               curl->curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek) == CURLE_OK &&
               curl->curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer) == CURLE_OK;
    return good && curl->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

/* May another attempt fare better? */
static bool is_passing(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer whose first line is cut in two */
        return true;
    default:
        return false;
    }
}

static int fail_transfer(const struct transfer *transfer, CURLcode code)
{
    const struct http_request *request = transfer->request;
    struct mlops_error *err = transfer->err;
    _cleanup_(free_string) char *url = http_url_plain(request->url);
    const char *reason =
        transfer->reason[0] ? transfer->reason : transfer->client->curl.curl_easy_strerror(code);
    mlops_fail(err, MLOPS_IO, "%s %s: %s", request->method, url, reason);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return mlops_hint(err,
                          "the server's certificate is not trusted: nothing was sent. Where it "
                          "is your own server, name its authority's certificate");
    return (int)err->code;
}

static int perform(struct transfer *transfer, bool *again)
{
    const struct curl_api *curl = &transfer->client->curl;
    struct http_response *response = transfer->response;
    CURLcode code = curl->curl_easy_perform(transfer->easy);
    if (transfer->code) {
        _cleanup_(free_string) char *url = http_url_plain(transfer->request->url);
        return mlops_wrap(transfer->err, "%s %s", transfer->request->method, url);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return mlops_fail(transfer->err, MLOPS_CANCELLED, "stopped");
    *again = is_passing(code);
    if (code != CURLE_OK)
        return fail_transfer(transfer, code);
    (void)curl->curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &response->status);
    return MLOPS_OK;
}

int http_attempt(struct http_client *client, const struct http_request *request,
                 struct http_response *response, bool *again, struct mlops_error *err)
{
    struct http_headers headers = {.curl = &client->curl};
    struct transfer transfer = {
        .client = client, .request = request, .response = response, .err = err};
    *again = false;
    response->status = 0;
    response->received = 0;
    buffer_reset(&response->head);
    buffer_reset(&response->body);
    int code = collect_headers(request, &headers, err);
    if (code == MLOPS_OK) {
        transfer.easy = take_handle(client);
        code = set_behaviour(&transfer) && set_request(&transfer, &headers)
                   ? perform(&transfer, again)
                   : mlops_fail(err, MLOPS_IO, "libcurl is too old, or made without TLS");
        give_handle(client, transfer.easy);
    }
    client->curl.curl_slist_free_all(headers.list);
    return code;
}

bool http_client_stopped(struct http_client *client)
{
    return is_stopped(client);
}

const struct http_client_options *http_options(const struct http_client *client)
{
    return &client->options;
}

/* ---- the client ------------------------------------------------------------------------------ */

int http_client_new(const struct http_client_options *options, struct http_client **client,
                    struct mlops_error *err)
{
    _cleanup_(http_client_free_ptr) struct http_client *made = xcalloc(1, sizeof(*made));
    pthread_mutex_init(&made->lock, NULL);
    made->owner = pthread_self();
    made->options = *options;
    made->ca_file = options->ca_file ? xstrdup(options->ca_file) : NULL;
    if (made->options.connect_ns == 0)
        made->options.connect_ns = CONNECT_NS;
    if (made->options.stall_ns == 0)
        made->options.stall_ns = STALL_NS;
    TRY(dynload_open(sonames, "libcurl4", symbols, ARRAY_LENGTH(symbols), &made->curl, err));
    if (made->curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return mlops_fail(err, MLOPS_IO, "libcurl does not start");
    made->started = true;
    *client = TAKE_PTR(made);
    return MLOPS_OK;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->idle_count; i++)
        client->curl.curl_easy_cleanup(client->idle[i]);
    if (client->started)
        client->curl.curl_global_cleanup(); /* gives back how often it was started */
    pthread_mutex_destroy(&client->lock);
    free(client->idle);
    free(client->ca_file);
    free(client);
}

void http_client_stop(struct http_client *client)
{
    atomic_store(&client->stop, true);
}
