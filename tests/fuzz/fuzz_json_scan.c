/* tests/fuzz/fuzz_json_scan.c - no bytes break the scanner of JSON, what knows its kinds, and the
 * search for words in it. */
#include "fuzz_scanner.h"
#include "trust/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_scanner(&scanner_json, "m.json", data, size);
    fuzz_scanner(&scanner_text, "m.json", data, size);
    return 0;
}
