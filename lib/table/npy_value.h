/* lib/table/npy_value.h - one value out of an array of numpy's. */
#ifndef TABLE_NPY_VALUE_H
#define TABLE_NPY_VALUE_H
#include "table/npy_header.h"
#include "table/table.h"

#define NPY_SHOWN 32 /* bytes that a number takes as text */

/* Can values of that kind be read? `*why` says why not. `*type`: of the column; of texts only their
 * values tell (infer_text_type). */
bool npy_readable(const struct npy_field *field, enum column_type *type, const char **why);

/* Bytes of one value at most as text. */
size_t npy_text_max(const struct npy_field *field);

/* NaN or NaT? */
bool npy_absent(const struct npy_field *field, const uint8_t *value);
/* A number; a time (false: it is beyond what fits); any value as text, put into `memory` of
 * npy_text_max bytes, its length: times as nanoseconds since the epoch. */
double npy_number(const struct npy_field *field, const uint8_t *value);
bool npy_time(const struct npy_field *field, const uint8_t *value, int64_t *time_ns);
uint32_t npy_text(const struct npy_field *field, const uint8_t *value, char *memory);

#endif
