/* lib/base/http_retry.c - attempts at a request, the waits between them, and what messages say. */
#include "base/http_retry.h"
#include "base/backoff.h"
#include "base/clock.h"
#include <ctype.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define ATTEMPTS 6
#define FIRST_WAIT_NS 200000000LL
#define WAIT_MAX_NS 10000000000LL
#define RETRY_AFTER_MAX_NS 30000000000LL

/* ---- waiting --------------------------------------------------------------------------------- */

/* Seconds, or a date (RFC 9110 §10.2.3); 0 where there is none. */
static int64_t retry_after_ns(const struct http_response *response)
{
    _cleanup_(free_string) char *value = http_response_header(response, "Retry-After");
    char *end;
    struct tm date = {0};
    int64_t wait_ns = 0;
    if (!value)
        return 0;
    long seconds = strtol(value, &end, 10);
    if (end != value && *end == '\0')
        wait_ns =
            seconds > RETRY_AFTER_MAX_NS / 1000000000 ? RETRY_AFTER_MAX_NS : seconds * 1000000000LL;
    else if (strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &date))
        wait_ns = timegm(&date) * 1000000000LL - clock_now_ns();
    return wait_ns < 0 ? 0 : wait_ns > RETRY_AFTER_MAX_NS ? RETRY_AFTER_MAX_NS : wait_ns;
}

static bool is_stopped(void *context)
{
    return http_client_stopped(context);
}

int http_client_rest(struct http_client *client, int64_t wait_ns, struct mlops_error *err)
{
    const struct mlops_observer observer = {.cancelled = is_stopped, .context = client};
    return clock_rest(&observer, wait_ns) ? MLOPS_OK : mlops_fail(err, MLOPS_CANCELLED, "stopped");
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int check_url(const char *url, struct mlops_error *err)
{
    _cleanup_(free_string) char *plain = http_url_plain(url);
    const char *host = strstr(url, "://");
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not an http or https address", plain);
    if (memchr(host + 3, '@', strcspn(host + 3, "/?#"))) {
        mlops_fail(err, MLOPS_INVALID, "the address '%s' has a user in it", plain);
        return mlops_hint(err, "credentials come from the environment or the engine's own files");
    }
    return MLOPS_OK;
}

static int judge(const struct http_request *request, const struct http_response *response,
                 bool *again, struct mlops_error *err)
{
    if (request->judge)
        return request->judge(request->context, response, again, err);
    *again = http_status_is_passing(response->status);
    return MLOPS_OK;
}

int http_send(struct http_client *client, const struct http_request *request,
              struct http_response *response, struct mlops_error *err)
{
    const struct http_client_options *options = http_options(client);
    unsigned attempts = request->once ? 1 : options->attempts ? options->attempts : ATTEMPTS;
    int64_t first_ns = options->first_wait_ns ? options->first_wait_ns : FIRST_WAIT_NS;
    http_response_clear(response);
    TRY(check_url(request->url, err));
    for (unsigned attempt = 1;; attempt++) {
        bool again;
        if (http_client_stopped(client))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped");
        int code = http_attempt(client, request, response, &again, err);
        response->attempts = attempt;
        if (code == MLOPS_OK)
            TRY(judge(request, response, &again, err));
        if (again && attempt < attempts) {
            int64_t told_ns = retry_after_ns(response);
            int64_t own_ns = backoff_ns(first_ns, WAIT_MAX_NS, attempt);
            TRY(http_client_rest(client, told_ns > own_ns ? told_ns : own_ns, err));
            continue;
        }
        if (code && again && attempts > 1)
            return mlops_hint(err, "tried %u times", attempts);
        return code;
    }
}

/* ---- answers and addresses ------------------------------------------------------------------- */

void http_response_clear(struct http_response *response)
{
    buffer_clear(&response->head);
    buffer_clear(&response->body);
    *response = (struct http_response){0};
}

char *http_response_header(const struct http_response *response, const char *name)
{
    size_t length = strlen(name);
    if (!response->head.data)
        return NULL;
    const char *end = response->head.data + response->head.length;
    for (const char *line = response->head.data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        if ((size_t)(stop - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1;
            while (value < stop && isspace((unsigned char)*value))
                value++;
            while (stop > value && isspace((unsigned char)stop[-1]))
                stop--;
            return xstrndup(value, (size_t)(stop - value));
        }
        line = stop + 1;
    }
    return NULL;
}

bool http_status_is_passing(long status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

int http_fail_status(const struct http_request *request, const struct http_response *response,
                     enum mlops_code code, const char *detail, struct mlops_error *err)
{
    _cleanup_(free_string) char *url = http_url_plain(request->url);
    mlops_fail(err, code, "%s %s: the server answers %ld%s%s", request->method, url,
               response->status, detail ? ": " : "", detail ? detail : "");
    if (response->attempts > 1)
        return mlops_hint(err, "tried %u times", response->attempts);
    return (int)code;
}

char *http_url_plain(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t authority = strcspn(host, "/?#"), user = 0;
    for (size_t i = 0; i < authority; i++)
        if (host[i] == '@')
            user = i + 1;
    return xprintf("%.*s%.*s", (int)(host - url), url, (int)(strcspn(host, "?#") - user),
                   host + user);
}

bool http_host_is_loopback(const char *host)
{
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (length == 9 && strncmp(host, "localhost", 9) == 0)
        return true;
    if (length == 5 && strncmp(host, "[::1]", 5) == 0)
        return true;
    return str_starts(host, "127.") && strspn(host, "0123456789.") == length;
}

void http_encode(const char *text, const char *keep, struct buffer *out)
{
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                     (*c >= '0' && *c <= '9') || strchr("-._~", *c) || strchr(keep, *c);
        if (plain)
            buffer_putc(out, *c);
        else
            buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
}
