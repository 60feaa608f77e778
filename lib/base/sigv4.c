/* lib/base/sigv4.c - AWS Signature Version 4, by OpenSSL's HMAC. */
#include "base/sigv4.h"
#include "base/hash.h"
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_LENGTH 8

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name=value" sorted by name, then by value; "name" alone stands for "name=". A name that begins
 * as another sorts behind it, as "=" would not do: it is 0x01 while they are compared. */
static void add_query(const char *query, struct buffer *text)
{
    size_t count = 1, i = 0;
    for (const char *c = query; *c; c++)
        count += *c == '&';
    _cleanup_(free_strings) char **pairs = xcalloc(count + 1, sizeof(*pairs));
    _cleanup_(free_string) char *copy = xstrdup(query);
    char *rest = copy;
    for (char *pair; (pair = strsep(&rest, "&"));) {
        char *equals = strchr(pair, '=');
        if (equals)
            *equals = '\0';
        if (*pair)
            pairs[i++] = xprintf("%s\1%s", pair, equals ? equals + 1 : "");
    }
    qsort(pairs, i, sizeof(*pairs), compare_texts);
    for (size_t j = 0; j < i; j++) {
        *strchr(pairs[j], '\1') = '=';
        buffer_printf(text, "%s%s", j ? "&" : "", pairs[j]);
    }
}

/* Without blanks at the ends, and one where there are several. */
static void add_value(const char *value, struct buffer *text)
{
    bool blank = false;
    while (isspace((unsigned char)*value))
        value++;
    for (; *value; value++) {
        if (isspace((unsigned char)*value)) {
            blank = true;
            continue;
        }
        if (blank)
            buffer_putc(text, ' ');
        blank = false;
        buffer_putc(text, *value);
    }
}

static int compare_headers(const void *a, const void *b)
{
    return strcmp(((const struct sigv4_header *)a)->name, ((const struct sigv4_header *)b)->name);
}

/* The caller frees. */
static struct sigv4_header *sorted_headers(const struct sigv4_request *request)
{
    struct sigv4_header *headers = xcalloc(request->header_count, sizeof(*headers));
    memcpy(headers, request->headers, request->header_count * sizeof(*headers));
    qsort(headers, request->header_count, sizeof(*headers), compare_headers);
    return headers;
}

static void add_names(const struct sigv4_request *request, const struct sigv4_header *headers,
                      struct buffer *text)
{
    for (size_t i = 0; i < request->header_count; i++)
        buffer_printf(text, "%s%s", i ? ";" : "", headers[i].name);
}

static void add_canonical(const struct sigv4_request *request, const struct sigv4_header *headers,
                          struct buffer *text)
{
    buffer_printf(text, "%s\n%s\n", request->method, request->path);
    if (request->query)
        add_query(request->query, text);
    buffer_putc(text, '\n');
    for (size_t i = 0; i < request->header_count; i++) {
        buffer_printf(text, "%s:", headers[i].name);
        add_value(headers[i].value, text);
        buffer_putc(text, '\n');
    }
    buffer_putc(text, '\n');
    add_names(request, headers, text);
    buffer_printf(text, "\n%s", request->payload_hash);
}

static void hmac(const void *key, size_t key_length, const char *text, uint8_t out[32])
{
    unsigned length = 32;
    /* fails only where memory is out */
    (void)xcheck(HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text),
                      out, &length));
}

static void sign(const struct sigv4_request *request, const char *secret_key, const char *text,
                 char hex[SHA256_HEX_SIZE])
{
    uint8_t key[32], next[32];
    struct digest signature;
    _cleanup_(free_string) char *date = xstrndup(request->time, DATE_LENGTH);
    char *first = xprintf("AWS4%s", secret_key);
    hmac(first, strlen(first), date, key);
    OPENSSL_cleanse(first, strlen(first));
    free(first);
    hmac(key, sizeof(key), request->region, next);
    hmac(next, sizeof(next), request->service, key);
    hmac(key, sizeof(key), "aws4_request", next);
    hmac(next, sizeof(next), text, signature.bytes);
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(next, sizeof(next));
    digest_to_hex(&signature, hex);
}

void sigv4_time(int64_t time_ns, char text[SIGV4_TIME_SIZE])
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm parts;
    (void)strftime(text, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &parts));
}

void sigv4_authorize(const struct sigv4_request *request, const char *access_key,
                     const char *secret_key, struct buffer *authorization)
{
    struct sigv4_header *headers = sorted_headers(request);
    _cleanup_(buffer_clear) struct buffer canonical = {0}, text = {0};
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    add_canonical(request, headers, &canonical);
    sha256_of(canonical.data, canonical.length, &digest);
    digest_to_hex(&digest, hex);
    _cleanup_(free_string) char *scope = xprintf("%.*s/%s/%s/aws4_request", DATE_LENGTH,
                                                 request->time, request->region, request->service);
    buffer_printf(&text, ALGORITHM "\n%s\n%s\n%s", request->time, scope, hex);
    sign(request, secret_key, text.data, hex);
    buffer_printf(authorization, ALGORITHM " Credential=%s/%s, SignedHeaders=", access_key, scope);
    add_names(request, headers, authorization);
    buffer_printf(authorization, ", Signature=%s", hex);
    free(headers);
}
