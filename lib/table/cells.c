/* lib/table/cells.c - memory for rows of cells. */
#include "table/cells.h"

void cells_clear(struct cells *cells)
{
    free(cells->cells);
    free(cells->lines);
    *cells = (struct cells){0};
}

void cells_begin(struct cells *cells, char *text, size_t width)
{
    if (cells->width != width)
        cells_clear(cells);
    cells->text = text;
    cells->width = width;
    cells->rows = cells->consumed = 0;
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
