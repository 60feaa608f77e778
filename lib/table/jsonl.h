/*
 * lib/table/jsonl.h - JSON Lines (jsonlines.org) cut into rows of cells: an object a line. Members
 * of objects within are called by the names on the way, joined by dots; arrays are texts as they
 * stand. Made for speed: it takes what every JSON parser takes, and says what is no JSON, but does
 * not hold numbers against the grammar before they are read as such.
 */
#ifndef TABLE_JSONL_H
#define TABLE_JSONL_H
#include "table/cells.h"

#define JSONL_DEPTH_MAX 64
#define JSONL_KEYS_MAX 65536

struct jsonl_keys;

struct jsonl_keys *jsonl_keys_new(void);
void jsonl_keys_free(struct jsonl_keys *keys);
DEFINE_CLEANUP(struct jsonl_keys, jsonl_keys_free)
size_t jsonl_keys_count(const struct jsonl_keys *keys);
struct text_view jsonl_key(const struct jsonl_keys *keys, size_t i);

/* Learn the names of the members in `text`, whole lines of it, at most `lines`, in the order in
 * which they come first. Errors as jsonl_cut. */
int jsonl_learn(struct jsonl_keys *keys, const char *text, size_t length, size_t lines,
                struct cells *cells, struct mlops_error *err);

/*
 * Cut whole lines into rows of one cell a key. What has a name that was not learnt is passed over.
 * Thread-safe as long as no thread learns.
 * Errors, with cells->bad_line: MLOPS_INVALID not an object of JSON.
 */
int jsonl_cut(const struct jsonl_keys *keys, size_t length, struct cells *cells,
              struct mlops_error *err);

#endif
