/* tests/fuzz/fuzz_tf_checkpoint.c - no bytes break the scanner of indexes of checkpoints. */
#include "fuzz_scanner.h"
#include "trust/tf_checkpoint.h"

FUZZ_SCANNER(scanner_tf_checkpoint)
