/* tests/fuzz/fuzz_requirement.c - no text breaks the reader of demands, and what is compared with is a
 * reference. */
#include "bundle/requirement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct requirement requirement;
    _cleanup_(free_string) char *text = xstrndup((const char *)data, size);

    if (requirement_parse(text, &requirement, &err))
        return 0;
    if (requirement.kind == REQUIREMENT_BOUND)
        return 0;
    _cleanup_(free_string) char *reference = requirement_reference("fraud", requirement.ref);
    if (!strpbrk(reference, "@:") || requirement.comparison[0] || requirement.offset < 0)
        abort();
    return 0;
}
