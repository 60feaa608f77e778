/* lib/table/infer.h - what type is a cell, and what type is a column of such cells? */
#ifndef TABLE_INFER_H
#define TABLE_INFER_H
#include "table/table.h"

/* Read a cell as a type: `*number` for bool, integer and float, `*time_ns` for time. False where it
 * does not fit. A numeric column takes any number: "3.5" among integers is one. A time may be a
 * number: seconds since the epoch from 10^8 on, from 10^11 on milliseconds, from 10^14 on microseconds, from
 * 10^17 on nanoseconds. */
bool cell_convert(struct text_view cell, enum column_type type, double *number, int64_t *time_ns);

/* The narrowest type that fits `count` cells: bool, integer, float, time, else category or text.
 * Text is where more than half of at least 20 cells differ, or cells are longer than 64 bytes on
 * average. A column without values is a category. */
enum column_type infer_type(const struct text_view *cells, size_t stride, size_t count);

/* The same for cells that are no numbers, whatever they look like: time, category or text. */
enum column_type infer_text_type(const struct text_view *cells, size_t stride, size_t count);

/* Are whole numbers times? Where the column's name says so (ts, time, timestamp, date, …_at, …_ts,
 * …_time) and all of them are seconds or milliseconds of the years 2000 to 2100. */
bool infer_epoch(const char *name, const struct text_view *cells, size_t stride, size_t count);

#endif
