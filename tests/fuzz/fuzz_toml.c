/* tests/fuzz/fuzz_toml.c - no bytes break toml_parse; what it takes, it takes again. */
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    if (toml_parse((const char *)data, size, "input", &root, &err) == 0)
        for (size_t i = 0; i < root->count; i++)
            if (toml_get(root, root->items[i]->key) != root->items[i])
                abort(); /* a key stands once */
    return 0;
}
