/* tests/fuzz/fuzz_rds.c - no bytes break the scanner of R's data. */
#include "trust/rds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    if (rds_scan(source, "m", &findings, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
    return 0;
}
