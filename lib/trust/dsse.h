/*
 * lib/trust/dsse.h - DSSE envelopes (github.com/secure-systems-lab/dsse, protocol.md) around
 * in-toto statements (in-toto Attestation Framework, statement v1): who says what about which
 * digest.
 *
 * Two kinds of statement go through here: those of the OpenSSF Model Signing specification
 * (trust/oms.h), and those of our own, in which people approve a version, change a policy or say
 * whom to trust.
 */
#ifndef TRUST_DSSE_H
#define TRUST_DSSE_H
#include "base/json.h"
#include "base/signing.h"

#define IN_TOTO_PAYLOAD "application/vnd.in-toto+json"
#define IN_TOTO_STATEMENT "https://in-toto.io/Statement/v1"

/* The envelope of `payload`, signed by `key` with ECDSA: {"payload", "payloadType", "signatures":
 * [{"keyid", "sig"}]}. The caller deletes it. Errors: MLOPS_INVALID an Ed25519 key. */
int dsse_sign(const struct signing_key *key, const char *keyid, const char *payload, size_t length,
              cJSON **envelope, struct mlops_error *err);

/* An envelope taken apart; exactly one signature, nothing else in it. */
struct dsse {
    struct buffer payload;
    struct buffer signature;
    const char *keyid; /* of the JSON; "" where it is null */
};
/* Errors: MLOPS_INVALID it is not an envelope of a statement. */
int dsse_read(const cJSON *envelope, struct dsse *dsse, struct mlops_error *err);
void dsse_clear(struct dsse *dsse);
/* Is it `key`'s? */
bool dsse_verify(const struct dsse *dsse, const struct signing_key *key);

/* What a statement says of its one subject. */
struct statement {
    const char *name, *sha256; /* of the subject; point into `json` */
    const cJSON *predicate;
    cJSON *json;
};
/* Errors: MLOPS_INVALID not a statement of that type about one digest. */
int statement_read(const struct dsse *dsse, const char *predicate_type, struct statement *statement,
                   struct mlops_error *err);
void statement_clear(struct statement *statement);

/* Our own statements: the envelope of one of `type` about `name` and `sha256`, by `key`, whose
 * fingerprint is the key id. `predicate` is taken over. */
int statement_sign(const struct signing_key *key, const char *type, const char *name,
                   const char *sha256, cJSON *predicate, cJSON **envelope, struct mlops_error *err);

#endif
