/* tests/fuzz/fuzz_catboost.c - no bytes break the scanner of CatBoost models. */
#include "fuzz_scanner.h"
#include "trust/catboost.h"

FUZZ_SCANNER(scanner_catboost)
