/* tests/fuzz/fuzz_assignments.c - no bytes break the reader of `key = value` files, and what it
 * reads can be written where its numbers are finite (values.c refuses others). */
#include "base/json.h"
#include "bundle/assignments.h"
#include <math.h>

static bool is_finite(const cJSON *json)
{
    for (const cJSON *item = json->child; item; item = item->next)
        if (!is_finite(item))
            return false;
    return !cJSON_IsNumber(json) || isfinite(json->valuedouble);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    _cleanup_(buffer_clear) struct buffer out = {0};

    if (assignments_parse((const char *)data, size, "input", &json, &err))
        return 0;
    if (is_finite(json) && json_write_canonical(json, &out, &err))
        abort();
    return 0;
}
