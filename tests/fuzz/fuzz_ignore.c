/* tests/fuzz/fuzz_ignore.c - no pattern breaks the matcher, and "**" matches whatever one does. */
#include "bundle/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    _cleanup_(free_string) char *pattern = xstrndup((const char *)data, (size_t)(end - data));
    _cleanup_(free_string) char *path =
        xstrndup((const char *)end + 1, size - (size_t)(end - data) - 1);
    if (ignore_pattern_matches(pattern, path) && !ignore_pattern_matches("**", path))
        abort();
    return 0;
}
