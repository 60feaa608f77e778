/*
 * lib/table/csv.h - a stream of CSV records: RFC 4180, and the line ends and byte-order marks that
 * people really have. It knows fields, not types.
 */
#ifndef TABLE_CSV_H
#define TABLE_CSV_H
#include "table/table.h"

#define CSV_RECORD_MAX (64U << 20) /* bytes of one record */
#define CSV_FIELDS_MAX 65536

struct csv;

struct csv_record {
    const struct text_view *fields; /* unquoted; valid until the next record */
    size_t count;
    uint64_t line; /* on which it begins, from 1 */
};

/* `name` is used in messages; `fd` is borrowed. `separator` 0: found out from the first record. */
struct csv *csv_new(int fd, const char *name, char separator);
void csv_free(struct csv *csv);
DEFINE_CLEANUP(struct csv, csv_free)

/* The next record; `*more` false after the last. Blank lines are passed over, but count as lines.
 * Errors: MLOPS_INVALID a quote that is not closed or stands in the wrong place, a record or a
 * number of fields over the limits; MLOPS_IO. */
int csv_next(struct csv *csv, struct csv_record *record, bool *more, struct mlops_error *err);

#endif
