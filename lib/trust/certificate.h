/*
 * lib/trust/certificate.h - X.509 certificates for signatures: from PEM into a signature, and from
 * a signature to a key that trusted roots vouch for.
 */
#ifndef TRUST_CERTIFICATE_H
#define TRUST_CERTIFICATE_H
#include "base/json.h"
#include "base/signing.h"

/* Put the certificates of a PEM text, leaf first, as {"certificates": [{"rawBytes"}]} into `json`.
 * Errors: MLOPS_INVALID not certificates, or the first is not of `key`. */
int certificates_to_json(const char *pem, const struct signing_key *key, cJSON *json,
                         struct mlops_error *err);

/*
 * The key of the first of `count` DER certificates, if a chain leads from it to one of the roots
 * in the PEM text `roots`, now: the time of signing is not known, so that an expired certificate
 * vouches for nothing (OMS v1.0 §8.2; RFC 5280 §6.1). It must be for digital signatures, or for
 * signing code. `subject` gets its name; the caller frees both.
 * Errors: MLOPS_INVALID malformed; MLOPS_INTEGRITY no such chain, expired, or for another use;
 * MLOPS_IO OpenSSL fails.
 */
int certificate_verify(const struct buffer *certificates, size_t count, const char *roots,
                       struct signing_key **key, char **subject, struct mlops_error *err);

#endif
