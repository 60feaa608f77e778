/* lib/trust/hdf5_rules.c - what can be found in HDF5 files. */
#include "trust/hdf5_file.h"

#define RULE(variable, id, ...) DEFINE_RULE(hdf5_##variable, "hdf5/" id, __VA_ARGS__)

#define SAVE_AGAIN "have it saved again by the library that made it"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "a structure is not as the format has it", SAVE_AGAIN);
RULE(truncated, "truncated", MEDIUM, UNREADABLE, "something lies beyond the end of the file",
     "fetch it again");
RULE(limit, "limit", MEDIUM, UNREADABLE, "the file is larger or deeper than is followed",
     SAVE_AGAIN);
RULE(outside, "outside-file", HIGH, UNSAFE, "data or objects are read from a path outside",
     "find out who made it; have the data stored in the file");
RULE(external, "external-file", MEDIUM, UNKNOWN, "data or objects are read from another file",
     "scan that file, too; where both are harmless, accept the finding with a reason");
RULE(user_link, "user-link", HIGH, UNSAFE, "a link is followed by code that is loaded for it",
     "find out who made it");
RULE(filter, "filter-plugin", MEDIUM, UNKNOWN, "data are unpacked by a plugin that HDF5 loads",
     SAVE_AGAIN " with gzip or without compression");
RULE(not_followed, "not-followed", LOW, UNKNOWN, "a structure of a kind that is not followed here",
     SAVE_AGAIN " with the defaults of libver and compression");
RULE(two_readings, "two-readings", HIGH, UNSAFE, "two records name different tables of one group",
     "find out who made it: readers take the one or the other");
RULE(overlap, "overlap", HIGH, UNSAFE, "structures share bytes",
     SAVE_AGAIN "; find out who made it");
RULE(hidden, "hidden", HIGH, UNSAFE, "bytes that belong to nothing are a file of their own",
     "find out who made it");
RULE(unexplained, "unexplained-bytes", LOW, UNKNOWN,
     "bytes belong to nothing, as where something was deleted", SAVE_AGAIN " into a new file");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the end that the file names",
     SAVE_AGAIN "; find out who made it");
RULE(user_block, "user-block", MEDIUM, UNKNOWN, "bytes stand before the file's own",
     SAVE_AGAIN " without a user block");
RULE(unpickles, "unpickles", MEDIUM, UNKNOWN, "PyTables unpickles the items of an array",
     "have it saved without objects");
