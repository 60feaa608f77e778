/* lib/bundle/snapshot.h - a data set as it is packaged: read once, profiled, described. */
#ifndef BUNDLE_SNAPSHOT_H
#define BUNDLE_SNAPSHOT_H
#include "bundle/project.h"
#include <mlops/registry.h>

struct store_writer;

/*
 * Read the table of `data`, which stands at `file`, in one pass, add its profile to the store, and
 * give what the manifest says of it: path, role, target, time, rows, columns, profile. The caller
 * owns `*json`.
 * Errors: MLOPS_INVALID not a table, or the target or time column is not in it.
 */
int snapshot_describe(const struct mlops_registry *registry, struct store_writer *writer,
                      const char *file, const struct project_data *data, cJSON **json,
                      struct mlops_error *err);

#endif
