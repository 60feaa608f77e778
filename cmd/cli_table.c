/* cmd/cli_table.c - tables: columns side by side on a terminal, the same without titles in a
 * pipe. */
#include "cli.h"
#include <stdarg.h>
#include <unistd.h>

#define GAP 2
#define NARROW 24 /* columns, less than which are too few to fill with text */
#define BELOW 6   /* indent of what goes to the next line instead */

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
    /* In lines that stand alone a gap would shift what comes after it. */
    bool last = table->count % table->column_count == table->column_count - 1;
    const char *shown = *text || last || table->titles != TITLES_ON_TERMINAL ? text : "-";
    table->cells[table->count++] = (struct cell){
        .text = cli_clean(shown, false),
        .style = *text ? style : STYLE_DIM,
    };
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

static void print_cell(struct cli *cli, const struct column *column, const struct cell *cell,
                       size_t width, bool last)
{
    size_t own = cli_width(cell->text);
    int blanks = width > own ? (int)(width - own) : 0;

    fprintf(cli->out, "%*s%s%s%s%*s", column->right ? blanks : 0, "", cli_on(cli, cell->style),
            cell->text, cli_off(cli, cell->style), column->right || last ? 0 : blanks, "");
}

/* How a table comes to lie on the lines. */
struct layout {
    size_t *widths;
    size_t room; /* columns of a line; SIZE_MAX in a pipe */
    bool below;  /* the last column is too wide for the room beside the others */
};

/* Text in the last column on a terminal: filled in its place, or on lines of its own. */
static void print_filled(struct cli *cli, const struct cell *cell, size_t used,
                         const struct layout *layout)
{
    size_t indent = layout->below ? BELOW : used, length = 0;
    char *text = NULL;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        abort();
    cli_wrap(memory, cell->text, indent, layout->room);
    if (fclose(memory) != 0)
        abort();
    fprintf(cli->out, "%s%s%s%s", layout->below ? "\n" : "", cli_on(cli, cell->style),
            layout->below ? text : text + indent, cli_off(cli, cell->style));
    free(text);
}

static void print_row(struct cli *cli, const struct table *table, const struct cell *cells,
                      const struct layout *layout)
{
    size_t used = strlen(table->indent), count = table->column_count;

    fputs(table->indent, cli->out);
    while (count > 0 && !*cells[count - 1].text)
        count--;
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == table->column_count, ends = i + 1 == count;
        bool fits = layout->room == SIZE_MAX || used + cli_width(cells[i].text) <= layout->room;
        if (last && (layout->below || (!fits && strchr(cells[i].text, ' ')))) {
            print_filled(cli, &cells[i], used, layout);
            return;
        }
        /* what comes last, or last before a new line, needs no blanks after it */
        bool breaks = layout->below && i + 2 == table->column_count;
        print_cell(cli, &table->columns[i], &cells[i], layout->widths[i], ends || breaks);
        if (!ends && !breaks)
            fprintf(cli->out, "%*s", GAP, "");
        used += layout->widths[i] + GAP;
    }
    fputc('\n', cli->out);
}

static struct layout lay_out(struct cli *cli, const struct table *table, bool titled)
{
    struct layout layout = {
        .widths = cli_allocate(table->column_count, sizeof(*layout.widths)),
        .room = cli->out_terminal ? cli_terminal_width(STDOUT_FILENO) : SIZE_MAX,
    };
    size_t before = strlen(table->indent), last = table->column_count - 1;

    measure(table, titled, layout.widths);
    for (size_t i = 0; i < last; i++)
        before += layout.widths[i] + GAP;
    layout.below = layout.room != SIZE_MAX && before + layout.widths[last] > layout.room &&
                   before + NARROW > layout.room;
    /* a long word, such as a digest, is better left in its place */
    for (size_t i = last; layout.below && i < table->count; i += table->column_count)
        layout.below =
            strchr(table->cells[i].text, ' ') || cli_width(table->cells[i].text) <= NARROW;
    return layout;
}

void cli_table_print(struct cli *cli, const struct table *table)
{
    bool titled = table->titles == TITLES_ALWAYS ||
                  (table->titles == TITLES_ON_TERMINAL && cli->out_terminal);

    if (table->count == 0)
        return;
    struct layout layout = lay_out(cli, table, titled);
    struct cell *titles = cli_allocate(table->column_count, sizeof(*titles));
    for (size_t i = 0; i < table->column_count; i++)
        titles[i] = (struct cell){(char *)(uintptr_t)table->columns[i].title, STYLE_DIM};
    if (layout.below)
        titles[table->column_count - 1].text = (char *)(uintptr_t) "";
    if (titled)
        print_row(cli, table, titles, &layout);
    for (size_t i = 0; i + table->column_count <= table->count; i += table->column_count)
        print_row(cli, table, &table->cells[i], &layout);
    free(titles);
    free(layout.widths);
}

void cli_table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    table->cells = NULL;
    table->count = table->capacity = 0;
}
