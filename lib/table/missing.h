/* lib/table/missing.h - how people write that a value is missing. */
#ifndef TABLE_MISSING_H
#define TABLE_MISSING_H
#include "table/table.h"

/* What a cell says: an enum missing_code. Words are those that pandas reads as missing, and NaT:
 * NA, N/A, NaN, nan, NULL, Null, None, n/a, <NA>, #N/A, #NA, -NaN, -nan, NaT. */
uint8_t cell_missing(struct text_view cell);

#endif
