/* tests/fuzz/fuzz_oci.c - what comes from outside as text: addresses, challenges, Docker's
 * config.json. The first byte says which. */
#include "oci/challenge.h"
#include "oci/credentials.h"
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct oci_reference reference;
    struct oci_challenge challenge;
    struct oci_credentials credentials = {0};
    if (size == 0)
        return 0;
    _cleanup_(free_string) char *text = xstrndup((const char *)data + 1, size - 1);
    if (data[0] % 3 == 0) {
        (void)oci_reference_parse(text, &reference, &err);
        oci_reference_clear(&reference);
    } else if (data[0] % 3 == 1) {
        (void)oci_challenge_read(text, &challenge);
        oci_challenge_clear(&challenge);
    } else if (!strstr(text, "cred")) { /* no programs are started */
        (void)oci_credentials_read(text, strlen(text), "config.json", "h", &credentials, &err);
        oci_credentials_clear(&credentials);
    }
    return 0;
}
