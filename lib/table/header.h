/* lib/table/header.h - what the columns of a file are called, and which are wanted. */
#ifndef TABLE_HEADER_H
#define TABLE_HEADER_H
#include "table/table.h"

static inline struct text_view name_view(const char *name)
{
    return (struct text_view){name, (uint32_t)strlen(name)};
}

/* Zeroed is empty. */
struct header {
    size_t width;               /* columns of the file */
    struct table_schema schema; /* the columns that are read; the type where it is given */
    size_t *places;             /* which column of the file each is */
    bool *given;                /* was its type expected by the caller? */
    char **unread;              /* names of the columns that are not read */
    size_t unread_count;
};
void header_clear(struct header *header);

/*
 * Take the names that stand on `line` of the file `name`. `layout`: the columns of the first file of
 * several, which this one must have too, and has read in their order, with their types; NULL: this
 * is the first. The caller clears `header`, also after an error.
 */
int header_read(const struct text_view *names, size_t count, uint64_t line, const char *name,
                const struct table_options *options, const struct table_schema *layout,
                struct header *header, struct mlops_error *err);
/* The same of a file that does not name its columns: options->names do. */
int header_give(const struct table_options *options, const char *name,
                const struct table_schema *layout, struct header *header, struct mlops_error *err);
/*
 * Name the columns of a CSV header that have no name, or the name of one to the left, as pandas
 * reads them (pandas/io/parsers, read_csv: "Unnamed: i", "X.1", "X.2"; names that stand in the
 * header are never given to others). The strings that `names` points to then, NULL-terminated, are
 * the caller's, to be freed with strings_free after the names.
 */
char **header_distinguish(struct text_view *names, size_t count);
/* Is each of `names` (NULL-terminated) one of `fields`, which are sorted for it? */
bool header_has_all(struct text_view *fields, size_t count, const char *const *names);

#endif
