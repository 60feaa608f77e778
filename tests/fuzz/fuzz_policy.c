/*
 * tests/fuzz/fuzz_policy.c - any bytes as a policy file, and as the canonical JSON that is kept:
 * read or refused; what was read is written and shown, and reads as the same.
 */
#include "release/policy.h"

static void write_canonical(const struct policy *policy, struct buffer *text)
{
    struct mlops_error err = {0};
    if (policy_write(policy, text, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(policy_clear) struct policy policy = {0}, again = {0}, shown = {0}, kept = {0};
    _cleanup_(buffer_clear) struct buffer first = {0}, second = {0}, yaml = {0};
    (void)policy_read((const char *)data, size, &kept, &err);
    if (policy_parse((const char *)data, size, "policy.yaml", &policy, &err)) {
        if (err.code != MLOPS_INVALID || err.message[0] == '\0')
            abort();
        return 0;
    }
    write_canonical(&policy, &first);
    if (policy_read(first.data, first.length, &again, &err))
        abort();
    policy_write_yaml(&again, &yaml);
    if (policy_parse(yaml.data, yaml.length, "shown", &shown, &err))
        abort();
    write_canonical(&shown, &second);
    if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
        abort();
    return 0;
}
