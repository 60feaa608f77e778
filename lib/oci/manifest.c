/* lib/oci/manifest.c - manifests, indexes, referrers. */
#include "oci/manifest.h"
#include "base/json.h"
#include <stdio.h>

#define ACCEPT                                                                                     \
    "Accept: " OCI_MANIFEST_TYPE ", " OCI_INDEX_TYPE                                               \
    ", application/vnd.docker.distribution.manifest.v2+json"

/* ---- descriptors ----------------------------------------------------------------------------- */

int oci_descriptor_read(const cJSON *json, struct oci_descriptor *descriptor,
                        struct mlops_error *err)
{
    const char *digest = json_string(json, "digest", "");
    *descriptor = (struct oci_descriptor){
        .type = json_string(json, "mediaType", ""),
        .size = json_u64(json, "size", UINT64_MAX),
        .annotations = cJSON_GetObjectItemCaseSensitive(json, "annotations"),
    };
    if (!str_starts(digest, "sha256:") ||
        !digest_from_hex(digest + 7, strlen(digest + 7), &descriptor->digest))
        return mlops_fail(err, MLOPS_INVALID, "a descriptor without a digest of SHA-256");
    if (descriptor->size > INT64_MAX)
        return mlops_fail(err, MLOPS_INVALID, "a descriptor without a size");
    return MLOPS_OK;
}

cJSON *oci_descriptor_add(cJSON *parent, const char *key, const char *type,
                          const struct digest *digest, uint64_t size)
{
    char id[MLOPS_BUNDLE_ID_SIZE];
    cJSON *made = xcheck(cJSON_CreateObject());
    bundle_id_format(digest, id);
    json_add_string(made, "mediaType", type);
    json_add_string(made, "digest", id);
    json_add_u64(made, "size", size);
    if (key)
        cJSON_AddItemToObject(parent, key, made);
    else
        cJSON_AddItemToArray(parent, made);
    return made;
}

/* ---- manifests ------------------------------------------------------------------------------- */

int oci_manifest_head(struct oci_client *client, const char *name, bool *found,
                      struct digest *digest, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *url = oci_url(client, "manifests/%s", name);
    static const char *const headers[] = {ACCEPT, NULL};
    const struct http_request request = {.method = "HEAD", .url = url, .headers = headers};
    TRY(oci_send(client, &request, &response, err));
    *found = false;
    if (response.status == 404)
        return MLOPS_OK;
    if (response.status != 200)
        return oci_fail(client, &request, &response, err);
    *found = true;
    _cleanup_(free_string) char *id = http_response_header(&response, "Docker-Content-Digest");
    if (id && bundle_id_parse(id, digest))
        return MLOPS_OK;
    cJSON *json = NULL; /* a registry that does not say: its bytes do */
    int code = oci_manifest_get(client, name, NULL, &json, digest, err);
    cJSON_Delete(json);
    return code;
}

int oci_manifest_get(struct oci_client *client, const char *name, const struct digest *digest,
                     cJSON **json, struct digest *found, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *url = oci_url(client, "manifests/%s", name);
    static const char *const headers[] = {ACCEPT, NULL};
    const struct http_request request = {
        .method = "GET", .url = url, .headers = headers, .body_max = OCI_MANIFEST_MAX};
    TRY(oci_send(client, &request, &response, err));
    if (response.status != 200)
        return oci_fail(client, &request, &response, err);
    const char *text = response.body.data ? response.body.data : "";
    sha256_of(text, response.body.length, found);
    if (digest && !digest_equal(digest, found))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "the manifest '%s' does not have the digest it is called by", name);
    return json_parse(text, response.body.length, "the manifest", json, err);
}

int oci_manifest_put(struct oci_client *client, const char *name, const char *type,
                     const struct buffer *text, bool *refers, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(free_string) char *url = oci_url(client, "manifests/%s", name);
    _cleanup_(free_string) char *content = xprintf("Content-Type: %s", type);
    const char *const headers[] = {content, NULL};
    const struct http_request request = {.method = "PUT",
                                         .url = url,
                                         .headers = headers,
                                         .data = text->data,
                                         .length = text->length};
    if (text->length > OCI_MANIFEST_MAX)
        return mlops_fail(err, MLOPS_INVALID,
                          "the manifest has %zu bytes, where registries take "
                          "4 MiB",
                          text->length);
    TRY(oci_send(client, &request, &response, err));
    if (response.status < 200 || response.status > 299)
        return oci_fail(client, &request, &response, err);
    _cleanup_(free_string) char *subject = http_response_header(&response, "OCI-Subject");
    *refers = subject != NULL;
    return MLOPS_OK;
}

/* ---- referrers ------------------------------------------------------------------------------- */

static char *fallback_tag(const struct digest *subject)
{
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(subject, hex);
    return xprintf("sha256-%s", hex);
}

/* The manifests of an index; an empty array where it has none. */
static cJSON *take_manifests(cJSON *index)
{
    cJSON *manifests = cJSON_DetachItemFromObjectCaseSensitive(index, "manifests");
    if (cJSON_IsArray(manifests))
        return manifests;
    cJSON_Delete(manifests);
    return xcheck(cJSON_CreateArray());
}

static int referrers_by_tag(struct oci_client *client, const struct digest *subject,
                            cJSON **descriptors, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *index = NULL;
    _cleanup_(free_string) char *tag = fallback_tag(subject);
    struct digest found;
    int code = oci_manifest_get(client, tag, NULL, &index, &found, err);
    if (code && code != MLOPS_NOT_FOUND)
        return code;
    *descriptors = take_manifests(index);
    return MLOPS_OK;
}

int oci_referrers(struct oci_client *client, const struct digest *subject, cJSON **descriptors,
                  struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    _cleanup_(json_free) cJSON *index = NULL;
    char id[MLOPS_BUNDLE_ID_SIZE];
    bundle_id_format(subject, id);
    _cleanup_(free_string) char *url = oci_url(client, "referrers/%s", id);
    const struct http_request request = {.method = "GET", .url = url, .body_max = OCI_MANIFEST_MAX};
    TRY(oci_send(client, &request, &response, err));
    if (response.status != 200)
        return referrers_by_tag(client, subject, descriptors, err);
    if (json_parse(response.body.data ? response.body.data : "", response.body.length,
                   "the list of referrers", &index, err))
        return (int)err->code;
    *descriptors = take_manifests(index);
    return MLOPS_OK;
}

/* Indexes have no compare-and-swap: of two who add at once one may be lost, and pushing again
 * brings it back. */
static int add_by_tag(struct oci_client *client, const struct digest *subject,
                      const cJSON *descriptor, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *index = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(free_string) char *tag = fallback_tag(subject);
    const char *id = json_string(descriptor, "digest", "");
    cJSON *manifests, *item;
    bool refers;
    TRY(referrers_by_tag(client, subject, &manifests, err));
    json_add_u64(index, "schemaVersion", 2);
    json_add_string(index, "mediaType", OCI_INDEX_TYPE);
    cJSON_AddItemToObject(index, "manifests", manifests);
    cJSON_ArrayForEach(
        item, manifests) if (str_equal(json_string(item, "digest", ""), id)) return MLOPS_OK;
    cJSON_AddItemToArray(manifests, xcheck(cJSON_Duplicate(descriptor, true)));
    TRY(json_write_canonical(index, &text, err));
    return oci_manifest_put(client, tag, OCI_INDEX_TYPE, &text, &refers, err);
}

int oci_referrer_put(struct oci_client *client, const struct digest *subject,
                     const struct buffer *text, const cJSON *descriptor, struct mlops_error *err)
{
    bool refers;
    TRY(oci_manifest_put(client, json_string(descriptor, "digest", ""), OCI_MANIFEST_TYPE, text,
                         &refers, err));
    return refers ? MLOPS_OK : add_by_tag(client, subject, descriptor, err);
}
