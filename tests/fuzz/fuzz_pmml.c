/* tests/fuzz/fuzz_pmml.c - no bytes break the scanner of PMML. */
#include "fuzz_scanner.h"
#include "trust/pmml.h"

FUZZ_SCANNER(scanner_pmml)
