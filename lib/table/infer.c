/* lib/table/infer.c - types of cells and columns. */
#include "table/infer.h"
#include "base/clock.h"
#include "base/number.h"
#include "table/missing.h"
#include <math.h>

static bool equals(struct text_view cell, const char *word)
{
    return strlen(word) == cell.length && memcmp(cell.data, word, cell.length) == 0;
}

static bool read_bool(struct text_view cell, double *number)
{
    static const char *const words[] = {"false", "False", "FALSE", "true", "True", "TRUE"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (equals(cell, words[i])) {
            *number = i >= 3;
            return true;
        }
    return false;
}

bool cell_convert(struct text_view cell, enum column_type type, double *number, int64_t *time_ns)
{
    switch (type) {
    case COLUMN_BOOL:
        return read_bool(cell, number) ||
               (number_parse(cell.data, cell.length, number) && (*number == 0 || *number == 1));
    case COLUMN_INTEGER:
    case COLUMN_FLOAT:
        return number_parse(cell.data, cell.length, number);
    case COLUMN_TIME:
        return clock_parse(cell.data, cell.length, time_ns);
    case COLUMN_CATEGORY:
    case COLUMN_TEXT:
        return true;
    }
    return false;
}

static bool is_integer(struct text_view cell)
{
    size_t at = cell.data[0] == '-' || cell.data[0] == '+';
    if (at == cell.length || cell.length - at > 18)
        return false;
    for (; at < cell.length; at++)
        if (cell.data[at] < '0' || cell.data[at] > '9')
            return false;
    return true;
}

static int compare_cells(const void *a, const void *b)
{
    const struct text_view *left = *(const struct text_view *const *)a;
    const struct text_view *right = *(const struct text_view *const *)b;
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    return memcmp(left->data, right->data, left->length);
}

static enum column_type category_or_text(const struct text_view **cells, size_t count)
{
    size_t distinct = count > 0, bytes = 0;
    qsort(cells, count, sizeof(const struct text_view *), compare_cells);
    for (size_t i = 0; i < count; i++) {
        bytes += cells[i]->length;
        distinct += i > 0 && compare_cells(&cells[i - 1], &cells[i]) != 0;
    }
    bool differing = count >= 20 && distinct * 2 > count;
    return differing || bytes > count * 64 ? COLUMN_TEXT : COLUMN_CATEGORY;
}

enum column_type infer_type(const struct text_view *cells, size_t stride, size_t count)
{
    bool may_bool = true, may_integer = true, may_float = true, may_time = true;
    const struct text_view **present = xcalloc(count, sizeof(*present));
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct text_view cell = cells[i * stride];
        double number;
        int64_t time_ns;
        if (cell_missing(cell))
            continue;
        present[found++] = &cells[i * stride];
        may_bool = may_bool && read_bool(cell, &number);
        may_integer = may_integer && is_integer(cell);
        may_float = may_float && number_parse(cell.data, cell.length, &number);
        may_time = may_time && clock_parse(cell.data, cell.length, &time_ns);
    }
    enum column_type type;
    if (found == 0)
        type = COLUMN_CATEGORY;
    else if (may_bool)
        type = COLUMN_BOOL;
    else if (may_integer)
        type = COLUMN_INTEGER;
    else if (may_float)
        type = COLUMN_FLOAT;
    else if (may_time)
        type = COLUMN_TIME;
    else
        type = category_or_text(present, found);
    free(present);
    return type;
}
