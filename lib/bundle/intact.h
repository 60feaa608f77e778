/*
 * lib/bundle/intact.h - a folder held against a manifest, every byte of it read.
 */
#ifndef BUNDLE_INTACT_H
#define BUNDLE_INTACT_H
#include "bundle/manifest.h"

/*
 * Is `directory` what `manifest` says: every file with its bytes and permissions, every link and
 * folder, and nothing else? Read on all cores. `*why` is NULL where it is, else says what is not
 * (one line, of the first place in the order of the manifest); the caller frees it.
 * Errors: MLOPS_CANCELLED; a file that cannot be read is one that is not as it should be.
 */
int intact_check(const char *directory, const struct manifest *manifest,
                 const struct mlops_observer *observer, char **why, struct mlops_error *err);

/*
 * How all of it looks without being read: a digest of the inode, size, mode and times of every file
 * and folder. While that is the same nobody wrote there, short of the disk itself. False: something
 * is not there.
 */
bool intact_looks(const char *directory, const struct manifest *manifest, struct digest *looks);

#endif
