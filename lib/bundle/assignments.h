/*
 * lib/bundle/assignments.h - files of `key = value` as people write them: [sections], dotted keys,
 * # and ; comments, texts in either quotes, numbers, true and false, lists on one line. What is
 * none of these is a text as it stands. TOML proper is base/toml.h's.
 */
#ifndef BUNDLE_ASSIGNMENTS_H
#define BUNDLE_ASSIGNMENTS_H
#include "base/util.h"
#include <cjson/cJSON.h>

/* Read `length` bytes; `what` names them in messages. The caller deletes `*json`, an object; a
 * number too large for a double is infinite. Errors: MLOPS_INVALID with `what` and the line. */
int assignments_parse(const char *text, size_t length, const char *what, cJSON **json,
                      struct mlops_error *err);

/* Is it a file of that kind, by its name: .ini, .cfg, .conf, .properties, .env? */
bool assignments_name(const char *path);

/* A value as people write it on a command line, typed as YAML's core schema does: null, true,
 * false, numbers, and texts; a number too large for a double is infinite. The caller deletes the
 * result. */
cJSON *assignments_value(const char *text);

/* Put `value` at the dotted `key` below `root`, making the maps on the way; one that is there is
 * replaced where `replace` is true. Takes `value` over, also on failure.
 * Errors: MLOPS_INVALID an empty part, a value where a map must be, or it is there already. */
int assignments_put(cJSON *root, const char *key, cJSON *value, bool replace,
                    struct mlops_error *err);

#endif
