/* lib/oci/blob.c - blobs asked for and fetched. */
#include "oci/blob.h"
#include <stdio.h>

#define ROUNDS_MAX 64 /* each of which brought something */

int oci_blob_has(struct oci_client *client, const struct digest *digest, bool *has,
                 struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(digest, hex);
    _cleanup_(free_string) char *url = oci_url(client, "blobs/sha256:%s", hex);
    const struct http_request request = {.method = "HEAD", .url = url, .follow = true};
    TRY(oci_send(client, &request, &response, err));
    *has = response.status == 200;
    if (*has || response.status == 404)
        return MLOPS_OK;
    return oci_fail(client, &request, &response, err);
}

/* ---- fetching -------------------------------------------------------------------------------- */

struct download {
    const struct oci_blob_sink *sink;
    struct http_response *response;
    struct sha256 *hash;
    uint64_t size;
    uint64_t received;
    uint64_t base; /* of the present answer */
};

/* Of http_request: ask for the rest. */
static int ask_for_rest(void *context, struct http_headers *headers, struct mlops_error *err)
{
    const struct download *download = context;
    char range[48];
    (void)err;
    if (download->received == 0)
        return MLOPS_OK;
    (void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)download->received);
    http_headers_add(headers, "Range", range);
    return MLOPS_OK;
}

static bool begins_where_asked(const struct download *download)
{
    _cleanup_(free_string) char *range = http_response_header(download->response, "Content-Range");
    unsigned long long first;
    return range && sscanf(range, "bytes %llu-", &first) == 1 && first == download->received;
}

/* The registry begins with `offset` 0 of an answer: of the rest, or of the whole blob again. */
static int begin_answer(struct download *download, struct mlops_error *err)
{
    struct digest dropped;
    if (download->response->status == 206) {
        if (!begins_where_asked(download))
            return mlops_fail(err, MLOPS_IO, "the registry gives another range than was asked for");
        download->base = download->received;
        return MLOPS_OK;
    }
    sha256_final(download->hash, &dropped); /* starts anew */
    download->base = download->received = 0;
    return MLOPS_OK;
}

static int take_part(void *context, uint64_t offset, const void *data, size_t length,
                     struct mlops_error *err)
{
    struct download *download = context;
    if (offset == 0)
        TRY(begin_answer(download, err));
    if (length > download->size - download->received)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is longer than %llu bytes",
                          (unsigned long long)download->size);
    TRY(download->sink->take(download->sink->context, download->base + offset, data, length, err));
    sha256_update(download->hash, data, length);
    download->received += length;
    return MLOPS_OK;
}

/* A Range behind the end is answered by 416: everything came, and the connection broke then. */
static bool is_complete(const struct download *download, const struct http_response *response)
{
    return response->status == 200 || response->status == 206 ||
           (response->status == 416 && download->received == download->size);
}

static int fetch(struct oci_client *client, const struct http_request *request,
                 struct download *download, struct mlops_error *err)
{
    for (int round = 0;; round++) {
        uint64_t before = download->received;
        int code = oci_send(client, request, download->response, err);
        if (code == MLOPS_OK && is_complete(download, download->response))
            return MLOPS_OK;
        if (code == MLOPS_OK)
            return oci_fail(client, request, download->response, err);
        if (code != MLOPS_IO || download->received <= before || round == ROUNDS_MAX)
            return code;
    }
}

static int check_blob(struct download *download, const struct digest *digest,
                      struct mlops_error *err)
{
    struct digest found;
    sha256_final(download->hash, &found);
    if (download->received != download->size)
        return mlops_fail(err, MLOPS_INTEGRITY, "it has %llu bytes, and should have %llu",
                          (unsigned long long)download->received,
                          (unsigned long long)download->size);
    if (!digest_equal(&found, digest))
        return mlops_fail(err, MLOPS_INTEGRITY, "its bytes do not have the digest it is called by");
    return MLOPS_OK;
}

int oci_blob_get(struct oci_client *client, const struct digest *digest, uint64_t size,
                 const struct oci_blob_sink *sink, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    struct download download = {.sink = sink, .response = &response, .hash = hash, .size = size};
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(digest, hex);
    _cleanup_(free_string) char *url = oci_url(client, "blobs/sha256:%s", hex);
    const struct http_request request = {.method = "GET",
                                         .url = url,
                                         .sink = take_part,
                                         .prepare = ask_for_rest,
                                         .context = &download,
                                         .follow = true};
    int code = fetch(client, &request, &download, err);
    if (code == MLOPS_OK)
        code = check_blob(&download, digest, err);
    return code ? mlops_wrap(err, "the blob sha256:%.16s…", hex) : MLOPS_OK;
}

static int to_memory(void *context, uint64_t offset, const void *data, size_t length,
                     struct mlops_error *err)
{
    struct buffer *content = context;
    (void)err;
    if (offset == 0)
        buffer_reset(content);
    buffer_append(content, data, length);
    return MLOPS_OK;
}

int oci_blob_read(struct oci_client *client, const struct digest *digest, uint64_t size, size_t max,
                  struct buffer *content, struct mlops_error *err)
{
    const struct oci_blob_sink sink = {.take = to_memory, .context = content};
    if (size > max)
        return mlops_fail(err, MLOPS_INVALID, "a blob of %llu bytes, where %zu are the most",
                          (unsigned long long)size, max);
    return oci_blob_get(client, digest, size, &sink, err);
}
