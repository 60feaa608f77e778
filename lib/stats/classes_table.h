/* lib/stats/classes_table.h - the confusion matrix of many classes, its empty cells left out. */
#ifndef STATS_CLASSES_TABLE_H
#define STATS_CLASSES_TABLE_H
#include "stats/metrics.h"

struct class_cell {
    uint32_t label, prediction;
    uint64_t rows;
    double weight, square; /* Σw, Σw² */
};

/* Cells by label, then by prediction. */
struct classes_table {
    struct class_cell *cells;
    size_t count, capacity;
};
/* The caller clears `table`, also after an error.
 * Errors: MLOPS_INVALID a class out of bounds; MLOPS_IO not enough memory. */
int classes_table_make(const struct class_rows *rows, struct classes_table *table,
                       struct mlops_error *err);
void classes_table_clear(struct classes_table *table);

#endif
