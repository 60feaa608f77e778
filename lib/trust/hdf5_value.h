/*
 * lib/trust/hdf5_value.h - what HDF5 files have as values: types, shapes, attributes, and the
 * global heaps in which texts and lists of any length lie.
 *
 * HDF5 itself runs nothing that it reads. Its users do: Keras builds what the attributes
 * `model_config` and `training_config` name, PyTables unpickles attributes and the items of arrays
 * of objects. So every text and every list is looked at as the file that it may be.
 */
#ifndef TRUST_HDF5_VALUE_H
#define TRUST_HDF5_VALUE_H
#include "trust/hdf5_file.h"

enum hdf5_class {
    HDF5_INTEGER = 0,
    HDF5_REAL = 1,
    HDF5_TIME = 2,
    HDF5_STRING = 3,
    HDF5_BITS = 4,
    HDF5_OPAQUE = 5,
    HDF5_COMPOUND = 6,
    HDF5_REFERENCE = 7,
    HDF5_ENUM = 8,
    HDF5_VARIABLE = 9, /* text or list in the global heap */
    HDF5_ARRAY = 10,
};

struct hdf5_type {
    unsigned class;
    uint64_t size;        /* bytes of an element where it lies */
    bool variable_inside; /* a part of the element is in the global heap */
};

/* Sections IV.A.2.d and IV.A.2.b. False where the type is none that is known. */
bool hdf5_take_type(const struct hdf5 *hdf5, struct hdf5_view *view, int depth,
                    struct hdf5_type *type);
/* How many elements; false where that is more than can be counted. */
bool hdf5_take_space(const struct hdf5 *hdf5, struct hdf5_view *view, uint64_t *elements);

/* Could a program be among the values? Texts, opaque bytes, lists of bytes. */
bool hdf5_type_carries(const struct hdf5_type *type);

/* Look at elements of a type that carries: `name` is their attribute's or data set's. */
void hdf5_check_elements(struct hdf5 *hdf5, const char *name, const struct hdf5_type *type,
                         uint64_t address, struct hdf5_view *elements);

/* Section IV.A.2.m; the message was read from `address`. */
void hdf5_take_attribute(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address);

/* The objects of the global heap at `address` are accounted for and looked at, once. Section III.E.
 * False where there is none. */
bool hdf5_check_heap(struct hdf5 *hdf5, uint64_t address);

#endif
