/* tests/fuzz/fuzz_lightgbm.c - no bytes break the scanner of LightGBM models. */
#include "fuzz_scanner.h"
#include "trust/lightgbm.h"

FUZZ_SCANNER(scanner_lightgbm)
