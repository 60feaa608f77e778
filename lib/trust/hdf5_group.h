/*
 * lib/trust/hdf5_group.h - how groups list what is in them: a tree of names over a heap, as HDF5
 * has it by default, or messages of their own.
 */
#ifndef TRUST_HDF5_GROUP_H
#define TRUST_HDF5_GROUP_H
#include "trust/hdf5_file.h"

/* Walk the table of names (sections III.A.1, III.B, III.D) and note the objects that it leads
 * to. */
void hdf5_walk_group(struct hdf5 *hdf5, uint64_t tree, uint64_t heap);

/* A link that stands as a message in the group's header (section IV.A.2.g), read from `address`. */
void hdf5_take_link(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address);

#endif
