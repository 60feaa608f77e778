/*
 * lib/trust/hdf5.h - HDF5 files: Keras' .h5 and .weights.h5, PyTables, pandas, netCDF-4, MATLAB.
 *
 * Format: "HDF5 File Format Specification Version 3.0", superblocks 0 to 3. What `libver='latest'`
 * writes is followed as far as it needs neither fractal heaps nor version 2 trees; what needs them
 * is a finding, and the file not called safe.
 */
#ifndef TRUST_HDF5_H
#define TRUST_HDF5_H
#include "trust/scanner.h"

extern const struct scanner scanner_hdf5;

#endif
