/*
 * lib/trust/hdf5_header.h - the headers of objects: the messages that say what a group or a data
 * set is, has and holds.
 */
#ifndef TRUST_HDF5_HEADER_H
#define TRUST_HDF5_HEADER_H
#include "trust/hdf5_file.h"

/* Take all messages of the object (section IV.A.1), and walk what they lead to. */
void hdf5_walk_object(struct hdf5 *hdf5, const struct hdf5_object *object);

#endif
