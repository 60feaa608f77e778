/*
 * lib/bundle/artifact_signature.c - signatures beside an artifact: manifests that name it as their
 * subject, each with the sigstore bundle and our statement of the bundle's id.
 */
#include "base/json.h"
#include "bundle/artifact.h"
#include "bundle/signature.h"
#include "registry/registry.h"
#include <stdio.h>

#define EMPTY_JSON "{}"
#define SIGNATURE_MAX (16U << 20) /* bytes of a sigstore bundle: it lists every file */
#define SIGNATURES_MAX 64

/* ---- pushing ------------------------------------------------------------------------------- */

static int push_json(struct oci_client *client, cJSON *layers, const char *type, const cJSON *json,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct oci_blob blob = {0};
    enum oci_sent sent;
    TRY(json_write_canonical(json, &text, err));
    blob.data = text.data;
    blob.size = text.length;
    sha256_of(text.data, text.length, &blob.digest);
    (void)oci_descriptor_add(layers, NULL, type, &blob.digest, blob.size);
    return oci_blob_put(client, &blob, &sent, err);
}

static int push_empty(struct oci_client *client, cJSON *document, struct mlops_error *err)
{
    struct oci_blob blob = {.data = EMPTY_JSON, .size = strlen(EMPTY_JSON)};
    enum oci_sent sent;
    sha256_of(blob.data, strlen(EMPTY_JSON), &blob.digest);
    (void)oci_descriptor_add(document, "config", OCI_EMPTY_TYPE, &blob.digest, blob.size);
    return oci_blob_put(client, &blob, &sent, err);
}

static int push_one(struct oci_client *client, const struct mlops_evidence *evidence,
                    const struct oci_descriptor *subject, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL, *document = xcheck(cJSON_CreateObject());
    _cleanup_(json_free) cJSON *holder = xcheck(cJSON_CreateArray());
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    TRY(json_parse(evidence->body, strlen(evidence->body), "a signature", &body, err));
    json_add_u64(document, "schemaVersion", 2);
    json_add_string(document, "mediaType", OCI_MANIFEST_TYPE);
    json_add_string(document, "artifactType", ARTIFACT_SIGNATURE_TYPE);
    TRY(push_empty(client, document, err));
    cJSON *layers = json_add_array(document, "layers");
    TRY(push_json(client, layers, ARTIFACT_SIGNATURE_TYPE,
                  cJSON_GetObjectItemCaseSensitive(body, "sigstore"), err));
    TRY(push_json(client, layers, ARTIFACT_STATEMENT_TYPE,
                  cJSON_GetObjectItemCaseSensitive(body, "statement"), err));
    (void)oci_descriptor_add(document, "subject", subject->type, &subject->digest, subject->size);
    TRY(json_write_canonical(document, &text, err));
    sha256_of(text.data, text.length, &digest);
    cJSON *descriptor = oci_descriptor_add(holder, NULL, OCI_MANIFEST_TYPE, &digest, text.length);
    json_add_string(descriptor, "artifactType", ARTIFACT_SIGNATURE_TYPE);
    return oci_referrer_put(client, &subject->digest, &text, descriptor, err);
}

int artifact_signatures_push(struct mlops_registry *registry, struct oci_client *client,
                             const char *bundle, const struct oci_descriptor *subject,
                             uint64_t *count, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    *count = 0;
    TRY(mlops_evidence_list(registry, bundle, SIGNATURE_EVIDENCE, &list, err));
    for (size_t i = 0; i < list.count; i++) {
        if (push_one(client, &list.items[i], subject, err))
            return mlops_wrap(err, "the signature of %.16s…", list.items[i].name);
        ++*count;
    }
    return MLOPS_OK;
}

/* ---- pulling ------------------------------------------------------------------------------- */

static int read_json(struct oci_client *client, const cJSON *layer, cJSON **json,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct oci_descriptor descriptor;
    TRY(oci_descriptor_read(layer, &descriptor, err));
    TRY(oci_blob_read(client, &descriptor.digest, descriptor.size, SIGNATURE_MAX, &text, err));
    return json_parse(text.data ? text.data : "", text.length, "a signature", json, err);
}

static const cJSON *find_layer(const cJSON *manifest, const char *type)
{
    const cJSON *layer;
    cJSON_ArrayForEach(layer,
                       cJSON_GetObjectItemCaseSensitive(
                           manifest, "layers")) if (str_equal(json_string(layer, "mediaType", ""),
                                                              type)) return layer;
    return NULL;
}

/* What the evidence of a signature is; `*body` stays NULL where the referrer is none of ours. */
static int read_one(struct oci_client *client, const cJSON *descriptor, cJSON **body,
                    struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *manifest = NULL, *sigstore = NULL, *statement = NULL;
    struct oci_descriptor of;
    struct digest found;
    char id[MLOPS_BUNDLE_ID_SIZE];
    TRY(oci_descriptor_read(descriptor, &of, err));
    bundle_id_format(&of.digest, id);
    TRY(oci_manifest_get(client, id, &of.digest, &manifest, &found, err));
    const cJSON *first = find_layer(manifest, ARTIFACT_SIGNATURE_TYPE);
    const cJSON *second = find_layer(manifest, ARTIFACT_STATEMENT_TYPE);
    if (!first || !second)
        return MLOPS_OK;
    TRY(read_json(client, first, &sigstore, err));
    TRY(read_json(client, second, &statement, err));
    *body = xcheck(cJSON_CreateObject());
    cJSON_AddItemToObject(*body, "sigstore", TAKE_PTR(sigstore));
    cJSON_AddItemToObject(*body, "statement", TAKE_PTR(statement));
    return MLOPS_OK;
}

/* It must read as a signature by a key; whose key counts is asked when it is judged. */
static int check_one(const cJSON *body, char fingerprint[SHA256_HEX_SIZE], struct mlops_error *err)
{
    _cleanup_(dsse_clear) struct dsse dsse = {0};
    _cleanup_(oms_signature_clear) struct oms_signature signature = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest key;
    TRY(dsse_read(cJSON_GetObjectItemCaseSensitive(body, "statement"), &dsse, err));
    if (!digest_from_hex(dsse.keyid, strlen(dsse.keyid), &key))
        return mlops_fail(err, MLOPS_INVALID, "it does not say by which key it is");
    digest_to_hex(&key, fingerprint);
    TRY(json_write_canonical(cJSON_GetObjectItemCaseSensitive(body, "sigstore"), &text, err));
    return oms_read(text.data, text.length, &signature, err);
}

static int record(struct mlops_registry *registry, const char *bundle, const char *fingerprint,
                  const char *body, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(transaction_begin(registry, &tx, err));
    TRY(evidence_record(tx, bundle, SIGNATURE_EVIDENCE, fingerprint, "signed", body, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int is_recorded(struct mlops_registry *registry, const char *bundle, const char *body,
                       bool *recorded, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    TRY(mlops_evidence_list(registry, bundle, SIGNATURE_EVIDENCE, &list, err));
    *recorded = false;
    for (size_t i = 0; i < list.count; i++)
        *recorded = *recorded || str_equal(list.items[i].body, body);
    return MLOPS_OK;
}

static int record_body(struct mlops_registry *registry, const char *bundle, const cJSON *body,
                       uint64_t *count, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_error why = {0};
    char fingerprint[SHA256_HEX_SIZE];
    bool recorded;
    if (check_one(body, fingerprint, &why)) {
        registry_warn(registry, "a signature of %.23s… is left out: %s", bundle, why.message);
        return MLOPS_OK;
    }
    TRY(json_write_canonical(body, &text, err));
    TRY(is_recorded(registry, bundle, text.data, &recorded, err));
    if (recorded)
        return MLOPS_OK;
    TRY(record(registry, bundle, fingerprint, text.data, err));
    ++*count;
    return MLOPS_OK;
}

int artifact_signature_record(struct mlops_registry *registry, const char *bundle, const char *body,
                              size_t length, uint64_t *count, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    TRY(json_parse(body, length, "a signature", &json, err));
    return record_body(registry, bundle, json, count, err);
}

static int pull_one(struct mlops_registry *registry, struct oci_client *client, const char *bundle,
                    const cJSON *descriptor, uint64_t *count, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    TRY(read_one(client, descriptor, &body, err));
    return body ? record_body(registry, bundle, body, count, err) : MLOPS_OK;
}

int artifact_signatures_pull(struct mlops_registry *registry, struct oci_client *client,
                             const char *bundle, const struct digest *subject, uint64_t *count,
                             struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *descriptors = NULL;
    const cJSON *descriptor;
    int seen = 0;
    *count = 0;
    TRY(oci_referrers(client, subject, &descriptors, err));
    cJSON_ArrayForEach(descriptor, descriptors)
    {
        if (!str_equal(json_string(descriptor, "artifactType", ""), ARTIFACT_SIGNATURE_TYPE))
            continue;
        if (++seen > SIGNATURES_MAX)
            return mlops_fail(err, MLOPS_INVALID, "more than %d signatures refer to the artifact",
                              SIGNATURES_MAX);
        if (pull_one(registry, client, bundle, descriptor, count, err))
            return mlops_wrap(err, "a signature of the artifact");
    }
    return MLOPS_OK;
}
