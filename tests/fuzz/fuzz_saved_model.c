/* tests/fuzz/fuzz_saved_model.c - no bytes break the scanner of SavedModel. */
#include "fuzz_scanner.h"
#include "trust/saved_model.h"

FUZZ_SCANNER(scanner_saved_model)
