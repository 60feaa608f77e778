/* tests/fuzz/fuzz_ubjson.c - no bytes break the scanner of UBJSON. */
#include "fuzz_scanner.h"
#include "trust/ubjson.h"

FUZZ_SCANNER(scanner_ubjson)
