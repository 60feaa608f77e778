/*
 * lib/table/csv.h - CSV text cut into rows of cells: RFC 4180, and the line ends, separators and
 * comments that people really have. It knows cells, not types.
 */
#ifndef TABLE_CSV_H
#define TABLE_CSV_H
#include "table/cells.h"
#include "table/structure.h"

#define CSV_RECORD_MAX (64U << 20) /* bytes of one record */
#define CSV_FIELDS_MAX 65536

struct csv_dialect {
    char separator;
    char comment; /* a line that begins with it is passed over; '\0': there are none */
    enum table_ragged ragged;
    structure_finder finder;
};

/*
 * Cut `length` bytes of cells->text, which begin at a record, into rows of cells->width cells; of a
 * width of 0 only the first record, whose number of cells becomes the width. Blank lines are passed
 * over, but count as lines. `last`: the text ends there; otherwise a record that is not whole is
 * left, and cells->consumed says where it begins. Errors, with cells->bad_line: MLOPS_INVALID a
 * quote that is not closed or stands in the wrong place, a carriage return alone, a row of another
 * width (TABLE_RAGGED_REFUSE).
 */
int csv_cut(const struct csv_dialect *dialect, size_t length, bool last, struct cells *cells,
            struct mlops_error *err);

/* Can text be cut by these, each 0 where it is not given? Errors: MLOPS_INVALID one is a quote or
 * ends a line, or both are the same. */
int csv_check(char separator, char comment, struct mlops_error *err);

/* Which of , ; tab | the first record has most of, blank lines and those that begin with `comment`
 * (0: none do) passed over; ',' where it has none. */
char csv_separator(const char *text, size_t length, char comment);

/* How many bytes of whole records there are, as the quotes tell: 0 where there is no end of a
 * record. A quote that stands within a plain field may mislead it; csv_cut then leaves more. */
size_t csv_whole(const char *text, size_t length);

#endif
