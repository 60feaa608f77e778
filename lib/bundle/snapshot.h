/* lib/bundle/snapshot.h - a data set as it is packaged: read once, profiled, described. */
#ifndef BUNDLE_SNAPSHOT_H
#define BUNDLE_SNAPSHOT_H
#include "bundle/project.h"
#include <mlops/registry.h>

struct store_writer;

/* Add what is known of data that nobody read: an empty profile into the store, and what the project
 * file says of it. The caller owns `*json`. */
int snapshot_declare(struct store_writer *writer, const struct project_data *data, cJSON **json,
                     struct mlops_error *err);

/* What the project file says of a data set, and where its files are. */
struct snapshot_source {
    const struct project_data *data;
    const char *const *files;
    size_t count;
    const char *root; /* the folder that they are partitions of; NULL: it is one file */
};

/*
 * Read the table of `source`, which is that of its files one after the other, in one pass, add its
 * profile to the store, and give what the manifest says of it: path, role, target, time, the range
 * of that column, rows, columns, profile. The first file decides on columns and types; where the
 * names of folders are partitions, these are columns too. The caller
 * owns `*json`.
 * Errors: MLOPS_INVALID not a table, the target or time column is not in it, or a file has other
 * columns or what its columns cannot hold.
 */
int snapshot_describe(const struct mlops_registry *registry, struct store_writer *writer,
                      const struct snapshot_source *source, cJSON **json, struct mlops_error *err);

#endif
