/* lib/stats/sample.c - rows drawn anew, a thousand times. */
#include "stats/sample.h"
#include "base/pool.h"
#include "stats/radix.h"
#include "stats/random.h"
#include <math.h>

struct draws {
    const struct sample *sample;
    size_t *rows;
    size_t count, replicate_count;
    double *replicates; /* [value][replicate] */
};

static int draw(void *context, size_t replicate, size_t worker, struct mlops_error *err)
{
    const struct draws *draws = context;
    const struct sample *sample = draws->sample;
    uint32_t *times = xcalloc(draws->count, sizeof(*times));
    double *values = xcalloc(sample->values, sizeof(*values));
    struct random random;
    (void)worker, (void)err;
    random_init(&random, sample->options->seed, replicate, NULL);
    for (size_t i = 0; i < draws->count; i++)
        times[random_below(&random, draws->count)]++;
    sample->evaluate(sample->context, draws->rows, times, draws->count, values);
    for (size_t value = 0; value < sample->values; value++)
        draws->replicates[value * draws->replicate_count + replicate] = values[value];
    free(times);
    free(values);
    return MLOPS_OK;
}

static void choose_rows(const struct sample *sample, struct draws *draws)
{
    struct random random;
    random_init(&random, sample->options->seed, UINT64_MAX, NULL);
    for (size_t i = 0; i < draws->count; i++) {
        size_t from = i * sample->rows / draws->count, to = (i + 1) * sample->rows / draws->count;
        draws->rows[i] = from + (size_t)random_below(&random, to - from);
    }
    if (!sample->order)
        return;
    struct keyed *items = xcalloc(2 * draws->count, sizeof(*items));
    for (size_t i = 0; i < draws->count; i++)
        items[i] = (struct keyed){.key = falling_key(-sample->order[draws->rows[i]]),
                                  .row = draws->rows[i]};
    radix_sort_keyed(items, items + draws->count, draws->count);
    for (size_t i = 0; i < draws->count; i++)
        draws->rows[i] = (size_t)items[i].row;
    free(items);
}

static void read_intervals(const struct draws *draws, struct interval *intervals)
{
    const struct sample *sample = draws->sample;
    double scale = sqrt((double)draws->count / (double)sample->rows);
    double *base = xcalloc(sample->values, sizeof(*base));
    uint32_t *once = xcalloc(draws->count, sizeof(*once));
    for (size_t i = 0; i < draws->count; i++)
        once[i] = 1;
    sample->evaluate(sample->context, draws->rows, once, draws->count, base);
    for (size_t value = 0; value < sample->values; value++) {
        double point = sample->point[value];
        intervals[value] =
            isnan(point) || isnan(base[value])
                ? interval_none()
                : interval_percentile(draws->replicates + value * draws->replicate_count,
                                      draws->replicate_count, base[value], point - base[value],
                                      scale, sample->options->confidence);
    }
    free(base);
    free(once);
}

int sample_intervals(const struct sample *sample, struct interval *intervals,
                     struct mlops_error *err)
{
    const struct metric_options *options = sample->options;
    struct draws draws = {.sample = sample,
                          .count = sample->rows < SAMPLE_ROWS_MAX ? sample->rows : SAMPLE_ROWS_MAX,
                          .replicate_count =
                              options->replicates ? options->replicates : METRIC_REPLICATES};
    draws.rows = xcalloc(draws.count + 1, sizeof(*draws.rows));
    draws.replicates = xcalloc(draws.replicate_count * sample->values, sizeof(double));
    choose_rows(sample, &draws);
    int code = pool_run(draws.replicate_count, draw, &draws, err);
    if (code == MLOPS_OK)
        read_intervals(&draws, intervals);
    free(draws.rows);
    free(draws.replicates);
    return code;
}
