/* lib/stats/paired_bootstrap.c - pairs drawn anew, a thousand times. */
#include "stats/paired_bootstrap.h"
#include "base/pool.h"
#include "stats/metrics.h"
#include "stats/random.h"
#include <math.h>

struct drawing {
    const struct paired_bootstrap *bootstrap;
    const struct half_tables *tables;
    size_t *order;        /* rows, those of a stratum beside one another */
    size_t *from, *drawn; /* of each stratum, and one behind: where it begins; how many are drawn */
    size_t count;         /* drawn in all */
    size_t replicates;
    double *values; /* [value][replicate] */
};

static void drawing_clear(struct drawing *drawing)
{
    free(drawing->order);
    free(drawing->from);
    free(drawing->drawn);
    free(drawing->values);
}

static uint32_t stratum_of(const struct paired_bootstrap *bootstrap, size_t row)
{
    return bootstrap->strata ? bootstrap->strata[row] : 0;
}

/* Counting sort. */
static int sort_strata(struct drawing *drawing, uint32_t strata, struct mlops_error *err)
{
    const struct paired_bootstrap *bootstrap = drawing->bootstrap;
    drawing->order = reallocarray(NULL, bootstrap->rows, sizeof(*drawing->order));
    if (!drawing->order)
        return mlops_fail(err, MLOPS_IO, "not enough memory to draw from %zu rows",
                          bootstrap->rows);
    drawing->from = xcalloc((size_t)strata + 2, sizeof(*drawing->from));
    for (size_t row = 0; row < bootstrap->rows; row++)
        drawing->from[stratum_of(bootstrap, row) + 2]++;
    for (uint32_t i = 0; i < strata; i++)
        drawing->from[i + 2] += drawing->from[i + 1];
    for (size_t row = 0; row < bootstrap->rows; row++)
        drawing->order[drawing->from[stratum_of(bootstrap, row) + 1]++] = row;
    return MLOPS_OK;
}

static size_t stratum_rows(const struct drawing *drawing, uint32_t stratum)
{
    return drawing->from[stratum + 1] - drawing->from[stratum];
}

/* The same share of each, which leaves none with too few. */
static void share_out(struct drawing *drawing, uint32_t strata)
{
    double rows = (double)drawing->bootstrap->rows, share = fmin(PAIRED_ROWS_MAX / rows, 1);
    double most = fmin(PAIRED_ROWS_LIMIT / rows, 1);
    drawing->drawn = xcalloc((size_t)strata + 1, sizeof(*drawing->drawn));
    for (uint32_t i = 0; i < strata; i++)
        if (stratum_rows(drawing, i) > 0)
            share =
                fmax(share, fmin(PAIRED_STRATUM_LEAST / (double)stratum_rows(drawing, i), most));
    for (uint32_t i = 0; i < strata; i++) {
        drawing->drawn[i] = (size_t)ceil((double)stratum_rows(drawing, i) * share);
        drawing->count += drawing->drawn[i];
    }
}

static int draw(void *context, size_t replicate, size_t worker, struct mlops_error *err)
{
    const struct drawing *drawing = context;
    const struct paired_bootstrap *bootstrap = drawing->bootstrap;
    uint32_t strata = bootstrap->strata ? bootstrap->stratum_count : 1;
    size_t *rows = xcalloc(drawing->count, sizeof(*rows)), at = 0;
    double *differences = xcalloc(bootstrap->values, sizeof(*differences));
    struct random random;
    (void)worker;
    random_init(&random, bootstrap->seed, replicate, drawing->tables);
    for (uint32_t i = 0; i < strata; i++)
        for (size_t j = 0; j < drawing->drawn[i]; j++)
            rows[at++] =
                drawing->order[drawing->from[i] + random_below(&random, stratum_rows(drawing, i))];
    int code = bootstrap->measure(bootstrap->context, rows, at, differences, err);
    for (size_t i = 0; code == MLOPS_OK && i < bootstrap->values; i++)
        drawing->values[i * drawing->replicates + replicate] = differences[i];
    free(rows);
    free(differences);
    return code;
}

int paired_bootstrap(const struct paired_bootstrap *bootstrap, struct interval *intervals,
                     struct mlops_error *err)
{
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    _cleanup_(drawing_clear) struct drawing drawing = {
        .bootstrap = bootstrap,
        .tables = tables,
        .replicates = bootstrap->replicates ? bootstrap->replicates : METRIC_REPLICATES};
    uint32_t strata = bootstrap->strata ? bootstrap->stratum_count : 1;
    for (size_t i = 0; i < bootstrap->values; i++)
        intervals[i] = interval_none();
    if (bootstrap->rows == 0)
        return MLOPS_OK;
    TRY(sort_strata(&drawing, strata, err));
    share_out(&drawing, strata);
    drawing.values = xcalloc(bootstrap->values * drawing.replicates, sizeof(*drawing.values));
    TRY(pool_run(drawing.replicates, draw, &drawing, err));
    double scale = sqrt((double)drawing.count / (double)bootstrap->rows);
    for (size_t i = 0; i < bootstrap->values; i++)
        if (!isnan(bootstrap->point[i]))
            intervals[i] =
                interval_percentile(drawing.values + i * drawing.replicates, drawing.replicates,
                                    bootstrap->point[i], 0, scale, bootstrap->confidence);
    return MLOPS_OK;
}
