/* lib/table/header.h - the first record of a CSV file: what the columns are called, and which are
 * wanted. */
#ifndef TABLE_HEADER_H
#define TABLE_HEADER_H
#include "table/csv.h"

/* Zeroed is empty. */
struct header {
    size_t width;               /* fields of a record */
    struct table_schema schema; /* the columns that are read; the type where it is given */
    size_t *places;             /* which field of a record each is */
    bool *given;                /* was its type expected by the caller? */
    char **unread;              /* names of the columns that are not read */
    size_t unread_count;
};
void header_clear(struct header *header);

/* `name` is that of the file. The caller clears `header`, also after an error. */
int header_read(const struct csv_record *record, const char *name,
                const struct table_options *options, struct header *header,
                struct mlops_error *err);

#endif
