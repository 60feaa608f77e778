/* lib/base/signing.c - keys that sign, by OpenSSL. */
#include "base/signing.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define PBKDF2_ROUNDS 600000 /* OWASP's advice for HMAC-SHA-256, 2023 */
#define SALT_SIZE 16

struct signing_key {
    EVP_PKEY *pkey;
    enum signing_algorithm algorithm;
};

static const struct {
    const char *name;
    const char *group; /* OpenSSL's name; NULL: Ed25519 */
} kinds[] = {
    [SIGNING_P256] = {"p256", SN_X9_62_prime256v1},
    [SIGNING_P384] = {"p384", SN_secp384r1},
    [SIGNING_P521] = {"p521", SN_secp521r1},
    [SIGNING_ED25519] = {"ed25519", NULL},
};

DEFINE_CLEANUP(BIO, BIO_free_all)
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
DEFINE_CLEANUP(X509_SIG, X509_SIG_free)
DEFINE_CLEANUP(X509_ALGOR, X509_ALGOR_free)

/* What OpenSSL says went wrong first; its queue is empty afterwards. */
static int fail_openssl(struct mlops_error *err, enum mlops_code code, const char *what)
{
    char text[256] = "no reason given";
    unsigned long number = ERR_get_error();
    if (number)
        ERR_error_string_n(number, text, sizeof(text));
    ERR_clear_error();
    return mlops_fail(err, code, "%s: %s", what, text);
}

const char *signing_algorithm_name(enum signing_algorithm algorithm)
{
    return kinds[algorithm].name;
}

bool signing_algorithm_find(const char *name, enum signing_algorithm *algorithm)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (!str_equal(kinds[i].name, name))
            continue;
        *algorithm = (enum signing_algorithm)i;
        return true;
    }
    return false;
}

void signing_key_free(struct signing_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

enum signing_algorithm signing_key_algorithm(const struct signing_key *key)
{
    return key->algorithm;
}

static bool algorithm_of(const EVP_PKEY *pkey, enum signing_algorithm *algorithm)
{
    char group[64];
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        *algorithm = SIGNING_ED25519;
        return true;
    }
    if (!EVP_PKEY_is_a(pkey, "EC") ||
        EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (!kinds[i].group || !str_equal(kinds[i].group, group))
            continue;
        *algorithm = (enum signing_algorithm)i;
        return true;
    }
    return false;
}

/* Takes `pkey` over, also where it fails. */
static int wrap(EVP_PKEY *pkey, const char *what, struct signing_key **key, struct mlops_error *err)
{
    _cleanup_(EVP_PKEY_free_ptr) EVP_PKEY *owned = pkey;
    enum signing_algorithm algorithm;
    if (!algorithm_of(owned, &algorithm)) {
        mlops_fail(err, MLOPS_INVALID, "%s is a key of a kind that mlops does not use", what);
        return mlops_hint(err, "ECDSA on P-256, P-384 and P-521 it is; 'mlops key generate' makes "
                               "one");
    }
    *key = xcalloc(1, sizeof(**key));
    **key = (struct signing_key){.pkey = TAKE_PTR(owned), .algorithm = algorithm};
    return MLOPS_OK;
}

int signing_key_from_evp(void *pkey, const char *what, struct signing_key **key,
                         struct mlops_error *err)
{
    if (EVP_PKEY_up_ref(pkey) != 1)
        return fail_openssl(err, MLOPS_IO, what);
    return wrap(pkey, what, key, err);
}

int signing_key_generate(enum signing_algorithm algorithm, struct signing_key **key,
                         struct mlops_error *err)
{
    EVP_PKEY *pkey = kinds[algorithm].group ? EVP_EC_gen(kinds[algorithm].group)
                                            : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!pkey)
        return fail_openssl(err, MLOPS_IO, "make a key");
    return wrap(pkey, "the new key", key, err);
}

/* ---- as text -------------------------------------------------------------------------------- */

static void take_bio(BIO *bio, struct buffer *pem)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    buffer_append(pem, data, (size_t)length);
}

/* EncryptedPrivateKeyInfo (RFC 5958 §3) under PBES2 (RFC 8018 §6.2). */
static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, const char *passphrase)
{
    _cleanup_(X509_ALGOR_free_ptr) X509_ALGOR *scheme = PKCS5_pbe2_set_iv(
        EVP_aes_256_cbc(), PBKDF2_ROUNDS, NULL, SALT_SIZE, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed =
        scheme ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, scheme) : NULL;
    if (sealed)
        scheme = NULL; /* owned by what was sealed */
    return sealed;
}

int signing_key_write_private(const struct signing_key *key, const char *passphrase,
                              struct buffer *pem, struct mlops_error *err)
{
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new(BIO_s_secmem());
    _cleanup_(PKCS8_PRIV_KEY_INFO_free_ptr) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    _cleanup_(X509_SIG_free_ptr) X509_SIG *sealed = NULL;
    if (!bio || !info)
        return fail_openssl(err, MLOPS_IO, "write a private key");
    if (!passphrase) {
        if (PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) != 1)
            return fail_openssl(err, MLOPS_IO, "write a private key");
    } else {
        sealed = encrypt(info, passphrase);
        if (!sealed || PEM_write_bio_PKCS8(bio, sealed) != 1)
            return fail_openssl(err, MLOPS_IO, "encrypt a private key");
    }
    take_bio(bio, pem);
    return MLOPS_OK;
}

int signing_key_write_public(const struct signing_key *key, struct buffer *pem,
                             struct mlops_error *err)
{
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || PEM_write_bio_PUBKEY(bio, key->pkey) != 1)
        return fail_openssl(err, MLOPS_IO, "write a public key");
    take_bio(bio, pem);
    return MLOPS_OK;
}

/* OpenSSL would ask at the terminal by itself where it has no callback. */
static int give_passphrase(char *space, int size, int writing, void *context)
{
    const char *passphrase = context;
    (void)writing;
    size_t length = passphrase ? strlen(passphrase) : 0;
    if (!passphrase || length > (size_t)size)
        return -1;
    memcpy(space, passphrase, length);
    return (int)length;
}

bool signing_key_is_encrypted(const char *pem, size_t length)
{
    static const char label[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    return memmem(pem, length, label, sizeof(label) - 1) != NULL;
}

int signing_key_read_private(const char *pem, size_t length, const char *passphrase,
                             const char *what, struct signing_key **key, struct mlops_error *err)
{
    if (length > INT32_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s is no private key", what);
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new_mem_buf(pem, (int)length);
    char *secret = passphrase ? xstrdup(passphrase) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, secret) : NULL;
    if (secret)
        OPENSSL_clear_free(secret, strlen(secret) + 1);
    if (pkey)
        return wrap(pkey, what, key, err);
    ERR_clear_error();
    if (!signing_key_is_encrypted(pem, length))
        return mlops_fail(err, MLOPS_INVALID, "%s is no private key in PEM", what);
    if (!passphrase)
        return mlops_fail(err, MLOPS_INTEGRITY, "%s wants a passphrase", what);
    return mlops_fail(err, MLOPS_INTEGRITY, "the passphrase does not open %s", what);
}

int signing_key_read_public(const char *pem, size_t length, const char *what,
                            struct signing_key **key, struct mlops_error *err)
{
    if (length > INT32_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s is no public key", what);
    _cleanup_(BIO_free_all_ptr) BIO *bio = BIO_new_mem_buf(pem, (int)length);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, give_passphrase, NULL) : NULL;
    if (pkey)
        return wrap(pkey, what, key, err);
    ERR_clear_error();
    mlops_fail(err, MLOPS_INVALID, "%s is no public key in PEM", what);
    return mlops_hint(err, "'mlops key show NAME' and 'openssl pkey -pubout' print one");
}

void signing_key_fingerprint(const struct signing_key *key, char hex[SHA256_HEX_SIZE])
{
    _cleanup_(buffer_clear) struct buffer pem = {0};
    struct mlops_error err = {0};
    struct digest digest;
    /* A key that was made or read can be written; only memory may be out. */
    (void)xcheck(signing_key_write_public(key, &pem, &err) ? NULL : &digest);
    sha256_of(pem.data, pem.length, &digest);
    digest_to_hex(&digest, hex);
}

int signing_key_raw_public(const struct signing_key *key, uint8_t raw[32], struct mlops_error *err)
{
    size_t length = 32;
    if (key->algorithm != SIGNING_ED25519 ||
        EVP_PKEY_get_raw_public_key(key->pkey, raw, &length) != 1 || length != 32)
        return fail_openssl(err, MLOPS_INVALID, "the key is no Ed25519 key");
    return MLOPS_OK;
}

/* ---- signatures ----------------------------------------------------------------------------- */

static const char *digest_name(const struct signing_key *key)
{
    switch (key->algorithm) {
    case SIGNING_P256:
        return "SHA256";
    case SIGNING_P384:
        return "SHA384";
    case SIGNING_P521:
        return "SHA512";
    case SIGNING_ED25519:
        break;
    }
    return NULL; /* Ed25519 has its own */
}

int signing_sign(const struct signing_key *key, const void *data, size_t length,
                 struct buffer *signature, struct mlops_error *err)
{
    _cleanup_(EVP_MD_CTX_free_ptr) EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    if (!context ||
        EVP_DigestSignInit_ex(context, NULL, digest_name(key), NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(context, NULL, &size, data, length) != 1)
        return fail_openssl(err, MLOPS_IO, "sign");
    buffer_reserve(signature, size);
    if (EVP_DigestSign(context, (uint8_t *)signature->data + signature->length, &size, data,
                       length) != 1)
        return fail_openssl(err, MLOPS_IO, "sign");
    signature->length += size;
    signature->data[signature->length] = '\0';
    return MLOPS_OK;
}

bool signing_verify(const struct signing_key *key, const void *data, size_t length,
                    const void *signature, size_t signature_length)
{
    _cleanup_(EVP_MD_CTX_free_ptr) EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = context &&
                 EVP_DigestVerifyInit_ex(context, NULL, digest_name(key), NULL, NULL, key->pkey,
                                         NULL) == 1 &&
                 EVP_DigestVerify(context, signature, signature_length, data, length) == 1;
    ERR_clear_error();
    return valid;
}

void buffer_wipe(struct buffer *secret)
{
    if (secret->data)
        OPENSSL_cleanse(secret->data, secret->capacity);
    buffer_clear(secret);
}
