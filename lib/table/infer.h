/* lib/table/infer.h - what type is a cell, and what type is a column of such cells? */
#ifndef TABLE_INFER_H
#define TABLE_INFER_H
#include "table/table.h"

/* Read a cell as a type: `*number` for bool, integer and float, `*time_ns` for time. False where it
 * does not fit. A numeric column takes any number: "3.5" among integers is one. */
bool cell_convert(struct text_view cell, enum column_type type, double *number, int64_t *time_ns);

/* The narrowest type that fits `count` cells: bool, integer, float, time, else category or text.
 * Text is where more than half of at least 20 cells differ, or cells are longer than 64 bytes on
 * average. A column without values is a category. */
enum column_type infer_type(const struct text_view *cells, size_t stride, size_t count);

#endif
