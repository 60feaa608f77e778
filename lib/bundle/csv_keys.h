/*
 * lib/bundle/csv_keys.h - how the CSV of a snapshot is read, as the project file says by the words
 * that `profile` and `drift` have as options. Whoever opens a snapshot's table has its options from
 * here.
 */
#ifndef BUNDLE_CSV_KEYS_H
#define BUNDLE_CSV_KEYS_H
#include "base/yaml_check.h"
#include "table/table.h"

/* Zeroed is: as it is found. */
struct csv_keys {
    char separator; /* 0: found out */
    char comment;   /* 0: no line begins one */
    enum table_ragged ragged;
    char **columns; /* NULL-terminated, of CSV without a header; NULL: it has one */
};

/* As a snapshot in the project file has them. */
#define CSV_KEYS "separator", "comment", "ragged", "columns"

/* Those among the keys of a snapshot. The caller clears `keys`. Errors: MLOPS_INVALID with file,
 * line and key. */
int csv_keys_read(const struct yaml_checker *checker, const struct yaml_node *snapshot,
                  struct csv_keys *keys);
void csv_keys_clear(struct csv_keys *keys);

/* Do they say anything? */
bool csv_keys_given(const struct csv_keys *keys);

/* As they stand in a manifest; NULL where they say nothing. */
cJSON *csv_keys_to_json(const struct csv_keys *keys);
/* `json` may be NULL. False: it is nothing that csv_keys_to_json writes. */
bool csv_keys_load(const cJSON *json, struct csv_keys *keys);

/* Have the table read so. `options` borrows the names of `keys`. */
void csv_keys_apply(const struct csv_keys *keys, struct table_options *options);

#endif
