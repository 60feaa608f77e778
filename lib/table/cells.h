/* lib/table/cells.h - rows of a piece of text, cut into cells; of no type yet. */
#ifndef TABLE_CELLS_H
#define TABLE_CELLS_H
#include "table/table.h"

#define CELL_ABSENT UINT32_MAX /* as `at`: a row too short, or an object without that name */
#define CELL_NULL (UINT32_MAX - 1) /* as `at`: the null of JSON */
#define CELL_STRING (1U << 31)     /* in `length`: a string of JSON, which is never a number */

struct cell {
    uint32_t at;     /* within the text */
    uint32_t length; /* and flags */
};

/* Zeroed is empty. */
struct cells {
    char *text;
    struct cell *cells; /* row by row, `width` each */
    uint32_t *lines;    /* on which each row begins, from 0 within the text */
    size_t width, rows, capacity;
    uint64_t line_count; /* in what was consumed */
    uint64_t ragged;     /* rows of another width, mended */
    size_t consumed;     /* bytes of whole records; less than all where one is not whole */
    uint64_t bad_line;   /* of an error */
};
void cells_clear(struct cells *cells);
/* Begin anew on other text. */
void cells_begin(struct cells *cells, char *text, size_t width);
/* Room for one more row, whose cells are returned; it counts once `rows` is raised. */
struct cell *cells_row(struct cells *cells, uint32_t line);

static inline struct text_view cell_text(const struct cells *cells, const struct cell *cell)
{
    return (struct text_view){cells->text + cell->at, cell->length & ~CELL_STRING};
}

#endif
