/*
 * lib/trust/hdf5_data.h - where the elements of a data set lie: in its header, in a piece, in
 * chunks, in other files; and what unpacks them.
 */
#ifndef TRUST_HDF5_DATA_H
#define TRUST_HDF5_DATA_H
#include "trust/hdf5_value.h"

/* Gathered from the messages of an object's header, which come in any order. Zeroed is none. */
struct hdf5_data {
    struct hdf5_type type;
    uint64_t elements;
    bool has_type, has_space, has_layout;
    bool packed; /* some filter changes what is stored */
    unsigned layout, dimensions;
    uint64_t address, length; /* of the piece, or of the tree of chunks */
    struct hdf5_view compact; /* the data themselves, in the header */
};

/* Section IV.A.2.i; the message was read from `address`. */
void hdf5_take_layout(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                      struct hdf5_data *data);
/* Section IV.A.2.l. */
void hdf5_take_filters(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                       struct hdf5_data *data);
/* Section IV.A.2.h: raw data in files beside this one. */
void hdf5_take_external_files(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address);

/* All messages are taken: account for the elements, and look at those that can carry a program. */
void hdf5_check_data(struct hdf5 *hdf5, const struct hdf5_data *data, uint64_t address);

#endif
