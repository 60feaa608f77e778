/* cmd/cli_table.c - tables: columns side by side on a terminal, the same without titles in a pipe.
 */
#include "cli.h"
#include <stdarg.h>

#define GAP 2

void cli_table_cell(struct table *table, enum style style, const char *format, ...)
{
    _cleanup_(free_string) char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->cells = cli_reallocate(table->cells, table->capacity, sizeof(*table->cells));
    }
    table->cells[table->count++] =
        (struct cell){.text = cli_clean(*text ? text : "-", false), .style = style};
}

static void measure(const struct table *table, bool titled, size_t *widths)
{
    for (size_t i = 0; titled && i < table->column_count; i++)
        widths[i] = cli_width(table->columns[i].title);
    for (size_t i = 0; i < table->count; i++) {
        size_t width = cli_width(table->cells[i].text), *widest = &widths[i % table->column_count];
        if (width > *widest)
            *widest = width;
    }
}

/* `room`: columns that are left on the line, SIZE_MAX where nothing is cut. */
static void print_cell(struct cli *cli, const struct column *column, const struct cell *cell,
                       size_t width, bool last, size_t room)
{
    _cleanup_(free_string) char *text = cli_copy(cell->text, strlen(cell->text));
    cli_cut(text, room);
    size_t own = cli_width(text);
    int blanks = width > own && room > width ? (int)(width - own) : 0;

    fprintf(cli->out, "%*s%s%s%s%*s", column->right ? blanks : 0, "", cli_on(cli, cell->style),
            text, cli_off(cli, cell->style), column->right || last ? 0 : blanks, "");
}

static void print_row(struct cli *cli, const struct table *table, const struct cell *cells,
                      const size_t *widths)
{
    size_t room = cli->out_terminal ? cli_terminal_width() : SIZE_MAX, used = strlen(table->indent);

    fputs(table->indent, cli->out);
    for (size_t i = 0; i < table->column_count && used < room; i++) {
        bool last = i + 1 == table->column_count;
        print_cell(cli, &table->columns[i], &cells[i], widths[i], last,
                   room == SIZE_MAX ? SIZE_MAX : room - used);
        used += widths[i] + GAP;
        if (!last && used < room)
            fprintf(cli->out, "%*s", GAP, "");
    }
    fputc('\n', cli->out);
}

void cli_table_print(struct cli *cli, const struct table *table)
{
    bool titled = table->titles == TITLES_ALWAYS ||
                  (table->titles == TITLES_ON_TERMINAL && cli->out_terminal);
    size_t *widths = cli_allocate(table->column_count, sizeof(*widths));
    struct cell *titles = cli_allocate(table->column_count, sizeof(*titles));

    if (table->count > 0) {
        measure(table, titled, widths);
        for (size_t i = 0; i < table->column_count; i++)
            titles[i] = (struct cell){(char *)(uintptr_t)table->columns[i].title, STYLE_DIM};
        if (titled)
            print_row(cli, table, titles, widths);
        for (size_t i = 0; i + table->column_count <= table->count; i += table->column_count)
            print_row(cli, table, &table->cells[i], widths);
    }
    free(titles);
    free(widths);
}

void cli_table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    table->cells = NULL;
    table->count = table->capacity = 0;
}
