/*
 * lib/bundle/signature.c - versions signed, and their signatures judged. Evidence has two
 * signatures by one key: the model's, as others verify it, and one of the bundle's id, which is of
 * the whole manifest and not of the files alone.
 */
#include "bundle/signature.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "trust/keyring.h"

#define BUNDLE_STATEMENT "urn:mlops:bundle:v1"
#define LINKS_MAX 40
#define CERTIFICATE_MAX (1U << 20)

/* ---- what is signed ------------------------------------------------------------------------ */

/* "a/c" from the link "a/b" that says "c", "../c" and the like resolved as text; NULL where that
 * leads out. The caller frees. */
static char *link_destination(const struct manifest_file *link)
{
    _cleanup_(free_string) char *parent = path_parent(link->path);
    struct buffer path = {0};
    char *text = xstrdup(link->target), *state = NULL;
    buffer_puts(&path, str_equal(parent, ".") ? "" : parent);
    bool inside = text[0] != '/';
    for (char *part = strtok_r(text, "/", &state); part && inside;
         part = strtok_r(NULL, "/", &state)) {
        if (str_equal(part, "."))
            continue;
        if (!str_equal(part, "..")) {
            buffer_printf(&path, "%s%s", path.length ? "/" : "", part);
            continue;
        }
        inside = path.length > 0;
        char *slash = path.length ? strrchr(path.data, '/') : NULL;
        path.length = slash ? (size_t)(slash - path.data) : 0;
        if (path.data)
            path.data[path.length] = '\0';
    }
    free(text);
    if (inside)
        return buffer_steal(&path);
    buffer_clear(&path);
    return NULL;
}

/* The regular file that a link leads to in the end. */
static const struct manifest_file *follow(const struct manifest *manifest,
                                          const struct manifest_file *file)
{
    for (int i = 0; file && file->kind == MANIFEST_LINK && i < LINKS_MAX; i++) {
        _cleanup_(free_string) char *destination = link_destination(file);
        file = destination ? manifest_find(manifest, destination) : NULL;
    }
    return file && file->kind == MANIFEST_FILE ? file : NULL;
}

int signature_resources(const struct manifest *manifest, struct oms_resources *resources,
                        bool *symlinks, struct mlops_error *err)
{
    *symlinks = false;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        const struct manifest_file *content = follow(manifest, file);
        if (file->kind == MANIFEST_FOLDER)
            continue;
        if (!content) {
            mlops_fail(err, MLOPS_INVALID,
                       "the link '%s' cannot be signed: it leads to no file of "
                       "the bundle",
                       file->path);
            return mlops_hint(err, "the specification of model signatures knows files alone; "
                                   "replace the link by what it leads to");
        }
        *symlinks = *symlinks || file->kind == MANIFEST_LINK;
        oms_add(resources, file->path, &content->digest);
    }
    return oms_sort(resources, err);
}

/* ---- signing ------------------------------------------------------------------------------- */

int signature_make(const struct mlops_sign_options *options, const struct signing_key *key,
                   const struct oms_resources *resources, const char *name, bool symlinks,
                   cJSON **signature, struct mlops_error *err)
{
    static const char *const ignored[] = {OMS_FILE, NULL};
    _cleanup_(buffer_clear) struct buffer certificates = {0};
    if (options->certificate)
        TRY(file_read(options->certificate, CERTIFICATE_MAX, &certificates, err));
    return oms_sign(
        key, resources,
        &(struct oms_options){.name = name,
                              .symlinks = symlinks,
                              .ignored = ignored,
                              .certificates = options->certificate ? certificates.data : NULL},
        signature, err);
}

static int record(struct mlops_registry *registry, const struct mlops_version *version,
                  const char *fingerprint, const char *body, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(transaction_begin(registry, &tx, err));
    TRY(evidence_record(tx, version->bundle, SIGNATURE_EVIDENCE, fingerprint, "signed", body, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "sign",
                                           .model = version->model,
                                           .version = version->number,
                                           .bundle = version->bundle},
                     err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int sign_both(const struct mlops_sign_options *options, const struct signing_key *key,
                     const struct manifest *manifest, const struct mlops_version *version,
                     cJSON *body, struct mlops_error *err)
{
    _cleanup_(oms_resources_clear) struct oms_resources resources = {0};
    cJSON *signature, *statement;
    bool symlinks;
    TRY(signature_resources(manifest, &resources, &symlinks, err));
    TRY(signature_make(options, key, &resources, version->model, symlinks, &signature, err));
    cJSON_AddItemToObject(body, "sigstore", signature);
    TRY(statement_sign(key, BUNDLE_STATEMENT, version->model, version->bundle + strlen("sha256:"),
                       cJSON_CreateObject(), &statement, err));
    cJSON_AddItemToObject(body, "statement", statement);
    return MLOPS_OK;
}

int mlops_sign(struct mlops_registry *registry, const char *ref,
               const struct mlops_sign_options *options, char **signature, char fingerprint[65],
               struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(json_free) cJSON *body = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0}, sigstore = {0};
    struct mlops_version version;
    TRY(manifest_load(registry, ref, &version, &manifest, NULL, err));
    TRY(version_check_registered(&version, err));
    TRY(keyring_open(&options->signer, &key, err));
    signing_key_fingerprint(key, fingerprint);
    TRY(sign_both(options, key, &manifest, &version, body, err));
    TRY(json_write_canonical(body, &text, err));
    TRY(json_write_canonical(cJSON_GetObjectItemCaseSensitive(body, "sigstore"), &sigstore, err));
    TRY(record(registry, &version, fingerprint, text.data, err));
    if (signature)
        *signature = buffer_steal(&sigstore);
    return MLOPS_OK;
}

/* ---- judging ------------------------------------------------------------------------------- */

struct mlops_signature_result *verification_add(struct mlops_verification *verification)
{
    struct mlops_signature_result *result;
    verification->signatures =
        xrealloc(verification->signatures, verification->count + 1, sizeof(*result));
    result = &verification->signatures[verification->count++];
    *result = (struct mlops_signature_result){.detail = NULL};
    return result;
}

/* Both signatures, by one trusted key, of this bundle. */
static int judge_one(const cJSON *body, const char *bundle, const struct oms_resources *files,
                     const struct mlops_trust_list *trusted, int64_t now_ns,
                     const struct mlops_trusted_key **key, struct mlops_error *why)
{
    _cleanup_(dsse_clear) struct dsse dsse = {0};
    _cleanup_(statement_clear) struct statement statement = {0};
    _cleanup_(oms_signature_clear) struct oms_signature signature = {0};
    _cleanup_(buffer_clear) struct buffer text = {0}, differences = {0};
    TRY(dsse_read(cJSON_GetObjectItemCaseSensitive(body, "statement"), &dsse, why));
    *key = trusted_signer(trusted, &dsse, 0, now_ns, why);
    if (!*key)
        return (int)why->code;
    TRY(statement_read(&dsse, BUNDLE_STATEMENT, &statement, why));
    if (!str_equal(statement.sha256, bundle + strlen("sha256:")))
        return mlops_fail(why, MLOPS_REFUSED, "the signature is of another bundle: sha256:%.16s…",
                          statement.sha256);
    TRY(json_write_canonical(cJSON_GetObjectItemCaseSensitive(body, "sigstore"), &text, why));
    TRY(oms_read(text.data, text.length, &signature, why));
    signature.dsse.keyid = (*key)->fingerprint;
    if (!trusted_signer(trusted, &signature.dsse, 0, now_ns, why))
        return (int)why->code;
    if (!oms_matches(&signature, files, &differences))
        return mlops_fail(why, MLOPS_REFUSED, "the signature is of other files: %s",
                          differences.data);
    return MLOPS_OK;
}

static int judge_evidence_of(const struct mlops_evidence *evidence, const char *bundle,
                             const struct oms_resources *files,
                             const struct mlops_trust_list *trusted, int64_t now_ns,
                             struct mlops_verification *verification, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    const struct mlops_trusted_key *key = NULL;
    struct mlops_error why = {0};
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    int code = judge_one(body, bundle, files, trusted, now_ns, &key, &why);
    struct mlops_signature_result *result = verification_add(verification);
    str_copy(result->fingerprint, sizeof(result->fingerprint), evidence->name);
    if (key) {
        str_copy(result->owner, sizeof(result->owner), key->owner);
        result->roles = key->roles;
    }
    result->valid = code == MLOPS_OK;
    result->detail = xstrdup(code == MLOPS_OK ? "" : why.message);
    verification->valid = verification->valid || result->valid;
    return MLOPS_OK;
}

int signature_judge(struct mlops_registry *registry, const char *bundle,
                    const struct manifest *manifest, const struct mlops_trust_list *trusted,
                    int64_t now_ns, struct mlops_verification *verification,
                    struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    _cleanup_(oms_resources_clear) struct oms_resources files = {0};
    bool symlinks;
    TRY(mlops_evidence_list(registry, bundle, SIGNATURE_EVIDENCE, &list, err));
    if (list.count == 0)
        return MLOPS_OK;
    TRY(signature_resources(manifest, &files, &symlinks, err));
    for (size_t i = 0; i < list.count; i++)
        TRY(judge_evidence_of(&list.items[i], bundle, &files, trusted, now_ns, verification, err));
    return MLOPS_OK;
}

int mlops_verify(struct mlops_registry *registry, const char *ref,
                 struct mlops_verification *verification, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_trust_list trusted;
    struct mlops_version version;
    *verification = (struct mlops_verification){.warnings = xcalloc(1, sizeof(char *))};
    TRY(manifest_load(registry, ref, &version, &manifest, NULL, err));
    TRY(mlops_trust_list(registry, &trusted, err));
    int code = signature_judge(registry, version.bundle, &manifest, &trusted, clock_now_ns(),
                               verification, err);
    mlops_trust_list_clear(&trusted);
    return code;
}

void mlops_verification_clear(struct mlops_verification *verification)
{
    for (size_t i = 0; i < verification->count; i++)
        free(verification->signatures[i].detail);
    free(verification->signatures);
    strings_free(verification->warnings);
    *verification = (struct mlops_verification){0};
}
