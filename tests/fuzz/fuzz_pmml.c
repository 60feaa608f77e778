/* tests/fuzz/fuzz_pmml.c - no bytes break the scanner of PMML. */
#include "trust/pmml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {0};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = "m",
                             .name = "m",
                             .head = data,
                             .head_length = size < SCAN_HEAD_SIZE ? size : SCAN_HEAD_SIZE,
                             .findings = &findings};
    if (scanner_pmml.scan(&file, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
    return 0;
}
