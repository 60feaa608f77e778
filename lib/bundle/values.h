/* lib/bundle/values.h - parameter and metric files: YAML or JSON into the manifest. */
#ifndef BUNDLE_VALUES_H
#define BUNDLE_VALUES_H
#include "base/util.h"
#include <cjson/cJSON.h>

enum values_kind {
    VALUES_ANY,     /* parameters: whatever YAML and JSON can say */
    VALUES_NUMBERS, /* metrics: numbers, and maps and lists of them; null where one is undefined */
};

/* Read `path` below `root`, a map, as JSON; the caller owns `*json`. JSON where the name ends in
 * ".json", YAML otherwise.
 * Errors: MLOPS_INVALID not a map, not readable, or a metric is not a number; MLOPS_NOT_FOUND. */
int values_read(const char *root, const char *path, enum values_kind kind, cJSON **json,
                struct mlops_error *err);

#endif
