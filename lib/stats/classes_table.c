/* lib/stats/classes_table.c - pairs of classes sorted and counted. */
#include "stats/classes_table.h"
#include "stats/radix.h"
#include "stats/sum.h"

static int check(const struct class_rows *rows, struct mlops_error *err)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->labels[i] >= rows->classes || rows->predictions[i] >= rows->classes)
            return mlops_fail(err, MLOPS_INVALID, "row %zu is of no class below %u", i + 1,
                              rows->classes);
    return MLOPS_OK;
}

static void add_cell(struct classes_table *table, const struct keyed *items, size_t count,
                     const double *weights)
{
    struct sum weight = {0}, square = {0};
    for (size_t i = 0; i < count; i++) {
        double w = weights ? weights[items[i].row] : 1;
        sum_add(&weight, w);
        sum_add(&square, w * w);
    }
    GROW(table->cells, table->count, &table->capacity);
    table->cells[table->count++] = (struct class_cell){.label = (uint32_t)(items->key >> 32),
                                                       .prediction = (uint32_t)items->key,
                                                       .rows = count,
                                                       .weight = sum_of(&weight),
                                                       .square = sum_of(&square)};
}

int classes_table_make(const struct class_rows *rows, struct classes_table *table,
                       struct mlops_error *err)
{
    *table = (struct classes_table){0};
    TRY(check(rows, err));
    struct keyed *items = reallocarray(NULL, 2 * rows->count + 1, sizeof(*items));
    if (!items)
        return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", rows->count);
    for (size_t i = 0; i < rows->count; i++)
        items[i] =
            (struct keyed){.key = (uint64_t)rows->labels[i] << 32 | rows->predictions[i], .row = i};
    radix_sort_keyed(items, items + rows->count, rows->count);
    for (size_t first = 0, end; first < rows->count; first = end) {
        for (end = first + 1; end < rows->count && items[end].key == items[first].key;)
            end++;
        add_cell(table, items + first, end - first, rows->weights);
    }
    free(items);
    return MLOPS_OK;
}

void classes_table_clear(struct classes_table *table)
{
    free(table->cells);
    *table = (struct classes_table){0};
}
