/*
 * lib/registry/query.h - conditions on versions, `metrics.auc > 0.9 and not stage = production`:
 * parsed to a tree, and judged on values that the caller looks up. docs/versions.md has the
 * grammar.
 */
#ifndef REGISTRY_QUERY_H
#define REGISTRY_QUERY_H
#include "base/util.h"
#include <mlops/catalog.h>

#define QUERY_LENGTH_MAX 65536
#define QUERY_DEPTH_MAX 100
#define QUERY_PATTERN_MAX 256
#define QUERY_COMPARISONS_MAX 1000

struct query;

/* Parse `length` bytes. The caller frees `*query`.
 * Errors: MLOPS_INVALID with the character at which it goes wrong. */
int query_parse(const char *text, size_t length, struct query **query, struct mlops_error *err);
void query_free(struct query *query);
DEFINE_CLEANUP(struct query, query_free)

/* The fields that it asks about, each once, in the order in which they stand; owned by the
 * query. */
size_t query_field_count(const struct query *query);
const char *query_field(const struct query *query, size_t index);

/* The value of the field `index` of what is judged. Texts are borrowed for the judgement. */
typedef void (*query_lookup)(void *context, size_t index, struct mlops_value *value);

/* Does the condition hold? A comparison with a value that is not there does not; a set of texts
 * (MLOPS_VALUE_SET) holds where one of them does, and `!=` where none is equal. */
bool query_judge(const struct query *query, query_lookup lookup, void *context);

/* Is `name` a field that versions have? `position` (from 1) is for the message; 0: none.
 * Errors: MLOPS_INVALID with what there is. */
int query_field_check(const char *name, size_t position, struct mlops_error *err);

#endif
