/* tests/fuzz/fuzz_number.c - what number_parse takes is what strtod makes of it, bit for bit. */
#include "base/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double number, expected;
    char *end, *text = malloc(size + 1);
    if (size == 0 || !text) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (number_parse((const char *)data, size, &number)) { /* whose end the sanitizer sees */
        expected = strtod(text, &end);
        if (end != text + size || memcmp(&number, &expected, sizeof(number)) != 0)
            abort();
    }
    free(text);
    return 0;
}
