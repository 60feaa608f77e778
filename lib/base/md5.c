/* lib/base/md5.c - MD5 by OpenSSL. */
#include "base/md5.h"
#include <openssl/evp.h>

struct md5 {
    EVP_MD_CTX *context;
};

int md5_new(struct md5 **md5, struct mlops_error *err)
{
    EVP_MD_CTX *context = xcheck(EVP_MD_CTX_new());
    if (EVP_DigestInit_ex(context, EVP_md5(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return mlops_fail(err, MLOPS_IO, "OpenSSL has no MD5 here, by which DVC names its files");
    }
    *md5 = xmalloc(sizeof(**md5));
    (*md5)->context = context;
    return MLOPS_OK;
}

void md5_free(struct md5 *md5)
{
    EVP_MD_CTX_free(md5->context);
    free(md5);
}

void md5_update(struct md5 *md5, const void *data, size_t length)
{
    static char fine; /* it fails only where memory is out */
    (void)xcheck(EVP_DigestUpdate(md5->context, data, length) == 1 ? &fine : NULL);
}

void md5_final(struct md5 *md5, char hex[MD5_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    static char fine;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    (void)xcheck(EVP_DigestFinal_ex(md5->context, bytes, NULL) == 1 ? &fine : NULL);
    for (size_t i = 0; i < 16; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[MD5_HEX_SIZE - 1] = '\0';
}
