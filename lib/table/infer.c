/* lib/table/infer.c - types of cells and columns. */
#include "table/infer.h"
#include "base/clock.h"
#include "base/number.h"
#include "table/missing.h"
#include <math.h>

#define EPOCH_FROM 946684800.0 /* 2000-01-01 */
#define EPOCH_TO 4102444800.0  /* 2100-01-01 */

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

/* Whole numbers exactly, others to the microsecond that a double has. */
static bool read_epoch(struct text_view cell, int64_t *time_ns)
{
    static const struct {
        double from; /* magnitude */
        int64_t unit_ns;
    } units[] = {{1e17, 1}, {1e14, 1000}, {1e11, 1000000}, {1e8, 1000000000}};
    double number;
    if (!number_parse(cell.data, cell.length, &number) ||
        !(fabs(number) >= 1e8 && fabs(number) < 9.2e18)) /* below it is 1973, or no time at all */
        return false;
    size_t unit = 0;
    while (fabs(number) < units[unit].from)
        unit++;
    int64_t whole = (int64_t)number, of_unit = units[unit].unit_ns;
    if (of_unit == 1 && cell.length < 20) { /* more digits than a double has */
        char copy[20] = {0};
        memcpy(copy, cell.data, cell.length);
        whole = strtoll(copy, NULL, 10);
    }
    double rest = of_unit > 1 ? (number - (double)whole) * (double)of_unit : 0;
    return !__builtin_mul_overflow(whole, of_unit, time_ns) &&
           !__builtin_add_overflow(*time_ns, (int64_t)rest, time_ns);
}

bool cell_convert(struct text_view cell, enum column_type type, double *number, int64_t *time_ns)
{
    cell = cell_trimmed(cell);
    switch (type) {
    case COLUMN_BOOL:
        return read_bool(cell, number) ||
               (number_parse(cell.data, cell.length, number) && (*number == 0 || *number == 1));
    case COLUMN_INTEGER:
    case COLUMN_FLOAT:
        return number_parse(cell.data, cell.length, number);
    case COLUMN_TIME:
        return clock_parse(cell.data, cell.length, time_ns) || read_epoch(cell, time_ns);
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

static enum column_type infer(const struct text_view *cells, size_t stride, size_t count,
                              bool may_number)
{
    bool may_bool = may_number, may_integer = may_number, may_float = may_number, may_time = true;
    const struct text_view **present = xcalloc(count, sizeof(*present));
    size_t found = 0, telling = 0;
    for (size_t i = 0; i < count; i++) {
        struct text_view cell = cells[i * stride];
        double number;
        int64_t time_ns;
        if (cell_missing(cell))
            continue;
        present[found++] = &cells[i * stride];
        cell = cell_trimmed(cell);
        if (cell_missing(cell)) /* which it is not where texts are */
            continue;
        telling++;
        may_bool = may_bool && read_bool(cell, &number);
        may_integer = may_integer && is_integer(cell);
        may_float = may_float && number_parse(cell.data, cell.length, &number);
        may_time = may_time && clock_parse(cell.data, cell.length, &time_ns);
    }
    enum column_type type;
    if (found == 0)
        type = COLUMN_CATEGORY;
    else if (telling == 0)
        type = category_or_text(present, found);
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

enum column_type infer_type(const struct text_view *cells, size_t stride, size_t count)
{
    return infer(cells, stride, count, true);
}

enum column_type infer_text_type(const struct text_view *cells, size_t stride, size_t count)
{
    return infer(cells, stride, count, false);
}

static bool names_a_time(const char *name)
{
    static const char *const words[] = {"ts", "time", "timestamp", "date", "datetime"};
    static const char *const ends[] = {"_at", "_ts", "_time", "_timestamp", "_date"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcasecmp(name, words[i]) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (str_ends(name, ends[i]))
            return true;
    return false;
}

bool infer_epoch(const char *name, const struct text_view *cells, size_t stride, size_t count)
{
    bool seconds = true, milliseconds = true;
    if (!names_a_time(name))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct text_view cell = cells[i * stride];
        double number = 0;
        cell = cell_trimmed(cell);
        if (cell_missing(cell))
            continue;
        (void)number_parse(cell.data, cell.length, &number); /* 0 is no such time either */
        seconds = seconds && number >= EPOCH_FROM && number < EPOCH_TO;
        milliseconds = milliseconds && number >= EPOCH_FROM * 1000 && number < EPOCH_TO * 1000;
    }
    return seconds || milliseconds;
}
