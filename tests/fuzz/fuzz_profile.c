/* tests/fuzz/fuzz_profile.c - what profile_decode takes comes out as the same bytes. */
#include "stats/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    _cleanup_(profile_free_ptr) struct profile *again = NULL;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    if (profile_decode(data, size, &profile, &err))
        return 0;
    profile_encode(profile, &bytes);
    if (profile_decode(bytes.data, bytes.length, &again, &err))
        abort();
    return 0;
}
