/* lib/base/hash.c - SHA-256 and its names; bundle ids. */
#include "base/hash.h"
#include <openssl/evp.h>

struct sha256 {
    EVP_MD_CTX *context;
};

/* OpenSSL's SHA-256 fails only where memory is out. */
static void must(int ok)
{
    static char fine;
    (void)xcheck(ok == 1 ? &fine : NULL);
}

struct sha256 *sha256_new(void)
{
    struct sha256 *hash = xcalloc(1, sizeof(*hash));
    hash->context = xcheck(EVP_MD_CTX_new());
    must(EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL));
    return hash;
}

void sha256_free(struct sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

void sha256_update(struct sha256 *hash, const void *data, size_t length)
{
    must(EVP_DigestUpdate(hash->context, data, length));
}

void sha256_final(struct sha256 *hash, struct digest *digest)
{
    must(EVP_DigestFinal_ex(hash->context, digest->bytes, NULL));
    must(EVP_DigestInit_ex(hash->context, NULL, NULL));
}

void sha256_of(const void *data, size_t length, struct digest *digest)
{
    must(EVP_Digest(data, length, digest->bytes, NULL, EVP_sha256(), NULL));
}

void digest_to_hex(const struct digest *digest, char hex[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(digest->bytes); i++) {
        hex[2 * i] = digits[digest->bytes[i] >> 4];
        hex[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    hex[64] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool digest_from_hex(const char *hex, size_t length, struct digest *digest)
{
    if (length != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

#define BUNDLE_PREFIX "sha256:"

void bundle_id_format(const struct digest *digest, char id[MLOPS_BUNDLE_ID_SIZE])
{
    memcpy(id, BUNDLE_PREFIX, sizeof(BUNDLE_PREFIX) - 1);
    digest_to_hex(digest, id + sizeof(BUNDLE_PREFIX) - 1);
}

bool bundle_id_parse(const char *id, struct digest *digest)
{
    return str_starts(id, BUNDLE_PREFIX) &&
           digest_from_hex(id + sizeof(BUNDLE_PREFIX) - 1, strlen(id) - (sizeof(BUNDLE_PREFIX) - 1),
                           digest);
}
