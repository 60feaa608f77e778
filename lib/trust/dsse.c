/* lib/trust/dsse.c - DSSE envelopes and the in-toto statements in them. */
#include "trust/dsse.h"
#include "base/base64.h"

#define PAYLOAD_MAX (256U << 20)

/* PAE(type, payload), DSSE protocol.md: what the signature is of. */
static void authenticate(const char *payload, size_t length, struct buffer *out)
{
    buffer_printf(out, "DSSEv1 %zu " IN_TOTO_PAYLOAD " %zu ", strlen(IN_TOTO_PAYLOAD), length);
    buffer_append(out, payload, length);
}

int dsse_sign(const struct signing_key *key, const char *keyid, const char *payload, size_t length,
              cJSON **envelope, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, signature = {0}, base64 = {0};
    if (signing_key_algorithm(key) == SIGNING_ED25519) {
        mlops_fail(err, MLOPS_INVALID, "an Ed25519 key signs logs, not bundles");
        return mlops_hint(err, "the OpenSSF Model Signing specification wants ECDSA: 'mlops key "
                               "generate' makes such a key");
    }
    authenticate(payload, length, &text);
    TRY(signing_sign(key, text.data, text.length, &signature, err));
    cJSON *json = cJSON_CreateObject();
    base64_write(payload, length, &base64);
    json_add_string(json, "payload", base64.data);
    json_add_string(json, "payloadType", IN_TOTO_PAYLOAD);
    cJSON *one = cJSON_CreateObject();
    buffer_reset(&base64);
    base64_write(signature.data, signature.length, &base64);
    json_add_string(one, "sig", base64.data);
    json_add_string(one, "keyid", keyid);
    cJSON_AddItemToArray(json_add_array(json, "signatures"), one);
    *envelope = json;
    return MLOPS_OK;
}

/* Has `object` members of these names, and no other? */
static bool only_has(const cJSON *object, const char *const *names)
{
    const cJSON *member;
    if (!cJSON_IsObject(object))
        return false;
    cJSON_ArrayForEach(member, object)
    {
        size_t i = 0;
        while (names[i] && !str_equal(names[i], member->string))
            i++;
        if (!names[i])
            return false;
    }
    return true;
}

static bool read_base64(const cJSON *object, const char *key, struct buffer *out)
{
    const char *text = json_string(object, key, NULL);
    return text && base64_read(text, strlen(text), out) && out->length > 0 &&
           out->length <= PAYLOAD_MAX;
}

int dsse_read(const cJSON *envelope, struct dsse *dsse, struct mlops_error *err)
{
    static const char *const members[] = {"payload", "payloadType", "signatures", NULL};
    static const char *const of_signature[] = {"sig", "keyid", NULL};
    const cJSON *signatures = cJSON_GetObjectItemCaseSensitive(envelope, "signatures");
    const cJSON *one = cJSON_GetArrayItem(signatures, 0);
    *dsse = (struct dsse){0};
    if (!only_has(envelope, members) || !cJSON_IsArray(signatures) || !only_has(one, of_signature))
        return mlops_fail(err, MLOPS_INVALID, "not a DSSE envelope");
    if (cJSON_GetArraySize(signatures) != 1)
        return mlops_fail(err, MLOPS_INVALID, "the envelope has %d signatures, not one",
                          cJSON_GetArraySize(signatures));
    if (!str_equal(json_string(envelope, "payloadType", ""), IN_TOTO_PAYLOAD))
        return mlops_fail(err, MLOPS_INVALID, "the envelope is of '%s', not of " IN_TOTO_PAYLOAD,
                          json_string(envelope, "payloadType", ""));
    if (!read_base64(envelope, "payload", &dsse->payload) ||
        !read_base64(one, "sig", &dsse->signature))
        return mlops_fail(err, MLOPS_INVALID, "not a DSSE envelope: its base64 is malformed");
    dsse->keyid = json_string(one, "keyid", "");
    return MLOPS_OK;
}

void dsse_clear(struct dsse *dsse)
{
    buffer_clear(&dsse->payload);
    buffer_clear(&dsse->signature);
}

bool dsse_verify(const struct dsse *dsse, const struct signing_key *key)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (signing_key_algorithm(key) == SIGNING_ED25519)
        return false;
    authenticate(dsse->payload.data, dsse->payload.length, &text);
    return signing_verify(key, text.data, text.length, dsse->signature.data,
                          dsse->signature.length);
}

/* ---- statements ----------------------------------------------------------------------------- */

static bool is_sha256(const char *hex)
{
    struct digest ignored;
    return digest_from_hex(hex, strlen(hex), &ignored);
}

int statement_read(const struct dsse *dsse, const char *predicate_type, struct statement *statement,
                   struct mlops_error *err)
{
    static const char *const members[] = {"_type", "subject", "predicateType", "predicate", NULL};
    static const char *const of_subject[] = {"name", "digest", NULL};
    *statement = (struct statement){0};
    TRY(json_parse(dsse->payload.data, dsse->payload.length, "the signed statement",
                   &statement->json, err));
    const cJSON *json = statement->json;
    const cJSON *subjects = cJSON_GetObjectItemCaseSensitive(json, "subject");
    const cJSON *subject = cJSON_GetArrayItem(subjects, 0);
    const cJSON *digest = cJSON_GetObjectItemCaseSensitive(subject, "digest");
    statement->predicate = cJSON_GetObjectItemCaseSensitive(json, "predicate");
    statement->name = json_string(subject, "name", NULL);
    statement->sha256 = json_string(digest, "sha256", "");
    if (!only_has(json, members) || !str_equal(json_string(json, "_type", ""), IN_TOTO_STATEMENT))
        return mlops_fail(err, MLOPS_INVALID, "what is signed is not an in-toto statement");
    if (!str_equal(json_string(json, "predicateType", ""), predicate_type))
        return mlops_fail(err, MLOPS_INVALID, "the statement is of type '%s', not '%s'",
                          json_string(json, "predicateType", ""), predicate_type);
    if (!cJSON_IsArray(subjects) || cJSON_GetArraySize(subjects) != 1 ||
        !only_has(subject, of_subject) || !statement->name || !is_sha256(statement->sha256) ||
        !cJSON_IsObject(statement->predicate))
        return mlops_fail(err, MLOPS_INVALID, "the statement is not about one SHA-256 digest");
    return MLOPS_OK;
}

void statement_clear(struct statement *statement)
{
    cJSON_Delete(statement->json);
    *statement = (struct statement){0};
}

int statement_sign(const struct signing_key *key, const char *type, const char *name,
                   const char *sha256, cJSON *predicate, cJSON **envelope, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    char fingerprint[SHA256_HEX_SIZE];
    cJSON *subject = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "predicate", predicate);
    json_add_string(json, "_type", IN_TOTO_STATEMENT);
    json_add_string(json, "predicateType", type);
    json_add_string(subject, "name", name);
    json_add_string(json_add_object(subject, "digest"), "sha256", sha256);
    cJSON_AddItemToArray(json_add_array(json, "subject"), subject);
    TRY(json_write_canonical(json, &text, err));
    signing_key_fingerprint(key, fingerprint);
    return dsse_sign(key, fingerprint, text.data, text.length, envelope, err);
}
