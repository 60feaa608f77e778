/*
 * lib/trust/npy.h - numpy's array files: a header in a Python literal, which numpy evaluates and we
 * parse strictly, and the array's bytes, or a pickle where its items are objects.
 * Source: numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
 */
#ifndef TRUST_NPY_H
#define TRUST_NPY_H
#include "table/npy_header.h"
#include "trust/finding.h"
#include "trust/source.h"

/* Scan an .npy file. Errors: those of the source. */
int npy_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err);

#endif
