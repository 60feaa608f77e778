/* tests/fuzz/fuzz_yaml.c - no bytes break yaml_parse or what is made of its trees. */
#include "base/json.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (yaml_parse((const char *)data, size, "input", &root, &err))
        return 0;
    _cleanup_(json_free) cJSON *json = yaml_to_json(root);
    if (json_write_canonical(json, &out, &err))
        abort();
    return 0;
}
