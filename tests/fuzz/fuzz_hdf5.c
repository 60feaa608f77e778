/* tests/fuzz/fuzz_hdf5.c - no bytes break the scanner of HDF5. */
#include "fuzz_scanner.h"
#include "trust/hdf5.h"

FUZZ_SCANNER(scanner_hdf5)
