/* lib/store/s3_object.c - objects of a bucket: read, written, copied, listed, deleted. */
#include "base/base64.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "store/s3.h"
#include "store/s3_xml.h"
#include <stdio.h>

#define LIST_PAGES_MAX 100000 /* of 1,000: a server that never comes to an end */

void s3_checksum_text(uint32_t checksum, char text[9])
{
    const uint8_t bytes[4] = {(uint8_t)(checksum >> 24), (uint8_t)(checksum >> 16),
                              (uint8_t)(checksum >> 8), (uint8_t)checksum};
    _cleanup_(buffer_clear) struct buffer out = {0};
    base64_write(bytes, sizeof(bytes), &out);
    str_copy(text, 9, out.data);
}

/* ---- reading --------------------------------------------------------------------------------- */

int s3_head(struct s3 *s3, const char *key, uint64_t *size, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    TRY(s3_send(s3, &(struct s3_call){.method = "HEAD", .key = key}, &response, err));
    _cleanup_(free_string) char *length = http_response_header(&response, "Content-Length");
    _cleanup_(free_string) char *name = s3_name(s3, key);
    char *end = NULL;
    *size = length ? strtoull(length, &end, 10) : 0;
    if (!end || end == length || *end)
        return mlops_fail(err, MLOPS_IO, "HEAD %s: the server does not say its size", name);
    return MLOPS_OK;
}

struct range {
    uint8_t *data;
    size_t length; /* of `data` */
    size_t got;
};

/* Bytes behind the range are of a server that does not know ranges: they are dropped. */
static int take(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err)
{
    struct range *range = context;
    (void)err;
    if (offset == 0)
        range->got = 0;
    if (offset < range->length) {
        size_t room = range->length - (size_t)offset;
        memcpy(range->data + offset, data, length < room ? length : room);
        range->got = (size_t)offset + (length < room ? length : room);
    }
    return MLOPS_OK;
}

/* The whole size, of "bytes 0-9/100", and whether it begins where it was asked to. */
static bool parse_content_range(const struct http_response *response, uint64_t *first,
                                uint64_t *size)
{
    _cleanup_(free_string) char *text = http_response_header(response, "Content-Range");
    unsigned long long begin, last, whole;
    if (!text || sscanf(text, "bytes %llu-%llu/%llu", &begin, &last, &whole) != 3)
        return false;
    *first = begin;
    *size = whole;
    return true;
}

static int get_range(struct s3 *s3, const char *key, const char *text, struct range *range,
                     uint64_t *first, uint64_t *size, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    const struct s3_call call = {.method = "GET",
                                 .key = key,
                                 .extra = {{"range", text}},
                                 .sink = take,
                                 .context = range,
                                 .fine = {416}};
    TRY(s3_send(s3, &call, &response, err));
    *first = 0;
    if (response.status == 416) { /* nothing is there */
        range->got = 0;
        *size = 0;
        return MLOPS_OK;
    }
    if (response.status == 200) { /* all of it, as it is empty or the server knows no ranges */
        *size = response.received;
        return MLOPS_OK;
    }
    if (parse_content_range(&response, first, size))
        return MLOPS_OK;
    _cleanup_(free_string) char *name = s3_name(s3, key);
    return mlops_fail(err, MLOPS_IO, "GET %s: the server answers with another range", name);
}

int s3_get(struct s3 *s3, const char *key, uint64_t offset, void *data, size_t length, size_t *got,
           uint64_t *size, struct mlops_error *err)
{
    struct range range = {.data = data, .length = length};
    uint64_t first, whole;
    _cleanup_(free_string) char *text =
        xprintf("bytes=%llu-%llu", (unsigned long long)offset,
                (unsigned long long)(offset + (length ? length - 1 : 0)));
    TRY(get_range(s3, key, text, &range, &first, &whole, err));
    *got = range.got;
    if (size)
        *size = whole;
    if (range.got == 0 || first == offset)
        return MLOPS_OK;
    _cleanup_(free_string) char *name = s3_name(s3, key);
    return mlops_fail(err, MLOPS_IO, "GET %s: the server does not know ranges", name);
}

int s3_get_tail(struct s3 *s3, const char *key, void *data, size_t length, size_t *got,
                uint64_t *size, struct mlops_error *err)
{
    struct range range = {.data = data, .length = length};
    uint64_t first;
    _cleanup_(free_string) char *text = xprintf("bytes=-%zu", length);
    TRY(get_range(s3, key, text, &range, &first, size, err));
    *got = range.got;
    if (first + range.got == *size)
        return MLOPS_OK;
    _cleanup_(free_string) char *name = s3_name(s3, key);
    return mlops_fail(err, MLOPS_IO, "GET %s: the server does not know ranges", name);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_encryption(const struct s3_config *config, struct s3_call *call, size_t at)
{
    if (!config->sse)
        return;
    call->extra[at].name = "x-amz-server-side-encryption";
    call->extra[at++].value = config->sse;
    if (config->kms_key) {
        call->extra[at].name = "x-amz-server-side-encryption-aws-kms-key-id";
        call->extra[at].value = config->kms_key;
    }
}

static void sum(void *context, const void *data, size_t length)
{
    uint32_t *checksum = context;
    *checksum = crc32c_more(*checksum, data, length);
}

int s3_piece_checksum(const struct s3_piece *piece, uint32_t *checksum, struct mlops_error *err)
{
    *checksum = 0;
    return s3_piece_read(piece, sum, checksum, err);
}

/* `call` has key and body. */
static int put(struct s3 *s3, struct s3_call *call, uint32_t checksum, bool only_new, bool *there,
               struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    char text[9];
    size_t at = 0;
    call->method = "PUT";
    s3_checksum_text(checksum, text);
    call->extra[at].name = "x-amz-checksum-crc32c";
    call->extra[at++].value = text;
    if (only_new) {
        call->extra[at].name = "if-none-match";
        call->extra[at++].value = "*";
        call->fine[0] = 412;
    }
    add_encryption(s3_settings(s3), call, at);
    TRY(s3_send(s3, call, &response, err));
    *there = response.status == 412;
    return MLOPS_OK;
}

int s3_put(struct s3 *s3, const char *key, const void *data, size_t length, bool only_new,
           bool *there, struct mlops_error *err)
{
    struct s3_call call = {.key = key, .data = data, .length = length};
    return put(s3, &call, crc32c(data, length), only_new, there, err);
}

int s3_put_piece(struct s3 *s3, const char *key, const struct s3_piece *piece, bool only_new,
                 bool *there, struct mlops_error *err)
{
    struct s3_call call = {.key = key, .piece = piece};
    uint32_t checksum;
    TRY(s3_piece_checksum(piece, &checksum, err));
    return put(s3, &call, checksum, only_new, there, err);
}

int s3_copy(struct s3 *s3, const char *from, const char *to, struct mlops_error *err)
{
    const struct s3_config *config = s3_settings(s3);
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(buffer_clear) struct buffer source = {0};
    buffer_printf(&source, "/%s/", config->bucket);
    http_encode(config->prefix, "/", &source);
    http_encode(from, "/", &source);
    struct s3_call call = {.method = "PUT",
                           .key = to,
                           .data = "",
                           .extra = {{"x-amz-copy-source", source.data}},
                           .ends_late = true};
    add_encryption(config, &call, 1);
    return s3_send(s3, &call, &response, err);
}

int s3_delete(struct s3 *s3, const char *key, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    int code = s3_send(s3, &(struct s3_call){.method = "DELETE", .key = key}, &response, err);
    if (code != MLOPS_NOT_FOUND)
        return code;
    *err = (struct mlops_error){0};
    return MLOPS_OK;
}

/* ---- listing --------------------------------------------------------------------------------- */

struct listing {
    struct s3 *s3;
    int (*each)(void *context, const struct s3_item *item, struct mlops_error *err);
    void *context;
    int64_t now_ns; /* by the server */
};

static int list_item(const struct listing *listing, const char *text, size_t length,
                     struct mlops_error *err)
{
    const char *prefix = s3_settings(listing->s3)->prefix;
    _cleanup_(free_string) char *key = xml_text(text, length, "Key");
    _cleanup_(free_string) char *size = xml_text(text, length, "Size");
    _cleanup_(free_string) char *changed = xml_text(text, length, "LastModified");
    int64_t changed_ns;
    if (!key || !size || !changed || !clock_parse(changed, strlen(changed), &changed_ns) ||
        !str_starts(key, prefix))
        return mlops_fail(err, MLOPS_IO, "the list of s3://%s has an entry that cannot be read",
                          s3_settings(listing->s3)->bucket);
    int64_t age_ns = listing->now_ns - changed_ns;
    const struct s3_item item = {.key = key + strlen(prefix),
                                 .size = strtoull(size, NULL, 10),
                                 .age_ns = age_ns < 0 ? 0 : age_ns};
    return listing->each(listing->context, &item, err);
}

static int list_page(struct listing *listing, const char *query, char **token,
                     struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    const char *text, *inner;
    size_t at = 0, length;
    TRY(s3_send(listing->s3, &(struct s3_call){.method = "GET", .query = query}, &response, err));
    listing->now_ns = s3_answered_ns(&response);
    text = response.body.data;
    if (!text || !strstr(text, "<ListBucketResult") || !strstr(text, "</ListBucketResult>"))
        return mlops_fail(err, MLOPS_IO, "the list of s3://%s cannot be read",
                          s3_settings(listing->s3)->bucket);
    _cleanup_(free_string) char *more = xml_text(text, response.body.length, "IsTruncated");
    *token = more && str_equal(more, "true")
                 ? xml_text(text, response.body.length, "NextContinuationToken")
                 : NULL;
    while (xml_next(text, response.body.length, "Contents", &at, &inner, &length))
        TRY(list_item(listing, inner, length, err));
    return MLOPS_OK;
}

int s3_list(struct s3 *s3, const char *prefix,
            int (*each)(void *context, const struct s3_item *item, struct mlops_error *err),
            void *context, struct mlops_error *err)
{
    struct listing listing = {.s3 = s3, .each = each, .context = context};
    _cleanup_(free_string) char *token = NULL;
    for (unsigned page = 0; page < LIST_PAGES_MAX; page++) {
        _cleanup_(buffer_clear) struct buffer query = {0};
        buffer_puts(&query, "list-type=2&prefix=");
        http_encode(s3_settings(s3)->prefix, "", &query);
        http_encode(prefix, "", &query);
        if (token) {
            buffer_puts(&query, "&continuation-token=");
            http_encode(token, "", &query);
        }
        free(token);
        token = NULL;
        TRY(list_page(&listing, query.data, &token, err));
        if (!token)
            return MLOPS_OK;
    }
    return mlops_fail(err, MLOPS_IO, "the list of s3://%s has no end", s3_settings(s3)->bucket);
}
