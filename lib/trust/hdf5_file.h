/*
 * lib/trust/hdf5_file.h - an HDF5 file while it is followed: structures read by address, and which
 * bytes of the file they account for.
 *
 * Format: "HDF5 File Format Specification Version 3.0", The HDF Group; sections are named beside
 * what they describe.
 */
#ifndef TRUST_HDF5_FILE_H
#define TRUST_HDF5_FILE_H
#include "base/buffer.h"
#include "trust/scanner.h"

#define HDF5_STRUCTURE_MAX (64u << 20) /* bytes of one heap, header or table */
#define HDF5_OBJECTS_MAX 1000000
#define HDF5_DEPTH_MAX 32 /* of trees, and of types in types */
#define HDF5_UNDEFINED UINT64_MAX

/* The rules of all the files of hdf5_*.c; hdf5_rules.c has them. */
extern const struct rule hdf5_damaged, hdf5_truncated, hdf5_limit, hdf5_outside, hdf5_external,
    hdf5_user_link, hdf5_filter, hdf5_not_followed, hdf5_two_readings, hdf5_overlap, hdf5_hidden,
    hdf5_unexplained, hdf5_trailing, hdf5_user_block, hdf5_unpickles;

/* Structures that come in any order are parsed from memory through a view. */
struct hdf5_view {
    const uint8_t *at;
    size_t left;
    bool past; /* something was asked for that is not there; zero was given */
};

struct hdf5_range {
    uint64_t begin, end;
};

/* A group or data set still to be looked at, with what the way to it says of its table of names. */
struct hdf5_object {
    uint64_t address, tree, heap; /* tree, heap: HDF5_UNDEFINED where nothing is said */
};

struct hdf5 {
    const struct scan_file *file;
    struct mlops_error *err;
    int code; /* of the source's or the engine's error, else 0 */
    unsigned offset_size, length_size;
    unsigned leaf_k, group_k, chunk_k; /* half of how many children a node has room for */
    uint64_t base, size;               /* of the superblock in the source; of what follows it */
    struct hdf5_range *ranges;         /* accounted for */
    size_t range_count, range_capacity;
    uint64_t *seen; /* addresses of structures: open addressing, 0 is empty */
    size_t seen_count, seen_size;
    struct hdf5_object *objects;
    size_t object_count, object_capacity;
    bool stopped, unfollowed;
    struct buffer heap; /* the global heap read last, */
    uint64_t heap_address;
};

uint64_t hdf5_take(struct hdf5_view *view, unsigned bytes); /* little endian, up to 8 */
/* NULL where fewer are left. */
const uint8_t *hdf5_take_bytes(struct hdf5_view *view, uint64_t length);
/* An address; HDF5_UNDEFINED where all its bits are set, whatever its width. */
uint64_t hdf5_take_address(const struct hdf5 *hdf5, struct hdf5_view *view);
uint64_t hdf5_take_length(const struct hdf5 *hdf5, struct hdf5_view *view);
/* A part of the view as a view of its own, taken from it. */
struct hdf5_view hdf5_take_view(struct hdf5_view *view, uint64_t length);

/* May the walk go on? No after an error, or where a limit was reached. */
bool hdf5_goes_on(const struct hdf5 *hdf5);
void hdf5_say(struct hdf5 *hdf5, const struct rule *rule, uint64_t address, const char *format, ...)
    MLOPS_PRINTF(4, 5);
/* Say once for the whole file that something is not followed. */
void hdf5_not_followed_here(struct hdf5 *hdf5, uint64_t address, const char *what);

/* True where the structure at `address` was not seen yet. */
bool hdf5_first(struct hdf5 *hdf5, uint64_t address);
/* Account for bytes; false, with a finding, where they are not in the file. */
bool hdf5_cover(struct hdf5 *hdf5, uint64_t address, uint64_t length);
/* Read bytes, accounting for none; false, with a finding or an error, where that fails. */
bool hdf5_read(struct hdf5 *hdf5, uint64_t address, uint64_t length, struct buffer *data);
/* Both, and a view of what was read. */
bool hdf5_load(struct hdf5 *hdf5, uint64_t address, uint64_t length, struct buffer *data,
               struct hdf5_view *view);
void hdf5_add_object(struct hdf5 *hdf5, struct hdf5_object object);
/* Frees what it has; `hdf5` itself is the caller's. */
void hdf5_clear(struct hdf5 *hdf5);

#endif
