/* tests/fuzz/fuzz_regex.c - no expression breaks regex_compile, none is slow on any text. The first
 * line is the expression, the rest the text. */
#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(regex_free_ptr) struct regex *regex = NULL;
    const uint8_t *line = memchr(data, '\n', size);
    size_t length = line ? (size_t)(line - data) : size;
    _cleanup_(free_string) char *expression = xstrndup((const char *)data, length);
    if (regex_compile(expression, &regex, &err))
        return 0;
    (void)regex_found(regex, (const char *)data + length, size - length);
    return 0;
}
