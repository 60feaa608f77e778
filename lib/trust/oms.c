/* lib/trust/oms.c - signatures by the OpenSSF Model Signing specification v1.0. */
#include "trust/oms.h"
#include "base/base64.h"
#include "base/path.h"
#include "trust/certificate.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define DIFFERENCES_MAX 20 /* that are told one by one */
#define CERTIFICATES_MAX 16

/* ---- lists of files ------------------------------------------------------------------------ */

void oms_add(struct oms_resources *resources, const char *name, const struct digest *digest)
{
    GROW(resources->items, resources->count, &resources->capacity);
    resources->items[resources->count++] =
        (struct oms_resource){.name = xstrdup(name), .digest = *digest};
}

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct oms_resource *)left)->name,
                  ((const struct oms_resource *)right)->name);
}

int oms_sort(struct oms_resources *resources, struct mlops_error *err)
{
    if (resources->count > 1)
        qsort(resources->items, resources->count, sizeof(resources->items[0]), compare);
    for (size_t i = 1; i < resources->count; i++)
        if (str_equal(resources->items[i - 1].name, resources->items[i].name))
            return mlops_fail(err, MLOPS_INVALID, "'%s' is listed twice", resources->items[i].name);
    return MLOPS_OK;
}

void oms_resources_clear(struct oms_resources *resources)
{
    for (size_t i = 0; i < resources->count; i++)
        free(resources->items[i].name);
    free(resources->items);
    *resources = (struct oms_resources){0};
}

/* ---- signing ------------------------------------------------------------------------------- */

static cJSON *serialization(const struct oms_options *options)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "method", "files");
    json_add_string(json, "hash_type", "sha256");
    json_add_bool(json, "allow_symlinks", options->symlinks);
    cJSON *ignored = json_add_array(json, "ignore_paths");
    for (size_t i = 0; options->ignored && options->ignored[i]; i++)
        json_append_text(ignored, options->ignored[i]);
    return json;
}

/* Spec §6.2: the digest of the model is that of the digests of its files, one after another. */
static cJSON *predicate(const struct oms_resources *resources, const struct oms_options *options,
                        char root_hex[SHA256_HEX_SIZE])
{
    _cleanup_(sha256_free_ptr) struct sha256 *root = sha256_new();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "serialization", serialization(options));
    cJSON *list = json_add_array(json, "resources");
    for (size_t i = 0; i < resources->count; i++) {
        const struct oms_resource *resource = &resources->items[i];
        char hex[SHA256_HEX_SIZE];
        cJSON *item = cJSON_CreateObject();
        digest_to_hex(&resource->digest, hex);
        json_add_string(item, "name", resource->name);
        json_add_string(item, "algorithm", "sha256");
        json_add_string(item, "digest", hex);
        cJSON_AddItemToArray(list, item);
        sha256_update(root, resource->digest.bytes, sizeof(resource->digest.bytes));
    }
    struct digest digest;
    sha256_final(root, &digest);
    digest_to_hex(&digest, root_hex);
    return json;
}

static int material(const struct signing_key *key, const struct oms_options *options, cJSON *bundle,
                    struct mlops_error *err)
{
    cJSON *json = json_add_object(bundle, "verificationMaterial");
    if (options->certificates) {
        TRY(certificates_to_json(options->certificates, key,
                                 json_add_object(json, "x509CertificateChain"), err));
    } else {
        char fingerprint[SHA256_HEX_SIZE];
        signing_key_fingerprint(key, fingerprint);
        json_add_string(json_add_object(json, "publicKey"), "hint", fingerprint);
    }
    (void)json_add_array(json, "tlogEntries");
    return MLOPS_OK;
}

int oms_sign(const struct signing_key *key, const struct oms_resources *resources,
             const struct oms_options *options, cJSON **bundle, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject(), *statement = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    char root[SHA256_HEX_SIZE];
    cJSON *envelope, *subject = cJSON_CreateObject();
    cJSON_AddItemToObject(statement, "predicate", predicate(resources, options, root));
    json_add_string(statement, "_type", IN_TOTO_STATEMENT);
    json_add_string(statement, "predicateType", OMS_PREDICATE);
    json_add_string(subject, "name", options->name);
    json_add_string(json_add_object(subject, "digest"), "sha256", root);
    cJSON_AddItemToArray(json_add_array(statement, "subject"), subject);
    TRY(json_write_canonical(statement, &text, err));
    TRY(dsse_sign(key, "", text.data, text.length, &envelope, err));
    cJSON_AddItemToObject(json, "dsseEnvelope", envelope);
    json_add_string(json, "mediaType", MEDIA_TYPE);
    TRY(material(key, options, json, err));
    *bundle = TAKE_PTR(json);
    return MLOPS_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int read_resource(const cJSON *item, struct sha256 *root, struct oms_resources *resources,
                         struct mlops_error *err)
{
    const char *name = json_string(item, "name", ""), *hex = json_string(item, "digest", "");
    _cleanup_(free_string) char *normal = NULL;
    struct digest digest;
    struct mlops_error ignored = {0};
    if (!str_equal(json_string(item, "algorithm", ""), "sha256"))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is signed by its '%s', which is not supported",
                          name, json_string(item, "algorithm", ""));
    if (!digest_from_hex(hex, strlen(hex), &digest))
        return mlops_fail(err, MLOPS_INVALID, "the digest of '%s' is malformed", name);
    if (!str_equal(name, ".") &&
        (path_normalize(name, &normal, &ignored) || !str_equal(normal, name)))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of a file in a model", name);
    sha256_update(root, digest.bytes, sizeof(digest.bytes));
    oms_add(resources, name, &digest);
    return MLOPS_OK;
}

static int read_resources(const struct statement *statement, struct oms_signature *signature,
                          struct mlops_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(statement->predicate, "resources");
    _cleanup_(sha256_free_ptr) struct sha256 *root = sha256_new();
    const cJSON *item;
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    if (!cJSON_IsArray(list))
        return mlops_fail(err, MLOPS_INVALID, "the signature lists no files");
    cJSON_ArrayForEach(item, list)
    {
        TRY(read_resource(item, root, &signature->resources, err));
    }
    sha256_final(root, &digest);
    digest_to_hex(&digest, hex);
    if (!str_equal(hex, statement->sha256))
        return mlops_fail(err, MLOPS_INVALID,
                          "the digest of the model is not that of the files that are listed");
    return oms_sort(&signature->resources, err);
}

static int read_serialization(const cJSON *predicate, struct oms_signature *signature,
                              struct mlops_error *err)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(predicate, "serialization");
    const cJSON *ignored = cJSON_GetObjectItemCaseSensitive(json, "ignore_paths"), *item;
    size_t count = 0;
    if (!str_equal(json_string(json, "method", ""), "files") ||
        !str_equal(json_string(json, "hash_type", ""), "sha256"))
        return mlops_fail(err, MLOPS_INVALID,
                          "the model is hashed by '%s' with '%s': only files with sha256 are "
                          "supported",
                          json_string(json, "method", ""), json_string(json, "hash_type", ""));
    signature->symlinks = json_bool(json, "allow_symlinks", false);
    signature->ignored = xcalloc((size_t)cJSON_GetArraySize(ignored) + 1, sizeof(char *));
    cJSON_ArrayForEach(item, ignored)
    {
        if (!cJSON_IsString(item))
            return mlops_fail(err, MLOPS_INVALID, "a path that is ignored is no text");
        signature->ignored[count++] = xstrdup(item->valuestring);
    }
    return MLOPS_OK;
}

static int read_chain(const cJSON *chain, struct oms_signature *signature, struct mlops_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(chain, "certificates"), *item;
    int count = cJSON_GetArraySize(list);
    if (count < 1 || count > CERTIFICATES_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the signature has %d certificates", count);
    signature->certificates = xcalloc((size_t)count, sizeof(*signature->certificates));
    cJSON_ArrayForEach(item, list)
    {
        const char *text = json_string(item, "rawBytes", "");
        if (!base64_read(text, strlen(text),
                         &signature->certificates[signature->certificate_count++]))
            return mlops_fail(err, MLOPS_INVALID, "a certificate of the signature is malformed");
    }
    return MLOPS_OK;
}

static int read_material(const cJSON *bundle, struct oms_signature *signature,
                         struct mlops_error *err)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(bundle, "verificationMaterial");
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(json, "publicKey");
    const cJSON *chain = cJSON_GetObjectItemCaseSensitive(json, "x509CertificateChain");
    if ((key != NULL) == (chain != NULL))
        return mlops_fail(err, MLOPS_INVALID,
                          "the signature names neither a key nor a chain of certificates: one by "
                          "Sigstore's own servers cannot be verified here");
    if (chain)
        return read_chain(chain, signature, err);
    str_copy(signature->hint, sizeof(signature->hint), json_string(key, "hint", ""));
    return MLOPS_OK;
}

static int read_bundle(const cJSON *bundle, struct oms_signature *signature,
                       struct mlops_error *err)
{
    static const char *const members[] = {"mediaType", "verificationMaterial", "dsseEnvelope"};
    struct statement statement;
    const cJSON *member;
    if (!cJSON_IsObject(bundle)) /* the members of a list have no names */
        return mlops_fail(err, MLOPS_INVALID, "the signature is no JSON object");
    cJSON_ArrayForEach(member, bundle)
    {
        size_t i = 0;
        while (i < ARRAY_LENGTH(members) && !str_equal(members[i], member->string))
            i++;
        if (i == ARRAY_LENGTH(members))
            return mlops_fail(err, MLOPS_INVALID,
                              "the signature has a member '%s', which is none "
                              "of a sigstore bundle",
                              member->string);
    }
    if (!str_equal(json_string(bundle, "mediaType", ""), MEDIA_TYPE))
        return mlops_fail(err, MLOPS_INVALID, "not a signature of a model (" MEDIA_TYPE ")");
    TRY(read_material(bundle, signature, err));
    TRY(dsse_read(cJSON_GetObjectItemCaseSensitive(bundle, "dsseEnvelope"), &signature->dsse, err));
    int code = statement_read(&signature->dsse, OMS_PREDICATE, &statement, err);
    if (code == MLOPS_OK) {
        signature->model = xstrdup(statement.name);
        code = read_serialization(statement.predicate, signature, err);
    }
    if (code == MLOPS_OK)
        code = read_resources(&statement, signature, err);
    statement_clear(&statement);
    signature->dsse.keyid = ""; /* the JSON goes */
    return code;
}

int oms_read(const char *json, size_t length, struct oms_signature *signature,
             struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *bundle = NULL;
    *signature = (struct oms_signature){0};
    TRY(json_parse(json, length, "the signature", &bundle, err));
    return read_bundle(bundle, signature, err);
}

void oms_signature_clear(struct oms_signature *signature)
{
    dsse_clear(&signature->dsse);
    oms_resources_clear(&signature->resources);
    strings_free(signature->ignored);
    free(signature->model);
    for (size_t i = 0; i < signature->certificate_count; i++)
        buffer_clear(&signature->certificates[i]);
    free(signature->certificates);
    *signature = (struct oms_signature){0};
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void tell(struct buffer *differences, size_t *count, const char *what, const char *name)
{
    if (++*count <= DIFFERENCES_MAX)
        buffer_printf(differences, "%s%s: %s", *count > 1 ? "\n" : "", what, name);
}

bool oms_matches(const struct oms_signature *signature, const struct oms_resources *found,
                 struct buffer *differences)
{
    const struct oms_resources *wanted = &signature->resources;
    size_t i = 0, j = 0, count = 0;
    while (i < wanted->count || j < found->count) {
        int order = i == wanted->count  ? 1
                    : j == found->count ? -1
                                        : compare(&wanted->items[i], &found->items[j]);
        if (order < 0)
            tell(differences, &count, "missing", wanted->items[i].name);
        else if (order > 0)
            tell(differences, &count, "not signed", found->items[j].name);
        else if (!digest_equal(&wanted->items[i].digest, &found->items[j].digest))
            tell(differences, &count, "changed", wanted->items[i].name);
        i += order <= 0;
        j += order >= 0;
    }
    if (count > DIFFERENCES_MAX)
        buffer_printf(differences, "\nand %zu more", count - DIFFERENCES_MAX);
    return count == 0;
}
