/*
 * tests/fuzz/fuzz_scan.c - no bytes break the whole engine: every format, whatever claims them, and
 * what it unpacks. What is called safe stays so under the same name in every role.
 */
#include "trust/run.h"

/* Little, so that a bomb ends soon. */
static const struct scan_limits limits = {
    .depth = 4, .members = 200, .unpacked_bytes = 8u << 20, .ratio = 100};

static enum verdict scan(const uint8_t *data, size_t size, enum scan_role role)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan run = {.limits = limits};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    const struct scan_file file = {.scan = &run,
                                   .source = source,
                                   .path = "m",
                                   .name = "m",
                                   .role = role,
                                   .findings = &findings};
    enum verdict worst = VERDICT_SAFE;
    if (scan_file(&file, &err))
        abort(); /* memory does not fail */
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].rule->verdict > worst)
            worst = findings.items[i].rule->verdict;
    if (!findings.overflow && worst != findings.verdict)
        abort();
    worst = findings.verdict;
    findings_clear(&findings);
    return worst;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum verdict verdict = scan(data, size, SCAN_ARTIFACT);
    if (scan(data, size, SCAN_ARTIFACT) != verdict) /* nothing is kept between two */
        abort();
    /* an artifact is judged as severely as anything */
    if (verdict == VERDICT_SAFE && scan(data, size, SCAN_DATA) != VERDICT_SAFE)
        abort();
    return 0;
}
