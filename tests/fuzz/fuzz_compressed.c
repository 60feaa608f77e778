/*
 * tests/fuzz/fuzz_compressed.c - no bytes break what unpacks streams and walks tar and cpio,
 * through the engine. 7z is left out: libarchive asks for as much memory there as the file says.
 */
#include "trust/scanner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {.limits = {.unpacked_bytes = 32 << 20, .members = 1000, .depth = 4}};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    struct scan_file file = {
        .scan = &scan, .source = source, .path = "a", .name = "a", .findings = &findings};
    if (size >= 2 && data[0] == '7' && data[1] == 'z')
        return 0;
    if (scan_file(&file, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
    return 0;
}
