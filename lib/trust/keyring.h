/* lib/trust/keyring.h - a person's keys, opened to sign. */
#ifndef TRUST_KEYRING_H
#define TRUST_KEYRING_H
#include "base/signing.h"
#include <mlops/key.h>

/* The private key that `signer` names; its passphrase is asked for where it has one. The caller
 * frees it. Errors: as mlops_key_find; MLOPS_INVALID it is a public key; MLOPS_INTEGRITY the
 * passphrase is wrong. */
int keyring_open(const struct mlops_signer *signer, struct signing_key **key,
                 struct mlops_error *err);

#endif
