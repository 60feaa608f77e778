/* lib/stats/curve_bootstrap.c - the cells of a curve drawn anew, a thousand times. */
#include "base/pool.h"
#include "stats/curve.h"
#include "stats/random.h"
#include <math.h>

static const struct {
    double least, most;
} bounds[CURVE_VALUES] = {
    [CURVE_AUC] = {0, 1},
    [CURVE_PR_AUC] = {0, 1},
    [CURVE_LOG_LOSS] = {0, HUGE_VAL},
    [CURVE_BRIER] = {0, 1},
    [CURVE_ECE] = {0, 1},
    [CURVE_KS] = {0, 1},
    [CURVE_LIFT] = {0, HUGE_VAL},
    [CURVE_RECALL_AT_FPR] = {0, 1},
    [CURVE_PRECISION_AT_FPR] = {0, 1},
    [CURVE_THRESHOLD_AT_FPR] = {-HUGE_VAL, HUGE_VAL},
};

struct bootstrap {
    const struct curve *curve;
    const struct half_tables *tables;
    uint64_t *cumulative[2];
    size_t count;
    double *replicates; /* [value][replicate] */
};

static double weigh(const struct curve_cell *cell, int label, uint64_t drawn, struct random *random)
{
    return random_weight(random, drawn, cell->rows[label], cell->weight[label],
                         cell->square[label]);
}

static int draw(void *context, size_t replicate, size_t worker, struct mlops_error *err)
{
    const struct bootstrap *bootstrap = context;
    const struct curve *curve = bootstrap->curve;
    size_t cells = curve->cell_count;
    uint64_t *counts = xcalloc(cells, sizeof(*counts));
    double *weight = xcalloc(2 * cells, sizeof(*weight)), values[CURVE_VALUES];
    bool weighted = curve->ranking->positive_weight;
    struct random random;
    (void)worker, (void)err;
    random_init(&random, curve->options->seed, replicate, bootstrap->tables);
    for (int label = 0; label < 2; label++) {
        const uint64_t *cumulative = bootstrap->cumulative[label];
        random_multinomial(&random, cumulative[cells], cumulative, cells, counts);
        for (size_t i = 0; i < cells; i++)
            weight[2 * i + (size_t)label] =
                weighted ? weigh(&curve->cells[i], label, counts[i], &random) : (double)counts[i];
    }
    curve_evaluate(curve, weight, values);
    for (size_t value = 0; value < CURVE_VALUES; value++)
        bootstrap->replicates[value * bootstrap->count + replicate] = values[value];
    free(counts);
    free(weight);
    return MLOPS_OK;
}

/* Values of cells differ a little from those of rows: the replicates are moved by as much. */
static void read_intervals(const struct bootstrap *bootstrap,
                           struct interval intervals[CURVE_VALUES])
{
    const struct curve *curve = bootstrap->curve;
    double confidence = curve->options->confidence, base[CURVE_VALUES];
    double *weight = xcalloc(2 * curve->cell_count, sizeof(*weight));
    for (size_t i = 0; i < curve->cell_count; i++)
        memcpy(weight + 2 * i, curve->cells[i].weight, sizeof(curve->cells[i].weight));
    curve_evaluate(curve, weight, base);
    free(weight);
    for (size_t value = 0; value < CURVE_VALUES; value++) {
        double point = curve->values[value];
        struct interval *interval = &intervals[value];
        *interval = interval_none();
        if (isnan(point) || isnan(base[value]))
            continue;
        *interval =
            interval_percentile(bootstrap->replicates + value * bootstrap->count, bootstrap->count,
                                base[value], point - base[value], 1, confidence);
        if (isnan(interval->low))
            continue;
        interval->low = fmax(interval->low, bounds[value].least);
        interval->high = fmin(interval->high, bounds[value].most);
    }
}

int curve_intervals(const struct curve *curve, struct interval intervals[CURVE_VALUES],
                    struct mlops_error *err)
{
    const struct metric_options *options = curve->options;
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    size_t cells = curve->cell_count;
    struct bootstrap bootstrap = {
        .curve = curve,
        .tables = tables,
        .count = options->replicates ? options->replicates : METRIC_REPLICATES,
        .cumulative = {xcalloc(cells + 1, sizeof(uint64_t)), xcalloc(cells + 1, sizeof(uint64_t))},
    };
    bootstrap.replicates = xcalloc(CURVE_VALUES * bootstrap.count, sizeof(double));
    for (int label = 0; label < 2; label++)
        for (size_t i = 0; i < cells; i++)
            bootstrap.cumulative[label][i + 1] =
                bootstrap.cumulative[label][i] + curve->cells[i].rows[label];
    int code = pool_run(bootstrap.count, draw, &bootstrap, err);
    if (code == MLOPS_OK)
        read_intervals(&bootstrap, intervals);
    if (code == MLOPS_OK && !curve->ranking->positive_weight)
        intervals[CURVE_AUC] = interval_normal(curve->values[CURVE_AUC], sqrt(curve->auc_variance),
                                               options->confidence, 0, 1, INTERVAL_DELONG);
    free(bootstrap.replicates);
    free(bootstrap.cumulative[0]);
    free(bootstrap.cumulative[1]);
    return code;
}
