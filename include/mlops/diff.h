/* include/mlops/diff.h - what differs between two versions. */
#ifndef MLOPS_DIFF_H
#define MLOPS_DIFF_H
#include <mlops/registry.h>
MLOPS_BEGIN

/*
 * Compare version `to` with version `from`: parameters, metrics, data (schema, rows, drift of the
 * profiles), and files, those of text line by line. `*json` becomes one JSON document, which the
 * command's help describes; the caller frees it with free().
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_diff(struct mlops_registry *registry, const char *from, const char *to,
                         char **json, struct mlops_error *err);

MLOPS_END
#endif
