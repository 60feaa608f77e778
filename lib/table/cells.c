/* lib/table/cells.c - memory for rows of cells. */
#include "table/cells.h"

void cells_clear(struct cells *cells)
{
    free(cells->cells);
    free(cells->lines);
    free(cells->undone);
    *cells = (struct cells){0};
}

void cells_begin(struct cells *cells, const char *text, size_t width)
{
    if (cells->width != width)
        cells_clear(cells);
    cells->text = text;
    cells->width = width;
    cells->rows = cells->consumed = cells->undone_length = 0;
    cells->line_count = cells->ragged = cells->bad_line = 0;
}

struct cell *cells_row(struct cells *cells, uint32_t line)
{
    if (cells->rows == cells->capacity) {
        cells->capacity = cells->capacity ? cells->capacity * 2 : 64;
        cells->cells =
            xrealloc(cells->cells, cells->capacity * cells->width, sizeof(*cells->cells));
        cells->lines = xrealloc(cells->lines, cells->capacity, sizeof(*cells->lines));
    }
    cells->lines[cells->rows] = line;
    return cells->cells + cells->rows * cells->width;
}

char *cells_undo(struct cells *cells, size_t length)
{
    if (cells->undone_length == 0 && cells->undone_capacity < length) {
        free(cells->undone);
        cells->undone = xmalloc(length);
        cells->undone_capacity = length;
    }
    return cells->undone + cells->undone_length;
}

struct cell cells_end_undone(struct cells *cells, size_t length, uint32_t flags)
{
    struct cell cell = {(uint32_t)cells->undone_length, (uint32_t)length | flags | CELL_UNDONE};
    cells->undone_length += length;
    return cell;
}
