/* lib/bundle/values.h - parameter and metric files: YAML or JSON into the manifest. */
#ifndef BUNDLE_VALUES_H
#define BUNDLE_VALUES_H
#include "base/util.h"
#include <cjson/cJSON.h>

/* Read `path` below `root`, a map, as JSON; the caller owns `*json`. `what` is "params" or
 * "metrics". Errors: MLOPS_INVALID not a map, or not readable; MLOPS_NOT_FOUND. */
int values_read(const char *root, const char *path, const char *what, cJSON **json,
                struct mlops_error *err);

#endif
