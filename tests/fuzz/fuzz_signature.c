/* tests/fuzz/fuzz_signature.c - no bytes break what reads signatures, notes and checkpoints; and
 * none of them verifies by a key that never signed. */
#include "registry/note.h"
#include "trust/oms.h"
#include <stdlib.h>

static struct signing_key *key_of(enum signing_algorithm algorithm)
{
    struct mlops_error err = {0};
    struct signing_key *key = NULL;
    if (signing_key_generate(algorithm, &key, &err))
        abort();
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signing_key *ecdsa, *ed25519;
    static struct note_key verifier;
    struct mlops_error err = {0};
    struct oms_signature signature;
    struct checkpoint checkpoint;
    struct note_key key;
    size_t length;
    if (!ecdsa) {
        ecdsa = key_of(SIGNING_P256);
        ed25519 = key_of(SIGNING_ED25519);
        if (note_key_of("example.com/foo", ed25519, &verifier, &err))
            abort();
    }
    const char *text = (const char *)data;
    if (oms_read(text, size, &signature, &err) == 0 && dsse_verify(&signature.dsse, ecdsa))
        abort();
    oms_signature_clear(&signature);
    if (note_open(text, size, &verifier, &length, &err) == 0)
        abort();
    (void)checkpoint_parse(text, size, &checkpoint, &err);
    (void)note_key_parse(text, size, &key, &err);
    return 0;
}
