/*
 * lib/base/md5.h - MD5 (RFC 1321), to read what other tools named by it: DVC's cache. It tells
 * accidents and no intent; nothing of ours is named or trusted by it.
 */
#ifndef BASE_MD5_H
#define BASE_MD5_H
#include "base/util.h"

#define MD5_HEX_SIZE 33 /* with the terminating NUL */

struct md5;

/* A running hash. Errors: MLOPS_IO this OpenSSL has no MD5 (a FIPS provider alone). */
int md5_new(struct md5 **md5, struct mlops_error *err);
void md5_free(struct md5 *md5);
DEFINE_CLEANUP(struct md5, md5_free)
void md5_update(struct md5 *md5, const void *data, size_t length);
/* The digest in lower-case hexadecimal; the hash is done then. */
void md5_final(struct md5 *md5, char hex[MD5_HEX_SIZE]);

#endif
