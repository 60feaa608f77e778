/* tests/fuzz/fuzz_onnx.c - no bytes break the scanner of ONNX. */
#include "fuzz_scanner.h"
#include "trust/onnx.h"

FUZZ_SCANNER(scanner_onnx)
