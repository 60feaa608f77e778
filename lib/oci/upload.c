/*
 * lib/oci/upload.c - a blob into a repository: mounted, in one request, or in pieces that are taken
 * up again after a cut (distribution specification 1.1, "Pushing blobs").
 */
#include "oci/blob.h"
#include <stdio.h>

#define SINGLE_MAX (8U << 20)  /* bytes in one request */
#define PIECE (32U << 20)      /* in a PATCH: waiting for each answer costs little beside it */
#define PIECE_LEAST (4U << 20) /* what every registry takes, and a proxy before it */
#define PIECE_MAX (64U << 20)  /* the most that OCI-Chunk-Min-Length makes of it */
#define BEGINNINGS_MAX 4
#define STANDSTILLS_MAX 5 /* cuts one after another without a byte moving */
#define WAIT_NS 100000000LL
#define OCTETS "Content-Type: application/octet-stream"

struct upload {
    struct oci_client *client;
    const struct oci_blob *blob;
    struct http_response response;
    char *location;  /* of the next request; changes with every answer */
    uint64_t offset; /* what the registry has */
    uint64_t piece;
    uint64_t base; /* of the present request in the blob */
};

static void upload_clear(struct upload *upload)
{
    http_response_clear(&upload->response);
    free(upload->location);
}

static int move_on(struct upload *upload, struct mlops_error *err)
{
    char *location;
    TRY(oci_location(upload->client, &upload->response, &location, err));
    free(upload->location);
    upload->location = location;
    return MLOPS_OK;
}

static int read_part(void *context, uint64_t offset, void *data, size_t length,
                     struct mlops_error *err)
{
    const struct upload *upload = context;
    const struct oci_blob *blob = upload->blob;
    offset += upload->base;
    if (blob->read)
        return blob->read(blob->context, offset, data, length, err);
    memcpy(data, (const char *)blob->data + offset, length);
    return MLOPS_OK;
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* Ask for a place to upload to, or for the blob to be taken from elsewhere: `*done` then. */
static int begin(struct upload *upload, const char *mount, bool *done, struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];
    _cleanup_(buffer_clear) struct buffer query = {0};
    digest_to_hex(&upload->blob->digest, hex);
    if (mount) {
        buffer_printf(&query, "?mount=sha256%%3A%s&from=", hex);
        http_encode(mount, "", &query);
    }
    _cleanup_(free_string) char *url =
        oci_url(upload->client, "blobs/uploads/%s", mount ? query.data : "");
    const struct http_request request = {.method = "POST", .url = url, .data = ""};
    TRY(oci_send(upload->client, &request, &upload->response, err));
    *done = mount && upload->response.status == 201;
    if (*done)
        return MLOPS_OK;
    if (upload->response.status != 202)
        return oci_fail(upload->client, &request, &upload->response, err);
    _cleanup_(free_string) char *least =
        http_response_header(&upload->response, "OCI-Chunk-Min-Length");
    unsigned long long wanted = least ? strtoull(least, NULL, 10) : 0;
    upload->piece = wanted > PIECE_MAX ? PIECE_MAX : wanted > PIECE ? wanted : PIECE;
    upload->offset = 0;
    return move_on(upload, err);
}

static bool is_accepted(long status)
{
    return status == 201 || status == 202 || status == 204;
}

/* PUT with all that is not there yet, which names the digest and ends the upload. `once`: what
 * comes of it is looked at, and not tried again blindly. */
static int finish(struct upload *upload, bool *accepted, struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];
    static const char *const headers[] = {OCTETS, NULL};
    digest_to_hex(&upload->blob->digest, hex);
    _cleanup_(free_string) char *url = xprintf("%s%cdigest=sha256%%3A%s", upload->location,
                                               strchr(upload->location, '?') ? '&' : '?', hex);
    const struct http_request request = {.method = "PUT",
                                         .url = url,
                                         .headers = headers,
                                         .read = read_part,
                                         .length = upload->blob->size - upload->offset,
                                         .context = upload,
                                         .once = true};
    upload->base = upload->offset;
    TRY(oci_send(upload->client, &request, &upload->response, err));
    *accepted = is_accepted(upload->response.status);
    return *accepted ? MLOPS_OK : oci_fail(upload->client, &request, &upload->response, err);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* "0-N", of what is there: N + 1 bytes. docker-registry says "0-0" for none and for one. */
static bool read_range(const struct upload *upload, uint64_t *have)
{
    _cleanup_(free_string) char *range = http_response_header(&upload->response, "Range");
    unsigned long long first, last;
    const char *digits = range && str_starts(range, "bytes=") ? range + 6 : range;
    if (!digits || sscanf(digits, "%llu-%llu", &first, &last) != 2 || first != 0 ||
        last >= upload->blob->size)
        return false;
    *have = last == 0 ? 0 : last + 1;
    return true;
}

/* After a cut: what did arrive? `*known` false: the registry has forgotten the upload. */
static int ask_status(struct upload *upload, bool *known, struct mlops_error *err)
{
    const struct http_request request = {.method = "GET", .url = upload->location};
    *known = false;
    TRY(oci_send(upload->client, &request, &upload->response, err));
    if (upload->response.status != 204 && upload->response.status != 202)
        return MLOPS_OK;
    *known = read_range(upload, &upload->offset);
    return *known ? move_on(upload, err) : MLOPS_OK;
}

static int send_piece(struct upload *upload, struct mlops_error *err)
{
    uint64_t left = upload->blob->size - upload->offset;
    uint64_t length = left < upload->piece ? left : upload->piece;
    char range[64];
    const char *headers[] = {OCTETS, range, NULL};
    const struct http_request request = {.method = "PATCH",
                                         .url = upload->location,
                                         .headers = headers,
                                         .read = read_part,
                                         .length = length,
                                         .context = upload,
                                         .once = true};
    (void)snprintf(range, sizeof(range), "Content-Range: %llu-%llu",
                   (unsigned long long)upload->offset,
                   (unsigned long long)(upload->offset + length - 1));
    upload->base = upload->offset;
    TRY(oci_send(upload->client, &request, &upload->response, err));
    if (!is_accepted(upload->response.status))
        return oci_fail(upload->client, &request, &upload->response, err);
    upload->offset += length;
    return move_on(upload, err);
}

/* Does the registry not take pieces at all? Asked of the answer to the first one. */
static bool refuses_pieces(const struct upload *upload)
{
    long status = upload->response.status;
    return upload->offset == 0 && (status == 400 || status == 404 || status == 405 ||
                                   status == 411 || status == 415 || status == 501);
}

/* Was the piece too large? Then they are smaller from now on. */
static bool shrinks(struct upload *upload)
{
    if (upload->response.status != 413 || upload->piece <= PIECE_LEAST)
        return false;
    upload->piece = PIECE_LEAST;
    return true;
}

/* `*refused`: one request it must be. `*lost`: from the beginning. */
static int send_pieces(struct upload *upload, bool *refused, bool *lost, struct mlops_error *err)
{
    unsigned standstills = 0;
    *refused = *lost = false;
    while (upload->offset < upload->blob->size) {
        uint64_t before = upload->offset;
        bool known;
        int code = send_piece(upload, err);
        if (code == MLOPS_OK)
            continue;
        if (code == MLOPS_CANCELLED || code == MLOPS_REFUSED)
            return code;
        if (shrinks(upload))
            continue;
        *refused = refuses_pieces(upload);
        if (*refused)
            return MLOPS_OK;
        TRY(ask_status(upload, &known, err));
        *lost = !known;
        if (*lost)
            return MLOPS_OK;
        standstills = upload->offset > before ? 0 : standstills + 1;
        if (standstills > STANDSTILLS_MAX)
            return mlops_fail(err, MLOPS_IO, "the registry takes no more after %llu of %llu bytes",
                              (unsigned long long)upload->offset,
                              (unsigned long long)upload->blob->size);
        TRY(oci_rest(upload->client, WAIT_NS << standstills, err));
    }
    return MLOPS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Once from the beginning. A failure that may pass leaves `*again` true. */
static int upload_once(struct upload *upload, const char *mount, bool *single, enum oci_sent *sent,
                       bool *again, struct mlops_error *err)
{
    bool done, refused = false, lost = false, accepted = false;
    *again = false;
    TRY(begin(upload, mount, &done, err));
    if (done) {
        *sent = OCI_MOUNTED;
        return MLOPS_OK;
    }
    if (!*single)
        TRY(send_pieces(upload, &refused, &lost, err));
    *single = *single || refused;
    if (refused || lost) {
        *again = true;
        return lost ? mlops_fail(err, MLOPS_IO, "the registry forgot the upload")
                    : mlops_fail(err, MLOPS_IO, "the registry takes no pieces");
    }
    int code = finish(upload, &accepted, err);
    *again = code == MLOPS_IO || code == MLOPS_NOT_FOUND;
    return code;
}

static int upload_whole(struct oci_client *client, const struct oci_blob *blob, const char *mount,
                        enum oci_sent *sent, struct mlops_error *err)
{
    _cleanup_(upload_clear) struct upload upload = {.client = client, .blob = blob};
    bool single = blob->size <= SINGLE_MAX;
    for (int i = 1;; i++) {
        bool again, has;
        int code = upload_once(&upload, mount, &single, sent, &again, err);
        if (code == MLOPS_OK || !again || i == BEGINNINGS_MAX)
            return code;
        /* the answer was lost, and not the blob? */
        struct mlops_error ignored = {0};
        if (oci_blob_has(client, &blob->digest, &has, &ignored) == MLOPS_OK && has)
            return MLOPS_OK;
        TRY(oci_rest(client, WAIT_NS << i, err));
    }
}

int oci_blob_put(struct oci_client *client, const struct oci_blob *blob, enum oci_sent *sent,
                 struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];
    bool has;
    *sent = OCI_SENT_NOTHING;
    TRY(oci_blob_has(client, &blob->digest, &has, err));
    if (has)
        return MLOPS_OK;
    *sent = OCI_SENT_ALL;
    digest_to_hex(&blob->digest, hex);
    if (upload_whole(client, blob, oci_mount(client), sent, err))
        return mlops_wrap(err, "upload the blob sha256:%.16s…", hex);
    return MLOPS_OK;
}
