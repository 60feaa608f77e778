/*
 * lib/trust/npy.h - numpy's array files: a header in a Python literal, which numpy evaluates and we
 * parse strictly, and the array's bytes, or a pickle where its items are objects.
 * Source: numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
 */
#ifndef TRUST_NPY_H
#define TRUST_NPY_H
#include "trust/finding.h"
#include "trust/source.h"

#define NPY_HEADER_MAX 65536 /* bytes; numpy itself warns above 10,000 */
#define NPY_DIMENSIONS_MAX 64
#define NPY_DEPTH_MAX 32 /* of nested structures in the description */

struct npy_header {
    uint64_t data_offset;
    uint64_t items;      /* the product of the shape */
    uint64_t item_width; /* bytes; 0 for arrays of objects */
    bool objects;        /* somewhere in the description: a pickle follows */
    bool fortran_order;
    unsigned dimensions;
};

bool npy_begins(const uint8_t *head, size_t length);

/* Parse the text of a header, `length` bytes. False where numpy would refuse it or would not have
 * written it; `*why` says why. */
bool npy_parse_header(const char *text, size_t length, struct npy_header *header, const char **why);

/* Scan an .npy file. Errors: those of the source. */
int npy_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err);

#endif
