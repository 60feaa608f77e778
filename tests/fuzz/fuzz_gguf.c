/* tests/fuzz/fuzz_gguf.c - no bytes break the scanner of GGUF. */
#include "fuzz_scanner.h"
#include "trust/gguf.h"

FUZZ_SCANNER(scanner_gguf)
