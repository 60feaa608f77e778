/* lib/bundle/values.h - parameters and metrics, from files and the command line, for the
 * manifest. */
#ifndef BUNDLE_VALUES_H
#define BUNDLE_VALUES_H
#include "base/util.h"
#include <cjson/cJSON.h>

enum values_kind {
    VALUES_ANY,     /* parameters: whatever YAML and JSON can say */
    VALUES_NUMBERS, /* metrics: numbers, and maps and lists of them; null where one is undefined */
};

/* Read `path` below `root`, a map, as JSON; the caller owns `*json`. JSON where the name ends in
 * ".json", TOML where it does in ".toml", `key = value` lines where assignments_name says so, YAML
 * otherwise.
 * Errors: MLOPS_INVALID not a map, not readable, or a metric is not a number; MLOPS_NOT_FOUND. */
int values_read(const char *root, const char *path, enum values_kind kind, cJSON **json,
                struct mlops_error *err);

/* Put `given` ("key=value", NULL-terminated; may be NULL) into the map `json`: dotted keys go into
 * its maps, and what a file says is replaced. Errors: MLOPS_INVALID. */
int values_override(cJSON *json, const char *const *given, enum values_kind kind,
                    struct mlops_error *err);

#endif
