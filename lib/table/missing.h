/* lib/table/missing.h - how people write that a value is missing. */
#ifndef TABLE_MISSING_H
#define TABLE_MISSING_H
#include "table/table.h"

#define MISSING_LONGEST 4 /* bytes of a word */

/* cell_missing of a cell that is no longer than the words. */
uint8_t cell_missing_short(struct text_view cell);
/* What a cell says: an enum missing_code. Words are those that pandas reads as missing, and NaT:
 * NA, N/A, NaN, nan, NULL, Null, None, n/a, <NA>, #N/A, #NA, -NaN, -nan, NaT. */
static inline uint8_t cell_missing(struct text_view cell)
{
    return cell.length > MISSING_LONGEST ? MISSING_NOT : cell_missing_short(cell);
}

/* Without the spaces and tabs around it, which mean nothing where a number, a time or a bool
 * stands. */
static inline struct text_view cell_trimmed(struct text_view cell)
{
    while (cell.length > 0 && (cell.data[0] == ' ' || cell.data[0] == '\t')) {
        cell.data++;
        cell.length--;
    }
    while (cell.length > 0 &&
           (cell.data[cell.length - 1] == ' ' || cell.data[cell.length - 1] == '\t'))
        cell.length--;
    return cell;
}

#endif
