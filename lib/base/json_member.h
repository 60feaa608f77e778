/*
 * lib/base/json_member.h - one member of a large JSON object, without building the others: a
 * manifest of 100,000 files has parameters of a few lines.
 */
#ifndef BASE_JSON_MEMBER_H
#define BASE_JSON_MEMBER_H
#include "base/util.h"
#include <cjson/cJSON.h>

/*
 * Parse the member `key` of the object that `text` is; `*json` is NULL where it has none. The
 * members before it are only skipped: for texts that were checked when they came in, such as
 * manifests out of the store. The caller deletes `*json`.
 * Errors: MLOPS_INVALID not an object, or the member is not JSON.
 */
int json_member(const char *text, size_t length, const char *key, cJSON **json,
                struct mlops_error *err);

#endif
