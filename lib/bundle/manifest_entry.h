/*
 * lib/bundle/manifest_entry.h - a file, link or folder in the manifest's list: one line of text of
 * which there may be a hundred thousand (docs/manifest.md).
 */
#ifndef BUNDLE_MANIFEST_ENTRY_H
#define BUNDLE_MANIFEST_ENTRY_H
#include "bundle/manifest.h"

/* Write the entry in canonical form. */
void manifest_entry_write(const struct manifest_file *file, struct buffer *out);

/* Read one. On failure `file` holds what manifest_file_clear frees. Errors: MLOPS_INTEGRITY an
 * unsafe path, or something is missing. */
int manifest_entry_read(const cJSON *json, struct manifest_file *file, struct mlops_error *err);

/*
 * Read the whole list from its text, without a tree, where all entries are what
 * manifest_entry_write writes and manifest_entry_read accepts, with no escapes in their names.
 * False where one is not: then nothing is given, and the tree tells what is wrong or unusual. The
 * caller clears the files and frees the list.
 */
bool manifest_entries_scan(const char *text, size_t length, struct manifest_file **files,
                           size_t *count);

/* MLOPS_INTEGRITY: what is wrong with the manifest, at `path` (NULL: nowhere in particular). */
int manifest_refuse(struct mlops_error *err, const char *what, const char *path);

#endif
