/* tests/fuzz/fuzz_junit.c - reports of test cases, as JUnit XML and as TAP. */
#include "trial/counts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct mlops_test_counts counts;
    (void)counts_of_junit((const char *)data, size, "junit.xml", &counts, &err);
    (void)counts_of_tap((const char *)data, size, "tap", &counts, &err);
    return 0;
}
