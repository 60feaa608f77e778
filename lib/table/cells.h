/* lib/table/cells.h - rows of a piece of text, cut into cells; of no type yet. */
#ifndef TABLE_CELLS_H
#define TABLE_CELLS_H
#include "table/table.h"

#define CELL_ABSENT UINT32_MAX /* as `at`: a row too short, or an object without that name */
#define CELL_NULL (UINT32_MAX - 1) /* as `at`: the null of JSON */
#define CELL_STRING (1U << 31)     /* in `length`: a string of JSON, which is never a number */
#define CELL_UNDONE (1U << 30)     /* in `length`: `at` is within what was undone */

struct cell {
    uint32_t at;     /* within the text, or what was undone */
    uint32_t length; /* and flags */
};

/* Zeroed is empty. */
struct cells {
    const char *text;
    char *undone; /* cells as they are without the quotes or escapes that the text has */
    size_t undone_length, undone_capacity;
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
void cells_begin(struct cells *cells, const char *text, size_t width);
/* Room for one more row, whose cells are returned; it counts once `rows` is raised. */
struct cell *cells_row(struct cells *cells, uint32_t line);
/* Where the next cell that must be undone goes, one after the other, which then is
 * cells_end_undone's; there is room for all that a text of `length` bytes may have. */
char *cells_undo(struct cells *cells, size_t length);
struct cell cells_end_undone(struct cells *cells, size_t length, uint32_t flags);

static inline struct text_view cell_text(const struct cells *cells, const struct cell *cell)
{
    const char *from = cell->length & CELL_UNDONE ? cells->undone : cells->text;
    return (struct text_view){from + cell->at, cell->length & (CELL_UNDONE - 1)};
}

#endif
