/*
 * lib/quality/row_keys.h - which rows of one or two tables have the same key: exactly, in memory that
 * does not grow with them. Of each row a hash of 128 bits is kept (SHA-256, cut: two keys that differ
 * meet in one of 10^20 tables of a thousand million rows, and nobody can make them) and its number;
 * what does not fit is sorted and written to a file without a name, and the parts are merged.
 */
#ifndef QUALITY_ROW_KEYS_H
#define QUALITY_ROW_KEYS_H
#include "base/hash.h"

struct row_keys;

/* `folder` is where the file is made if there must be one; `memory` bytes of keys are held. The
 * caller frees it. */
struct row_keys *row_keys_new(const char *folder, size_t memory);
void row_keys_free(struct row_keys *keys);
DEFINE_CLEANUP(struct row_keys, row_keys_free)

/* Row `row` of the table itself, or of the `other` one. Errors: MLOPS_IO. */
int row_keys_add(struct row_keys *keys, const struct digest *digest, bool other, uint64_t row,
                 struct mlops_error *err);

/* Rows with the same key. */
struct row_group {
    bool any_other; /* is the key in the other table? */
    uint64_t rows;  /* of the table itself, so far */
};

/* Call `visit` for each row of the table itself, key by key, and within a key as they stand in the
 * table. Once; nothing is added afterwards. Errors: MLOPS_IO. */
int row_keys_visit(struct row_keys *keys,
                   void (*visit)(void *context, const struct row_group *group, uint64_t row),
                   void *context, struct mlops_error *err);

#endif
