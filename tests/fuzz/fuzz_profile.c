/* tests/fuzz/fuzz_profile.c - what profile_decode takes comes out as the same bytes, and can be
 * merged and compared, whatever stands in it. */
#include "drift/compare.h"
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const numeric[] = {"ks", "jensen_shannon", "psi", "wasserstein",
                                          "total_variation"};
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    _cleanup_(profile_free_ptr) struct profile *again = NULL;
    _cleanup_(buffer_clear) struct buffer bytes = {0}, twice = {0};
    if (profile_decode(data, size, &profile, &err))
        return 0;
    profile_encode(profile, &bytes);
    if (profile_decode(bytes.data, bytes.length, &again, &err))
        abort();
    profile_encode(again, &twice);
    if (bytes.length != twice.length || memcmp(bytes.data, twice.data, bytes.length) != 0)
        abort();
    if (profile_merge(again, profile, &err))
        abort();
    for (size_t i = 0; i < ARRAY_LENGTH(numeric); i++) {
        struct mlops_drift_report report = {0};
        struct compare_options options = {.numeric_method = numeric[i]};
        if (profiles_compare(profile, again, &options, &report, &err))
            abort();
        for (size_t j = 0; j < report.column_count; j++)
            if (isnan(report.columns[j].statistic) || !isfinite(report.columns[j].threshold))
                abort();
        mlops_drift_report_clear(&report);
    }
    return 0;
}
