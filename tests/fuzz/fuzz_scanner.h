/* tests/fuzz/fuzz_scanner.h - no bytes break a scanner of trust/scanner.h: what a fuzzer of one is. */
#ifndef TESTS_FUZZ_SCANNER_H
#define TESTS_FUZZ_SCANNER_H
#include "trust/scanner.h"

/* The bytes under a name, for scanners that ask for it. */
static inline void fuzz_scanner(const struct scanner *scanner, const char *name,
                                const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {0};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = name,
                             .name = name,
                             .head = data,
                             .head_length = size < SCAN_HEAD_SIZE ? size : SCAN_HEAD_SIZE,
                             .findings = &findings};
    if (scanner->scan(&file, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
}

#define FUZZ_SCANNER(scanner)                                                                      \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        fuzz_scanner(&(scanner), "m", data, size);                                                 \
        return 0;                                                                                  \
    }

#endif
