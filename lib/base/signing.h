/*
 * lib/base/signing.h - keys that sign: ECDSA on the NIST curves and Ed25519, by OpenSSL.
 *
 * ECDSA signs the hash of the curve's size (SHA-256, SHA-384, SHA-512; FIPS 186-5) and gives a DER
 * signature; Ed25519 (RFC 8032) signs the bytes and gives 64.
 */
#ifndef BASE_SIGNING_H
#define BASE_SIGNING_H
#include "base/buffer.h"
#include "base/hash.h"

enum signing_algorithm { SIGNING_P256, SIGNING_P384, SIGNING_P521, SIGNING_ED25519 };

/* "p256", "p384", "p521", "ed25519"; static storage. */
const char *signing_algorithm_name(enum signing_algorithm algorithm);
/* False where it is none of them. */
bool signing_algorithm_find(const char *name, enum signing_algorithm *algorithm);

struct signing_key; /* the public half, and the private one where there is one */

void signing_key_free(struct signing_key *key);
DEFINE_CLEANUP(struct signing_key, signing_key_free)

int signing_key_generate(enum signing_algorithm algorithm, struct signing_key **key,
                         struct mlops_error *err);
enum signing_algorithm signing_key_algorithm(const struct signing_key *key);

/* PKCS#8 in PEM; with a passphrase encrypted by PBES2: AES-256-CBC, PBKDF2 with HMAC-SHA-256 and
 * 600,000 rounds (RFC 8018). The caller wipes `pem`. */
int signing_key_write_private(const struct signing_key *key, const char *passphrase,
                              struct buffer *pem, struct mlops_error *err);
/* SubjectPublicKeyInfo in PEM, as `openssl pkey -pubout` prints it. */
int signing_key_write_public(const struct signing_key *key, struct buffer *pem,
                             struct mlops_error *err);

/* Is this PEM of a private key that wants a passphrase? */
bool signing_key_is_encrypted(const char *pem, size_t length);
/* Errors: MLOPS_INVALID not such a key, or of another kind; MLOPS_INTEGRITY the passphrase is not
 * its own. `what` names it in messages. */
int signing_key_read_private(const char *pem, size_t length, const char *passphrase,
                             const char *what, struct signing_key **key, struct mlops_error *err);
int signing_key_read_public(const char *pem, size_t length, const char *what,
                            struct signing_key **key, struct mlops_error *err);
/* From an OpenSSL key (EVP_PKEY), which gets one more owner. Errors: MLOPS_INVALID another kind. */
int signing_key_from_evp(void *pkey, const char *what, struct signing_key **key,
                         struct mlops_error *err);

/* Lower-case hexadecimal SHA-256 of the public key's PEM text: how the OpenSSF Model Signing
 * specification names keys. */
void signing_key_fingerprint(const struct signing_key *key, char hex[SHA256_HEX_SIZE]);
/* The 32 bytes of an Ed25519 public key. */
int signing_key_raw_public(const struct signing_key *key, uint8_t raw[32], struct mlops_error *err);

int signing_sign(const struct signing_key *key, const void *data, size_t length,
                 struct buffer *signature, struct mlops_error *err);
/* A signature that cannot be read is not valid. */
bool signing_verify(const struct signing_key *key, const void *data, size_t length,
                    const void *signature, size_t signature_length);

/* Overwrite a secret and empty the buffer. */
void buffer_wipe(struct buffer *secret);

#endif
