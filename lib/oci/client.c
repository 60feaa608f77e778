/* lib/oci/client.c - requests to a registry, and the tokens that authorize them. */
#include "oci/client.h"
#include "base/base64.h"
#include "base/json.h"
#include "oci/challenge.h"
#include "oci/credentials.h"
#include <pthread.h>
#include <stdio.h>
#include <strings.h>

#define HEADERS_MAX 8
#define CHALLENGES_MAX 2 /* a token that has run out, and one for more than the first allowed */
#define TOKEN_MAX (64U << 10)
#define SAID_MAX 200

struct oci_client {
    struct http_client *http;
    char *host, *repository, *mount;
    char *base; /* "https://host" */
    bool plain, writes;
    struct oci_credentials credentials;
    pthread_mutex_t lock; /* guards the rest; held while a token is fetched, that others wait for */
    char *authorization;  /* the header, or NULL */
};

/* ---- addresses ------------------------------------------------------------------------------- */

char *oci_url(const struct oci_client *client, const char *format, ...)
{
    struct buffer url = {0};
    va_list arguments;
    buffer_printf(&url, "%s/v2/%s/", client->base, client->repository);
    va_start(arguments, format);
    buffer_vprintf(&url, format, arguments);
    va_end(arguments);
    return buffer_steal(&url);
}

const char *oci_mount(const struct oci_client *client)
{
    return client->mount;
}

/* Is the address one of the registry's own? Others get no credentials. */
static bool is_own(const struct oci_client *client, const char *url)
{
    size_t length = strlen(client->base);
    return strncasecmp(url, client->base, length) == 0 && strchr("/?", url[length]);
}

static int check_secure(const struct oci_client *client, const char *url, const char *what,
                        struct mlops_error *err)
{
    if (strncasecmp(url, "https://", 8) == 0 ||
        (client->plain && strncasecmp(url, "http://", 7) == 0))
        return MLOPS_OK;
    _cleanup_(free_string) char *plain = http_url_plain(url);
    return mlops_fail(err, MLOPS_IO, "'%s' %s '%s', which is not protected by TLS", client->host,
                      what, plain);
}

int oci_location(const struct oci_client *client, const struct http_response *response, char **url,
                 struct mlops_error *err)
{
    _cleanup_(free_string) char *location = http_response_header(response, "Location");
    if (!location || !*location)
        return mlops_fail(err, MLOPS_IO, "'%s' does not say where to upload to (no Location)",
                          client->host);
    if (location[0] == '/')
        *url = xprintf("%s%s", client->base, location);
    else
        *url = TAKE_PTR(location);
    if (check_secure(client, *url, "sends uploads to", err)) {
        free(TAKE_PTR(*url));
        return (int)err->code;
    }
    return MLOPS_OK;
}

/* ---- what the registry says of a failure ----------------------------------------------------- */

/* {"errors": [{"code", "message"}]}, cut to a line without control characters; NULL: nothing. */
static char *what_it_said(const struct http_response *response)
{
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error ignored = {0}; /* an answer that is no JSON says nothing */
    if (response->body.length == 0 ||
        json_parse(response->body.data, response->body.length, "the answer", &json, &ignored))
        return NULL;
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "errors"), 0);
    const char *message = json_string(first, "message", json_string(first, "code", NULL));
    if (!message)
        return NULL;
    char *said = xstrndup(message, SAID_MAX);
    for (char *c = said; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    return said;
}

static bool is_known(const struct oci_client *client)
{
    return client->credentials.user || client->credentials.identity_token;
}

int oci_fail(const struct oci_client *client, const struct http_request *request,
             const struct http_response *response, struct mlops_error *err)
{
    _cleanup_(free_string) char *said = what_it_said(response);
    bool refused = response->status == 401 || response->status == 403;
    http_fail_status(request, response,
                     refused                   ? MLOPS_REFUSED
                     : response->status == 404 ? MLOPS_NOT_FOUND
                                               : MLOPS_IO,
                     said, err);
    if (refused && !is_known(client))
        return mlops_hint(err,
                          "no credentials of '%s' are in ~/.docker/config.json: 'skopeo login "
                          "%s', 'oras login' or 'docker login' puts them there",
                          client->host, client->host);
    if (refused)
        return mlops_hint(err,
                          "the credentials of '%s' that ~/.docker/config.json leads to do not "
                          "suffice for this",
                          client->host);
    return (int)err->code;
}

/* ---- authorization --------------------------------------------------------------------------- */

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void set_authorization(struct oci_client *client, char *value)
{
    wipe(client->authorization);
    client->authorization = value;
}

static char *basic_header(const struct oci_client *client)
{
    struct buffer header = {0};
    _cleanup_(free_string) char *pair =
        xprintf("%s:%s", client->credentials.user, client->credentials.password);
    buffer_puts(&header, "Authorization: Basic ");
    base64_write(pair, strlen(pair), &header);
    explicit_bzero(pair, strlen(pair));
    return buffer_steal(&header);
}

static void put_parameter(struct buffer *out, const char *name, const char *value)
{
    if (!value)
        return;
    buffer_printf(out, "%s%s=", out->length ? "&" : "", name);
    http_encode(value, "", out);
}

/* What we will want sooner or later, so that one token does. */
static void put_scopes(const struct oci_client *client, struct buffer *out)
{
    _cleanup_(free_string) char *own =
        xprintf("repository:%s:pull%s", client->repository, client->writes ? ",push" : "");
    put_parameter(out, "scope", own);
    if (client->mount) {
        _cleanup_(free_string) char *other = xprintf("repository:%s:pull", client->mount);
        put_parameter(out, "scope", other);
    }
}

static int take_token(struct oci_client *client, const struct http_request *request,
                      const struct http_response *response, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error ignored = {0}; /* its message could quote what was read */
    if (response->status != 200)
        return oci_fail(client, request, response, err);
    if (response->body.length == 0 ||
        json_parse(response->body.data, response->body.length, "token", &json, &ignored))
        return mlops_fail(err, MLOPS_IO, "the token server of '%s' answers no JSON", client->host);
    const char *token = json_string(json, "token", json_string(json, "access_token", NULL));
    if (!token || !*token || token[strcspn(token, "\r\n")])
        return mlops_fail(err, MLOPS_IO, "the token server of '%s' gives no token", client->host);
    set_authorization(client, xprintf("Authorization: Bearer %s", token));
    return MLOPS_OK;
}

/* With an identity token by POST (OAuth 2), with a password or nothing by GET. */
static int fetch_token(struct oci_client *client, const struct oci_challenge *challenge,
                       struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(buffer_clear) struct buffer query = {0};
    _cleanup_(free_string) char *basic = NULL, *url = NULL;
    const char *headers[3] = {NULL};
    struct http_request request = {.headers = headers, .body_max = TOKEN_MAX};
    TRY(check_secure(client, challenge->realm, "sends for tokens to", err));
    put_parameter(&query, "service", challenge->service);
    put_scopes(client, &query);
    if (client->credentials.identity_token) {
        put_parameter(&query, "client_id", "mlops");
        put_parameter(&query, "grant_type", "refresh_token");
        put_parameter(&query, "refresh_token", client->credentials.identity_token);
        headers[0] = "Content-Type: application/x-www-form-urlencoded";
        request.method = "POST";
        request.url = challenge->realm;
        request.data = query.data;
        request.length = query.length;
    } else {
        if (client->credentials.user)
            headers[0] = basic = basic_header(client);
        request.method = "GET";
        request.url = url = xprintf("%s%c%s", challenge->realm,
                                    strchr(challenge->realm, '?') ? '&' : '?', query.data);
    }
    int code = http_send(client->http, &request, &response, err);
    if (code == MLOPS_OK)
        code = take_token(client, &request, &response, err);
    if (basic)
        explicit_bzero(basic, strlen(basic));
    if (client->credentials.identity_token)
        explicit_bzero(query.data, query.length);
    return code ? mlops_wrap(err, "get a token for '%s'", client->host) : MLOPS_OK;
}

/* With the lock held. `*again`: there is something to try that was not tried. `used`: the header
 * that did not do; another thread may have found a better one meanwhile. */
static int meet_challenge(struct oci_client *client, const struct http_response *response,
                          const char *used, bool *again, struct mlops_error *err)
{
    _cleanup_(oci_challenge_clear) struct oci_challenge challenge = {0};
    _cleanup_(free_string) char *header = http_response_header(response, "WWW-Authenticate");
    *again = client->authorization && (!used || !str_equal(used, client->authorization));
    if (*again || !header || !oci_challenge_read(header, &challenge))
        return MLOPS_OK;
    if (challenge.bearer) {
        *again = true;
        return fetch_token(client, &challenge, err);
    }
    if (!client->credentials.user || client->authorization)
        return MLOPS_OK;
    set_authorization(client, basic_header(client));
    *again = true;
    return MLOPS_OK;
}

/* libcurl drops this header where a redirection leads to another host. */
static int send_once(struct oci_client *client, const struct http_request *request,
                     const char *authorization, struct http_response *response,
                     struct mlops_error *err)
{
    const char *headers[HEADERS_MAX + 2] = {NULL};
    struct http_request authorized = *request;
    size_t count = 0;
    for (const char *const *line = request->headers; line && *line && count < HEADERS_MAX; line++)
        headers[count++] = *line;
    if (authorization && is_own(client, request->url))
        headers[count++] = authorization;
    authorized.headers = headers;
    return http_send(client->http, &authorized, response, err);
}

/* The caller wipes it. */
static char *copy_authorization(struct oci_client *client)
{
    pthread_mutex_lock(&client->lock);
    char *copy = client->authorization ? xstrdup(client->authorization) : NULL;
    pthread_mutex_unlock(&client->lock);
    return copy;
}

int oci_rest(struct oci_client *client, int64_t wait_ns, struct mlops_error *err)
{
    return http_client_rest(client->http, wait_ns, err);
}

int oci_send(struct oci_client *client, const struct http_request *request,
             struct http_response *response, struct mlops_error *err)
{
    int code = MLOPS_OK;
    bool again = true;
    for (int i = 0; again && code == MLOPS_OK; i++) {
        char *authorization = copy_authorization(client);
        again = false;
        code = send_once(client, request, authorization, response, err);
        if (code == MLOPS_OK && response->status == 401 && i < CHALLENGES_MAX &&
            is_own(client, request->url)) {
            pthread_mutex_lock(&client->lock);
            code = meet_challenge(client, response, authorization, &again, err);
            pthread_mutex_unlock(&client->lock);
        }
        wipe(authorization);
    }
    return code;
}

void oci_client_stop(struct oci_client *client)
{
    http_client_stop(client->http);
}

int oci_ping(struct oci_client *client, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *url = xprintf("%s/v2/", client->base);
    const struct http_request request = {.method = "GET", .url = url};
    TRY(oci_send(client, &request, &response, err));
    if (response.status == 200)
        return MLOPS_OK;
    if (response.status != 404)
        return oci_fail(client, &request, &response, err);
    return mlops_fail(err, MLOPS_IO, "'%s' is no OCI registry: it has no /v2/", client->host);
}

/* ---- the client ------------------------------------------------------------------------------ */

int oci_client_new(const struct oci_reference *where, const struct oci_client_options *options,
                   struct oci_client **client, struct mlops_error *err)
{
    _cleanup_(oci_client_free_ptr) struct oci_client *made = xcalloc(1, sizeof(*made));
    const struct http_client_options how = {.ca_file = options->ca_file,
                                            .observer = options->observer};
    bool local = http_host_is_loopback(where->host) && !options->ca_file;
    pthread_mutex_init(&made->lock, NULL);
    bool hub = str_equal(where->host, "docker.io"); /* a name that is not its API's */
    made->plain = options->plain_http || local;
    made->writes = options->writes;
    made->host = xstrdup(where->host);
    made->mount = options->mount ? xstrdup(options->mount) : NULL;
    made->repository = hub && !strchr(where->repository, '/')
                           ? xprintf("library/%s", where->repository)
                           : xstrdup(where->repository);
    made->base = xprintf("%s://%s", made->plain ? "http" : "https",
                         hub ? "registry-1.docker.io" : where->host);
    TRY(oci_credentials_find(where->host, &made->credentials, err));
    TRY(http_client_new(&how, &made->http, err));
    *client = TAKE_PTR(made);
    return MLOPS_OK;
}

void oci_client_free(struct oci_client *client)
{
    if (!client)
        return;
    set_authorization(client, NULL);
    oci_credentials_clear(&client->credentials);
    http_client_free(client->http);
    pthread_mutex_destroy(&client->lock);
    free(client->host);
    free(client->repository);
    free(client->mount);
    free(client->base);
    free(client);
}
