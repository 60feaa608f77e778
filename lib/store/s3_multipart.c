/* lib/store/s3_multipart.c - uploads in parts. */
#include "base/clock.h"
#include "store/s3.h"
#include "store/s3_xml.h"

void s3_part_clear(struct s3_part *part)
{
    free(part->tag);
    *part = (struct s3_part){0};
}

int s3_upload_begin(struct s3 *s3, const char *key, char **id, struct mlops_error *err)
{
    const struct s3_config *config = s3_settings(s3);
    _cleanup_(http_response_clear) struct http_response response = {0};
    struct s3_call call = {
        .method = "POST",
        .key = key,
        .query = "uploads=",
        .data = "",
        .extra = {{"x-amz-checksum-algorithm", "CRC32C"}, {"x-amz-checksum-type", "COMPOSITE"}}};
    if (config->sse) {
        call.extra[2].name = "x-amz-server-side-encryption";
        call.extra[2].value = config->sse;
    }
    if (config->sse && config->kms_key) {
        call.extra[3].name = "x-amz-server-side-encryption-aws-kms-key-id";
        call.extra[3].value = config->kms_key;
    }
    TRY(s3_send(s3, &call, &response, err));
    *id = xml_text(response.body.data, response.body.length, "UploadId");
    if (*id && **id)
        return MLOPS_OK;
    free(TAKE_PTR(*id));
    return mlops_fail(err, MLOPS_IO, "POST s3://%s: the server begins no upload", config->bucket);
}

/* "NAME…&uploadId=ID"; the caller frees. */
static char *query_of(const char *begin, const char *id)
{
    struct buffer query = {0};
    buffer_printf(&query, "%suploadId=", begin);
    http_encode(id, "", &query);
    return buffer_steal(&query);
}

int s3_upload_part(struct s3 *s3, const char *key, const char *id, unsigned number,
                   const struct s3_piece *piece, struct s3_part *part, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *begin = xprintf("partNumber=%u&", number);
    _cleanup_(free_string) char *query = query_of(begin, id);
    char checksum[9];
    TRY(s3_piece_checksum(piece, &part->checksum, err));
    s3_checksum_text(part->checksum, checksum);
    const struct s3_call call = {.method = "PUT",
                                 .key = key,
                                 .query = query,
                                 .piece = piece,
                                 .extra = {{"x-amz-checksum-crc32c", checksum}}};
    TRY(s3_send(s3, &call, &response, err));
    part->tag = http_response_header(&response, "ETag");
    if (part->tag)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_IO, "PUT s3://%s: the server gives a part no ETag",
                      s3_settings(s3)->bucket);
}

static void write_parts(const struct s3_part *parts, size_t count, struct buffer *body)
{
    buffer_puts(body,
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < count; i++) {
        char checksum[9];
        s3_checksum_text(parts[i].checksum, checksum);
        buffer_puts(body, "<Part><ETag>");
        xml_escape(parts[i].tag, body);
        buffer_printf(body,
                      "</ETag><ChecksumCRC32C>%s</ChecksumCRC32C><PartNumber>%zu</PartNumber>"
                      "</Part>",
                      checksum, i + 1);
    }
    buffer_puts(body, "</CompleteMultipartUpload>");
}

int s3_upload_end(struct s3 *s3, const char *key, const char *id, const struct s3_part *parts,
                  size_t count, uint64_t size, bool only_new, bool *there, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *query = query_of("", id);
    _cleanup_(buffer_clear) struct buffer body = {0};
    struct s3_call call = {.method = "POST", .key = key, .query = query, .ends_late = true};
    uint64_t found;
    write_parts(parts, count, &body);
    call.data = body.data;
    call.length = body.length;
    if (only_new) {
        call.extra[0].name = "if-none-match";
        call.extra[0].value = "*";
        call.fine[0] = 412;
    }
    int code = s3_send(s3, &call, &response, err);
    *there = code == MLOPS_OK && response.status == 412;
    /* An attempt whose answer was lost may have ended the upload. */
    if (code != MLOPS_NOT_FOUND || response.attempts < 2)
        return code == MLOPS_NOT_FOUND ? (int)(err->code = MLOPS_IO) : code;
    struct mlops_error looked = {0};
    if (s3_head(s3, key, &found, &looked) == MLOPS_OK && found == size) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    return (int)(err->code = MLOPS_IO);
}

int s3_upload_abort(struct s3 *s3, const char *key, const char *id, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *query = query_of("", id);
    const struct s3_call call = {.method = "DELETE", .key = key, .query = query};
    int code = s3_send(s3, &call, &response, err);
    if (code != MLOPS_NOT_FOUND)
        return code;
    *err = (struct mlops_error){0};
    return MLOPS_OK;
}

static int sweep_one(struct s3 *s3, const char *text, size_t length, int64_t before_ns,
                     struct mlops_error *err)
{
    const char *prefix = s3_settings(s3)->prefix;
    _cleanup_(free_string) char *key = xml_text(text, length, "Key");
    _cleanup_(free_string) char *id = xml_text(text, length, "UploadId");
    _cleanup_(free_string) char *begun = xml_text(text, length, "Initiated");
    int64_t begun_ns;
    if (!key || !id || !begun || !clock_parse(begun, strlen(begun), &begun_ns) ||
        !str_starts(key, prefix) || begun_ns > before_ns)
        return MLOPS_OK;
    return s3_upload_abort(s3, key + strlen(prefix), id, err);
}

/* The first thousand are enough for one run: the next one finds the rest. */
int s3_upload_sweep(struct s3 *s3, const char *prefix, int64_t age_ns, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(buffer_clear) struct buffer query = {0};
    const char *inner;
    size_t at = 0, length;
    buffer_puts(&query, "uploads=&prefix=");
    http_encode(s3_settings(s3)->prefix, "", &query);
    http_encode(prefix, "", &query);
    TRY(s3_send(s3, &(struct s3_call){.method = "GET", .query = query.data}, &response, err));
    int64_t before_ns = s3_answered_ns(&response) - age_ns;
    while (xml_next(response.body.data, response.body.length, "Upload", &at, &inner, &length))
        TRY(sweep_one(s3, inner, length, before_ns, err));
    return MLOPS_OK;
}
