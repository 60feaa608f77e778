/*
 * tests/fuzz/fuzz_zip.c - no bytes break the walk through zip archives, nor what is found in them.
 * Checksums are not mended: members are scanned
 * whatever theirs say.
 */
#include "trust/scanner.h"
#include "trust/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {.limits = {.unpacked_bytes = 32 << 20, .members = 1000, .depth = 4}};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = "a.zip",
                             .name = "a.zip",
                             .head = data,
                             .head_length = size < SCAN_HEAD_SIZE ? size : SCAN_HEAD_SIZE,
                             .findings = &findings};
    if (scanner_zip.scan(&file, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
    return 0;
}
