/*
 * lib/report/lineage_text.c - a lineage as lines of text and as a graph for Graphviz.
 *
 * In text every version has a line with a '*' in its column; a column goes on down to each version
 * that it was made from. Columns part below a version of several parents ("|-.") and join above one
 * of several children ("|-'").
 */
#include "base/buffer.h"
#include "base/escape.h"
#include "base/path.h"
#include <mlops/lineage.h>
#include <mlops/text.h>

#define DIGEST_SHOWN 19 /* "sha256:" and 12 digits */
#define FREE SIZE_MAX

/* What each column waits for: a place in the list, or FREE. */
struct columns {
    size_t *awaited;
    size_t count, capacity;
};

static size_t take_column(struct columns *columns, size_t node)
{
    size_t at = 0;
    while (at < columns->count && columns->awaited[at] != FREE)
        at++;
    if (at == columns->count) {
        GROW(columns->awaited, columns->count, &columns->capacity);
        columns->count++;
    }
    columns->awaited[at] = node;
    return at;
}

/* The columns, with `mark` at `at`. */
static void draw(const struct columns *columns, size_t at, char mark, struct buffer *out)
{
    size_t used = at + 1;
    for (size_t i = used; i < columns->count; i++)
        used = columns->awaited[i] != FREE ? i + 1 : used;
    for (size_t i = 0; i < used; i++) {
        if (i > 0)
            buffer_putc(out, ' ');
        buffer_putc(out, i == at ? mark : columns->awaited[i] != FREE ? '|' : ' ');
    }
}

/* A line from column `from` to a later one, `to`, that ends there with `end`. */
static void draw_bridge(const struct columns *columns, size_t from, size_t to, char end,
                        struct buffer *out)
{
    for (size_t i = 0; i < columns->count; i++) {
        bool crossed = i > from && i <= to, used = columns->awaited[i] != FREE || i == from;
        if (i > 0)
            buffer_putc(out, crossed ? '-' : ' ');
        if (i == to)
            buffer_putc(out, end);
        else
            buffer_putc(out, used ? (crossed ? '+' : '|') : crossed ? '-' : ' ');
    }
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    buffer_putc(out, '\n');
}

static void add_name(const struct mlops_version *version, struct buffer *out)
{
    if (version->number)
        buffer_printf(out, "%s@%llu", version->model, (unsigned long long)version->number);
    else
        buffer_printf(out, "%.*s…", DIGEST_SHOWN, version->bundle);
}

static void add_plain(const char *text, struct buffer *out)
{
    _cleanup_(free_string) char *escaped = name_is_plain(text) ? NULL : escape_name(text);
    buffer_puts(out, escaped ? escaped : text);
}

static void describe(const struct mlops_lineage_node *node, struct buffer *out)
{
    char time[32];
    add_name(&node->version, out);
    if (node->version.number == 0) {
        buffer_puts(out, "  not in this registry");
        return;
    }
    for (size_t i = 0; i < node->stage_count; i++)
        buffer_printf(out, "%s%s%s", i ? ", " : "  (", node->stages[i],
                      i + 1 == node->stage_count ? ")" : "");
    mlops_time_format(node->version.created_ns, time);
    buffer_printf(out, "  %.10s", time);
    if (node->run) {
        buffer_puts(out, "  run ");
        add_plain(node->run, out);
    }
    for (size_t i = 0; i < node->data_count; i++) {
        buffer_puts(out, "  ");
        add_plain(node->data[i].name, out);
        buffer_printf(out, " %.*s…", DIGEST_SHOWN, node->data[i].digest);
    }
}

/* The line of node `index`, and those by which columns join above and part below it. */
static void draw_node(const struct mlops_lineage *lineage, size_t index, struct columns *columns,
                      struct buffer *out)
{
    const struct mlops_lineage_node *node = &lineage->nodes[index];
    size_t at = 0;
    while (at < columns->count && columns->awaited[at] != index)
        at++;
    if (at == columns->count)
        at = take_column(columns, index);
    for (size_t i = columns->count; i-- > at + 1;)
        if (columns->awaited[i] == index) {
            draw_bridge(columns, at, i, '\'', out);
            columns->awaited[i] = FREE;
        }
    draw(columns, at, '*', out);
    buffer_puts(out, "  ");
    describe(node, out);
    buffer_putc(out, '\n');
    columns->awaited[at] = node->parent_count > 0 ? node->parents[0] : FREE;
    for (size_t i = 1; i < node->parent_count; i++) {
        size_t column = take_column(columns, FREE - 1); /* taken, and not yet drawn as one */
        if (column > at)
            draw_bridge(columns, at, column, '.', out);
        else
            draw_bridge(columns, column, at, '|', out);
        columns->awaited[column] = node->parents[i];
    }
}

char *mlops_lineage_text(const struct mlops_lineage *lineage)
{
    struct columns columns = {0};
    struct buffer out = {0};
    for (size_t i = 0; i < lineage->count; i++)
        draw_node(lineage, i, &columns, &out);
    free(columns.awaited);
    return buffer_steal(&out);
}

/* ---- Graphviz -------------------------------------------------------------------------------- */

/* A quoted string of the DOT language: only the quote and the backslash mean something in it. */
static void quote(const char *text, struct buffer *out)
{
    buffer_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_putc(out, '\\');
        buffer_putc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    buffer_putc(out, '"');
}

static void dot_version(const struct mlops_lineage_node *node, struct buffer *out)
{
    _cleanup_(buffer_clear) struct buffer label = {0};
    add_name(&node->version, &label);
    for (size_t i = 0; i < node->stage_count; i++)
        buffer_printf(&label, "%s%s", i ? ", " : " in ", node->stages[i]);
    if (node->run)
        buffer_printf(&label, ", run %s", node->run);
    buffer_puts(out, "  ");
    quote(node->version.bundle, out);
    buffer_puts(out, " [shape=box, label=");
    quote(label.data, out);
    buffer_puts(out, node->version.number == 0 ? ", style=dashed];\n"
                     : node->stage_count > 0   ? ", style=bold];\n"
                                               : "];\n");
}

/* A data snapshot is one node, by its content, whatever versions call it. */
static void dot_data(const struct mlops_lineage *lineage, size_t index, struct buffer *out)
{
    const struct mlops_lineage_node *node = &lineage->nodes[index];
    for (size_t i = 0; i < node->data_count; i++) {
        const struct mlops_lineage_data *data = &node->data[i];
        _cleanup_(free_string) char *name = xprintf("data %s", data->digest);
        _cleanup_(free_string) char *label =
            xprintf("%s %.*s", data->name, DIGEST_SHOWN, data->digest);
        buffer_puts(out, "  ");
        quote(name, out);
        buffer_puts(out, " [shape=cylinder, label=");
        quote(label, out);
        buffer_puts(out, "];\n  ");
        quote(name, out);
        buffer_puts(out, " -> ");
        quote(node->version.bundle, out);
        buffer_puts(out, " [style=dotted];\n");
    }
}

char *mlops_lineage_dot(const struct mlops_lineage *lineage)
{
    struct buffer out = {0};
    buffer_puts(&out, "digraph lineage {\n");
    for (size_t i = 0; i < lineage->count; i++) {
        const struct mlops_lineage_node *node = &lineage->nodes[i];
        dot_version(node, &out);
        dot_data(lineage, i, &out);
        for (size_t j = 0; j < node->parent_count; j++) {
            buffer_puts(&out, "  ");
            quote(lineage->nodes[node->parents[j]].version.bundle, &out);
            buffer_puts(&out, " -> ");
            quote(node->version.bundle, &out);
            buffer_puts(&out, ";\n");
        }
    }
    buffer_puts(&out, "}\n");
    return buffer_steal(&out);
}
