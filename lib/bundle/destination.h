/*
 * lib/bundle/destination.h - the folder that a command fills, which must be new or empty.
 */
#ifndef BUNDLE_DESTINATION_H
#define BUNDLE_DESTINATION_H
#include <mlops/error.h>
#include <stdbool.h>

/* Is `directory` a folder with something in it? One that cannot be read counts as filled. */
bool destination_filled(const char *directory);

/* May `directory` be filled? `*there` says whether it is an empty folder or is yet to be made. What
 * is no folder, or has something in it, is MLOPS_INVALID with advice. */
int destination_check(const char *directory, bool *there, struct mlops_error *err);

#endif
