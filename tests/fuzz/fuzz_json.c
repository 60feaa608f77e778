/* tests/fuzz/fuzz_json.c - what json_parse takes, it writes canonically and takes again, the
 * same. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = NULL, *again = NULL;
    _cleanup_(buffer_clear) struct buffer first = {0}, second = {0};
    if (json_parse((const char *)data, size, "input", &json, &err) ||
        json_write_canonical(json, &first, &err))
        return 0;
    if (json_parse(first.data, first.length, "output", &again, &err) ||
        json_write_canonical(again, &second, &err) || !str_equal(first.data, second.data))
        abort();
    return 0;
}
