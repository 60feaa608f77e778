/* lib/trust/certificate.c - X.509 certificates for signatures, by OpenSSL. */
#include "trust/certificate.h"
#include "base/base64.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

DEFINE_CLEANUP(BIO, BIO_free_all)
DEFINE_CLEANUP(X509, X509_free)
DEFINE_CLEANUP(X509_STORE, X509_STORE_free)
DEFINE_CLEANUP(X509_STORE_CTX, X509_STORE_CTX_free)

static void free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static int same_key(X509 *certificate, const struct signing_key *key, struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *of_certificate = NULL;
    char one[SHA256_HEX_SIZE], two[SHA256_HEX_SIZE];
    TRY(signing_key_from_evp(X509_get0_pubkey(certificate), "the certificate's key",
                             &of_certificate, err));
    signing_key_fingerprint(key, one);
    signing_key_fingerprint(of_certificate, two);
    if (str_equal(one, two))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "the first certificate is of another key");
    return mlops_hint(err, "give the certificate of the key that signs first, then those that "
                           "vouch for it");
}

int certificates_to_json(const char *pem, const struct signing_key *key, cJSON *json,
                         struct mlops_error *err)
{
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new_mem_buf(pem, -1);
    cJSON *list = json_add_array(json, "certificates");
    for (;;) {
        _cleanup_(X509_free_ptr) X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!certificate)
            break;
        if (cJSON_GetArraySize(list) == 0)
            TRY(same_key(certificate, key, err));
        uint8_t *der = NULL;
        int length = i2d_X509(certificate, &der);
        if (length <= 0)
            return mlops_fail(err, MLOPS_INVALID, "a certificate cannot be written");
        _cleanup_(buffer_clear) struct buffer text = {0};
        base64_write(der, (size_t)length, &text);
        OPENSSL_free(der);
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "rawBytes", text.data);
        cJSON_AddItemToArray(list, item);
    }
    ERR_clear_error();
    if (cJSON_GetArraySize(list) > 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "there is no certificate in PEM");
}

static int add_roots(X509_STORE *store, const char *pem, struct mlops_error *err)
{
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new_mem_buf(pem, -1);
    size_t count = 0;
    for (;; count++) {
        _cleanup_(X509_free_ptr) X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!root)
            break;
        if (X509_STORE_add_cert(store, root) != 1)
            return mlops_fail(err, MLOPS_IO, "a root certificate cannot be kept");
    }
    ERR_clear_error();
    return count > 0 ? MLOPS_OK
                     : mlops_fail(err, MLOPS_INVALID, "there is no root certificate in PEM");
}

static int read_chain(const struct buffer *certificates, size_t count, STACK_OF(X509) * chain,
                      struct mlops_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *der = (const uint8_t *)certificates[i].data, *end = der;
        X509 *certificate = d2i_X509(NULL, &end, (long)certificates[i].length);
        if (!certificate || end != der + certificates[i].length ||
            sk_X509_push(chain, certificate) == 0) {
            X509_free(certificate);
            ERR_clear_error();
            return mlops_fail(err, MLOPS_INVALID, "certificate %zu of the signature is malformed",
                              i + 1);
        }
    }
    return MLOPS_OK;
}

/* RFC 5280 §4.2.1.3 and §4.2.1.12. */
static bool for_signing(X509 *leaf)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    if (flags & EXFLAG_KUSAGE)
        return (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0;
    return (flags & EXFLAG_XKUSAGE) && (X509_get_extended_key_usage(leaf) & XKU_CODE_SIGN);
}

static int verify_chain(X509_STORE *store, STACK_OF(X509) * chain, struct mlops_error *err)
{
    _cleanup_(X509_STORE_CTX_free_ptr) X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509 *leaf = sk_X509_value(chain, 0);
    if (!context || X509_STORE_CTX_init(context, store, leaf, chain) != 1)
        return mlops_fail(err, MLOPS_IO, "certificates cannot be verified");
    if (X509_verify_cert(context) != 1) {
        int code = mlops_fail(err, MLOPS_INTEGRITY, "the certificate is not trusted: %s",
                              X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
        ERR_clear_error();
        return code;
    }
    if (!for_signing(leaf))
        return mlops_fail(err, MLOPS_INTEGRITY, "the certificate is not for signing");
    return MLOPS_OK;
}

int certificate_verify(const struct buffer *certificates, size_t count, const char *roots,
                       struct signing_key **key, char **subject, struct mlops_error *err)
{
    _cleanup_(X509_STORE_free_ptr) X509_STORE *store = X509_STORE_new();
    _cleanup_(free_stack) STACK_OF(X509) *chain = sk_X509_new_null();
    char name[256];
    if (!store || !chain)
        return mlops_fail(err, MLOPS_IO, "certificates cannot be verified");
    TRY(add_roots(store, roots, err));
    TRY(read_chain(certificates, count, chain, err));
    TRY(verify_chain(store, chain, err));
    X509 *leaf = sk_X509_value(chain, 0);
    TRY(signing_key_from_evp(X509_get0_pubkey(leaf), "the certificate's key", key, err));
    X509_NAME_oneline(X509_get_subject_name(leaf), name, sizeof(name));
    *subject = xstrdup(name);
    return MLOPS_OK;
}
