/* lib/store/s3.c - one request to S3: its address, its signature, its failure. */
#include "store/s3.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sigv4.h"
#include "store/s3_xml.h"
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define LATE_STALL_NS 600000000000LL /* completing an upload: minutes, says the reference */
/* One connection is not the whole of a network, so that a file goes by several, in parts. On this
 * machine it is, and parts only cost: a server puts them together by copying them. */
#define PART_SIZE (8ULL << 20)
#define PART_HERE (1ULL << 30)
#define PIECE_BLOCK (64U << 10)
#define HEADERS_MAX (S3_EXTRA_MAX + 4)

struct s3 {
    struct s3_config config;
    struct http_client *http;
    char *base;  /* address of the bucket, no slash at the end */
    char *host;  /* as in the Host header */
    char *root;  /* path of the bucket, as it is signed: "/BUCKET" or "" */
    bool secure; /* nobody between here and the server can change a body: TLS, or this machine */
    pthread_mutex_t lock; /* guards the rest */
    struct s3_credentials credentials;
    bool loaded;
    unsigned renewals; /* how often they were read again */
};

/* What the callbacks of one call see. */
struct sending {
    struct s3 *s3;
    const struct s3_call *call;
    char *path;
    char payload_hash[SHA256_HEX_SIZE];
    unsigned renewals; /* as they were when it was signed last */
};

/* ---- signing --------------------------------------------------------------------------------- */

/* With the lock held. */
static int need_credentials(struct s3 *s3, struct mlops_error *err)
{
    if (s3->loaded)
        return MLOPS_OK;
    TRY(s3_credentials_load(&s3->config, &s3->credentials, err));
    s3->loaded = true;
    return MLOPS_OK;
}

static void add_all(const struct sending *sending, struct sigv4_request *request,
                    struct sigv4_header *headers)
{
    const struct s3_call *call = sending->call;
    size_t count = 0;
    headers[count++] = (struct sigv4_header){"host", sending->s3->host};
    headers[count++] = (struct sigv4_header){"x-amz-date", request->time};
    headers[count++] = (struct sigv4_header){"x-amz-content-sha256", request->payload_hash};
    if (sending->s3->credentials.session_token)
        headers[count++] =
            (struct sigv4_header){"x-amz-security-token", sending->s3->credentials.session_token};
    for (size_t i = 0; i < S3_EXTRA_MAX && call->extra[i].name; i++)
        headers[count++] = (struct sigv4_header){call->extra[i].name, call->extra[i].value};
    request->headers = headers;
    request->header_count = count;
}

static int sign(void *context, struct http_headers *headers, struct mlops_error *err)
{
    struct sending *sending = context;
    struct s3 *s3 = sending->s3;
    struct sigv4_header signed_headers[HEADERS_MAX];
    _cleanup_(buffer_clear) struct buffer authorization = {0};
    struct sigv4_request request = {.method = sending->call->method,
                                    .path = sending->path,
                                    .query = sending->call->query,
                                    .payload_hash = sending->payload_hash,
                                    .region = s3->config.region,
                                    .service = "s3"};
    sigv4_time(clock_now_ns(), request.time);
    pthread_mutex_lock(&s3->lock);
    int code = need_credentials(s3, err);
    if (code == MLOPS_OK) {
        sending->renewals = s3->renewals;
        add_all(sending, &request, signed_headers);
        sigv4_authorize(&request, s3->credentials.access_key, s3->credentials.secret_key,
                        &authorization);
        for (size_t i = 0; i < request.header_count; i++)
            http_headers_add(headers, signed_headers[i].name, signed_headers[i].value);
        http_headers_add(headers, "Authorization", authorization.data);
    }
    pthread_mutex_unlock(&s3->lock);
    return code;
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; code && *codes; codes++)
        if (str_equal(code, *codes))
            return true;
    return false;
}

/* Credentials that ran out may have been renewed meanwhile, in the environment's file. True where
 * there are others now. */
static bool renew(struct sending *sending)
{
    struct s3 *s3 = sending->s3;
    struct s3_credentials fresh;
    struct mlops_error ignored = {0}; /* then the server's answer stands */
    pthread_mutex_lock(&s3->lock);
    bool other = s3->renewals != sending->renewals; /* another thread did it */
    if (!other && s3_credentials_load(&s3->config, &fresh, &ignored) == MLOPS_OK) {
        other = !str_equal(fresh.access_key, s3->credentials.access_key) ||
                !str_equal(fresh.secret_key, s3->credentials.secret_key);
        s3_credentials_clear(&s3->credentials);
        s3->credentials = fresh;
        s3->renewals += other;
    }
    pthread_mutex_unlock(&s3->lock);
    return other;
}

static bool is_failure(const struct s3_call *call, const struct http_response *response)
{
    const char *inner;
    size_t at = 0, length;
    if (response->status < 200 || response->status >= 300)
        return true;
    return call->ends_late &&
           xml_next(response->body.data, response->body.length, "Error", &at, &inner, &length);
}

static int judge(void *context, const struct http_response *response, bool *again,
                 struct mlops_error *err)
{
    static const char *const passing[] = {"RequestTimeout",
                                          "SlowDown",
                                          "InternalError",
                                          "BadDigest",
                                          "IncompleteBody",
                                          "XAmzContentSHA256Mismatch",
                                          "ServiceUnavailable",
                                          "ConditionalRequestConflict",
                                          "OperationAborted",
                                          "XAmzContentChecksumMismatch",
                                          NULL};
    static const char *const expired[] = {"ExpiredToken",          "InvalidToken",
                                          "TokenRefreshRequired",  "RequestExpired",
                                          "ExpiredTokenException", NULL};
    struct sending *sending = context;
    (void)err;
    if (!is_failure(sending->call, response))
        return MLOPS_OK;
    _cleanup_(free_string) char *code =
        xml_text(response->body.data, response->body.length, "Code");
    *again = http_status_is_passing(response->status) || is_one_of(code, passing) ||
             (is_one_of(code, expired) && renew(sending));
    return MLOPS_OK;
}

static int hint_for(const char *code, const struct s3 *s3, struct mlops_error *err)
{
    static const char *const wrong_key[] = {"SignatureDoesNotMatch", "InvalidAccessKeyId", NULL};
    static const char *const expired[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                          NULL};
    if (is_one_of(code, wrong_key))
        return mlops_hint(err, "the access key or its secret is not right: see AWS_ACCESS_KEY_ID, "
                               "AWS_SECRET_ACCESS_KEY or ~/.aws/credentials");
    if (is_one_of(code, expired))
        return mlops_hint(err, "the session has ended: get new credentials and run it again");
    if (code && str_equal(code, "RequestTimeTooSkewed"))
        return mlops_hint(err, "set this machine's clock");
    if (code && str_equal(code, "NoSuchBucket"))
        return mlops_hint(err, "make the bucket, or see whether the endpoint and region are right");
    if (code &&
        (str_equal(code, "AuthorizationHeaderMalformed") || str_equal(code, "PermanentRedirect")))
        return mlops_hint(err, "the bucket may be in another region than %s: set AWS_REGION",
                          s3->config.region);
    return (int)err->code;
}

static int fail(const struct s3 *s3, const struct s3_call *call,
                const struct http_response *response, struct mlops_error *err)
{
    static const char *const missing[] = {"NoSuchKey", "NoSuchUpload", "NotFound", NULL};
    const struct buffer *body = &response->body;
    _cleanup_(free_string) char *name = s3_name(s3, call->key ? call->key : "");
    _cleanup_(free_string) char *code = xml_text(body->data, body->length, "Code");
    /* 404 may be said of the bucket, or of the key of whoever asks, as well; HEAD has no body */
    if (response->status == 404 && (!code || is_one_of(code, missing)))
        return mlops_fail(err, MLOPS_NOT_FOUND, "%s is not there", name);
    mlops_fail(err, MLOPS_IO, "%s %s: the server answers %ld%s%s", call->method, name,
               response->status, code ? " " : "", code ? code : "");
    if (response->attempts > 1)
        mlops_hint(err, "tried %u times", response->attempts);
    return hint_for(code, s3, err);
}

/* ---- sending --------------------------------------------------------------------------------- */

int s3_piece_read(const struct s3_piece *piece,
                  void (*each)(void *context, const void *data, size_t length), void *context,
                  struct mlops_error *err)
{
    uint8_t block[PIECE_BLOCK];
    for (size_t done = 0; done < piece->length;) {
        size_t left = piece->length - done, length = left < sizeof(block) ? left : sizeof(block);
        TRY(fd_pread_full(piece->fd, block, length, piece->offset + done, err));
        each(context, block, length);
        done += length;
    }
    return MLOPS_OK;
}

static void hash_more(void *context, const void *data, size_t length)
{
    sha256_update(context, data, length);
}

/* Over TLS, and on this machine, nobody can change a body on its way, and its checksum is in a
 * header that is signed: hashing all of it once more, here and there, would cost as much as sending
 * it. Elsewhere it is signed. */
static int hash_payload(const struct s3 *s3, const struct s3_call *call, char hex[SHA256_HEX_SIZE],
                        struct mlops_error *err)
{
    struct digest digest;
    if (!call->piece && call->length == 0) {
        str_copy(hex, SHA256_HEX_SIZE, SIGV4_EMPTY_HASH);
        return MLOPS_OK;
    }
    if (s3->secure) {
        str_copy(hex, SHA256_HEX_SIZE, SIGV4_UNSIGNED);
        return MLOPS_OK;
    }
    if (call->piece) {
        _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
        TRY(s3_piece_read(call->piece, hash_more, hash, err));
        sha256_final(hash, &digest);
    } else {
        sha256_of(call->data, call->length, &digest);
    }
    digest_to_hex(&digest, hex);
    return MLOPS_OK;
}

static bool is_fine(const struct s3_call *call, long status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(call->fine); i++)
        if (call->fine[i] == status)
            return true;
    return false;
}

/* "/BUCKET/PREFIX/KEY", encoded. The caller frees. */
static char *path_of(const struct s3 *s3, const char *key)
{
    struct buffer path = {0};
    buffer_puts(&path, s3->root);
    if (key || !*s3->root)
        buffer_putc(&path, '/');
    if (key) {
        http_encode(s3->config.prefix, "/", &path);
        http_encode(key, "/", &path);
    }
    return buffer_steal(&path);
}

static int pass_on(void *context, uint64_t offset, const void *data, size_t length,
                   struct mlops_error *err)
{
    struct sending *sending = context;
    return sending->call->sink(sending->call->context, offset, data, length, err);
}

static int read_piece(void *context, uint64_t offset, void *data, size_t length,
                      struct mlops_error *err)
{
    const struct s3_piece *piece = ((const struct sending *)context)->call->piece;
    return fd_pread_full(piece->fd, data, length, piece->offset + offset, err);
}

int s3_send(struct s3 *s3, const struct s3_call *call, struct http_response *response,
            struct mlops_error *err)
{
    struct sending sending = {.s3 = s3, .call = call};
    _cleanup_(free_string) char *path = path_of(s3, call->key);
    _cleanup_(free_string) char *url =
        xprintf("%s%s%s%s", s3->base, path, call->query ? "?" : "", call->query ? call->query : "");
    sending.path = path;
    TRY(hash_payload(s3, call, sending.payload_hash, err));
    const struct http_request request = {.method = call->method,
                                         .url = url,
                                         .data = call->data,
                                         .read = call->piece ? read_piece : NULL,
                                         .length = call->piece ? call->piece->length : call->length,
                                         .sink = call->sink ? pass_on : NULL,
                                         .body_max = 16U
                                                     << 20, /* a list of 1,000 is 1 MB at most */
                                         .prepare = sign,
                                         .judge = judge,
                                         .context = &sending,
                                         .stall_ns = call->ends_late ? LATE_STALL_NS : 0};
    TRY(http_send(s3->http, &request, response, err));
    return is_failure(call, response) && !is_fine(call, response->status)
               ? fail(s3, call, response, err)
               : MLOPS_OK;
}

char *s3_name(const struct s3 *s3, const char *key)
{
    return xprintf("s3://%s/%s%s", s3->config.bucket, s3->config.prefix, key);
}

int64_t s3_answered_ns(const struct http_response *response)
{
    _cleanup_(free_string) char *date = http_response_header(response, "Date");
    struct tm parts = {0};
    if (date && strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &parts))
        return timegm(&parts) * 1000000000LL;
    return clock_now_ns();
}

/* ---- opening --------------------------------------------------------------------------------- */

/* `*local`: the server is on this machine. */
static void set_addresses(struct s3 *s3, bool *local)
{
    const struct s3_config *config = &s3->config;
    const char *domain = str_starts(config->region, "cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    _cleanup_(free_string) char *endpoint =
        config->endpoint ? xstrdup(config->endpoint)
                         : xprintf("https://s3.%s.%s", config->region, domain);
    char *host = strstr(endpoint, "://") + 3; /* s3_config_parse saw to it */
    bool tls = str_starts(endpoint, "https:");
    const char *port = tls ? ":443" : ":80";
    if (str_ends(host, port)) /* it does not stand in the Host header then */
        host[strlen(host) - strlen(port)] = '\0';
    s3->host = config->path_style ? xstrdup(host) : xprintf("%s.%s", config->bucket, host);
    s3->root = config->path_style ? xprintf("/%s", config->bucket) : xstrdup("");
    s3->base = xprintf("%s://%s", tls ? "https" : "http", s3->host);
    *local = http_host_is_loopback(s3->host);
    s3->secure = tls || *local;
    if (s3->config.part_bytes == 0)
        s3->config.part_bytes = *local ? PART_HERE : PART_SIZE;
}

int s3_open(struct s3_config *config, const struct mlops_observer *observer, struct s3 **s3,
            struct mlops_error *err)
{
    _cleanup_(s3_close_ptr) struct s3 *opened = xcalloc(1, sizeof(*opened));
    pthread_mutex_init(&opened->lock, NULL);
    opened->config = *config;
    *config = (struct s3_config){0};
    TRY(s3_config_complete(&opened->config, err));
    bool local;
    set_addresses(opened, &local);
    TRY(http_client_new(&(struct http_client_options){.ca_file = opened->config.ca_file,
                                                      .attempts = opened->config.attempts,
                                                      .direct = local,
                                                      .observer = observer},
                        &opened->http, err));
    *s3 = TAKE_PTR(opened);
    return MLOPS_OK;
}

void s3_close(struct s3 *s3)
{
    if (!s3)
        return;
    http_client_free(s3->http);
    s3_credentials_clear(&s3->credentials);
    s3_config_clear(&s3->config);
    pthread_mutex_destroy(&s3->lock);
    free(s3->base);
    free(s3->host);
    free(s3->root);
    free(s3);
}

const struct s3_config *s3_settings(const struct s3 *s3)
{
    return &s3->config;
}

void s3_stop(struct s3 *s3)
{
    http_client_stop(s3->http);
}

bool s3_is_stopped(struct s3 *s3)
{
    return http_client_stopped(s3->http);
}
