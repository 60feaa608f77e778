/*
 * lib/table/short_numbers.h - the short numbers among the cells of a column: a sign, up to sixteen
 * digits and a point among them, which is what most cells hold.
 *
 * Sixteen bytes at once where the processor has AVX2, without a branch for what a cell holds, whose
 * length nobody foresees; otherwise digit by digit, with the same bits for answer.
 */
#ifndef TABLE_SHORT_NUMBERS_H
#define TABLE_SHORT_NUMBERS_H
#include "table/cells.h"

#define SHORT_NUMBERS_LEFT UINT8_MAX /* in `missing`: this cell is to be looked at */

/*
 * One cell in `width` of `cells`, from `cell` on, `rows` of them: numbers[row] gets its value and
 * missing[row] MISSING_NOT where it is a short number; missing[row] gets SHORT_NUMBERS_LEFT where
 * it is anything else, or begins within the first bytes of the text. Returns how many were left.
 */
typedef size_t (*short_numbers_reader)(const struct cells *cells, const struct cell *cell,
                                       size_t rows, double *numbers, uint8_t *missing);

/* The fastest that this machine has; $MLOPS_SIMD=none asks for the plain one. */
short_numbers_reader short_numbers_choose(void);

/* All that this machine has, the plain one last; NULL-terminated. For tests. */
const short_numbers_reader *short_numbers_readers(void);

#endif
