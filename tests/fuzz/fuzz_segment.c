/* tests/fuzz/fuzz_segment.c - any text comes back from its segment byte by byte, and no bytes break
 * the reader of segments. */
#include "monitor/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(buffer_clear) struct buffer packed = {0}, back = {0};
    struct mlops_error err;
    size_t used;
    if (segment_unpack((const char *)data, size, &used, &back, &err) == MLOPS_OK && used > size)
        abort();
    segment_pack((const char *)data, size, &packed);
    if (segment_unpack(packed.data, packed.length, &used, &back, &err) || used != packed.length ||
        back.length != size || (size > 0 && memcmp(back.data, data, size) != 0))
        abort();
    return 0;
}
