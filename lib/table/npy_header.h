/*
 * lib/table/npy_header.h - the header of numpy's array files: a Python literal, which numpy evaluates
 * and we parse strictly. Both who reads the array and who scans it for code (trust/npy.h) ask here.
 * Source: numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
 */
#ifndef TABLE_NPY_HEADER_H
#define TABLE_NPY_HEADER_H
#include "base/util.h"

#define NPY_START 12         /* first bytes of a file that its readers look at */
#define NPY_HEADER_MAX 65536 /* bytes; numpy itself warns above 10,000 */
#define NPY_DIMENSIONS_MAX 64
#define NPY_DEPTH_MAX 32 /* of nested structures in the description */
#define NPY_FIELDS_MAX 65536

struct npy_header {
    uint64_t data_offset;
    uint64_t items;      /* the product of the shape */
    uint64_t item_width; /* bytes; 0 for arrays of objects */
    bool objects;        /* somewhere in the description: a pickle follows */
    bool fortran_order;
    unsigned dimensions;
    uint64_t columns; /* the last number of the shape; 0 where it has none */
};

/* A value of an item: the whole of it, or a field of a structure, at whatever depth. */
struct npy_field {
    char *name;      /* outer.inner, of an array within name.0 …; NULL: the item itself */
    uint64_t offset; /* within the item */
    uint32_t size;   /* as the description says it: characters of U, bytes of all others */
    char kind;       /* b i u f c S U V O M m ? and the letters of old */
    bool swapped;    /* big-endian */
    char unit[8];    /* of M and m: "ns", "D" … */
};

struct npy_fields {
    struct npy_field *items;
    size_t count, capacity;
};
void npy_fields_clear(struct npy_fields *fields);

bool npy_begins(const uint8_t *head, size_t length);
/* Of the first bytes: is the version one that numpy has, where does the header's text begin, and how
 * long is it? */
bool npy_version_known(const uint8_t start[NPY_START]);
uint64_t npy_prefix(const uint8_t start[NPY_START]);
uint64_t npy_header_length(const uint8_t start[NPY_START]);

/* Parse the text of a header, `length` bytes. False where numpy would refuse it or would not have
 * written it; `*why` says why. `fields`, where it is not NULL, gets the fields; the caller clears it,
 * also after an error. */
bool npy_parse_header(const char *text, size_t length, struct npy_header *header,
                      struct npy_fields *fields, const char **why);

#endif
