/* lib/stats/metrics_ranking.c - items ranked for queries: NDCG and mean average precision. */
#include "stats/radix.h"
#include "stats/sample.h"
#include "stats/sum.h"

/* What each group comes to; NaN where it says nothing. */
struct groups {
    double *ndcg, *precision;
    size_t count;
};

/* The items of one group, by falling key. */
struct items {
    const struct ranked_rows *rows;
    const struct keyed *sorted;
    size_t count;
};

static double discount(size_t rank, size_t cutoff)
{
    return cutoff == 0 || rank < cutoff ? log(2) / log((double)rank + 2) : 0;
}

/* Discounted gain, items of equal score sharing the discounts of their ranks (McSherry and Najork
 * 2008), as sklearn.metrics.ndcg_score does. */
static double gain_of(const struct items *items, size_t cutoff)
{
    struct sum gain = {0};
    for (size_t first = 0, end; first < items->count; first = end) {
        struct sum relevance = {0}, discounts = {0};
        for (end = first; end < items->count && items->sorted[end].key == items->sorted[first].key;
             end++) {
            sum_add(&relevance, items->rows->relevance[items->sorted[end].row]);
            sum_add(&discounts, discount(end, cutoff));
        }
        sum_add(&gain, sum_of(&relevance) / (double)(end - first) * sum_of(&discounts));
    }
    return sum_of(&gain);
}

static double average_precision(const struct items *items)
{
    struct sum sum = {0};
    double relevant = 0;
    for (size_t first = 0, end; first < items->count; first = end) {
        double here = 0;
        for (end = first; end < items->count && items->sorted[end].key == items->sorted[first].key;
             end++)
            here += items->rows->relevance[items->sorted[end].row] > 0;
        relevant += here;
        sum_add(&sum, here * (relevant / (double)end));
    }
    return relevant > 0 ? sum_of(&sum) / relevant : NAN;
}

/* Rows first … first+count-1 of `by_group` are one group. */
static void measure_group(const struct ranked_rows *rows, const struct keyed *by_group,
                          size_t count, size_t cutoff, struct keyed *scratch, struct groups *groups)
{
    struct items items = {.rows = rows, .sorted = scratch, .count = count};
    for (size_t i = 0; i < count; i++)
        scratch[i] = (struct keyed){.key = falling_key(rows->scores[by_group[i].row]),
                                    .row = by_group[i].row};
    radix_sort_keyed(scratch, scratch + count, count);
    double gain = gain_of(&items, cutoff);
    groups->precision[groups->count] = average_precision(&items);
    for (size_t i = 0; i < count; i++)
        scratch[i].key = falling_key(rows->relevance[scratch[i].row]);
    radix_sort_keyed(scratch, scratch + count, count);
    double best = gain_of(&items, cutoff);
    groups->ndcg[groups->count++] = best > 0 ? gain / best : 0;
}

static void evaluate(const void *context, const size_t *chosen, const uint32_t *times, size_t count,
                     double *values)
{
    const struct groups *groups = context;
    struct sum ndcg = {0}, precision = {0};
    double all = 0, relevant = 0;
    for (size_t i = 0; i < count; i++) {
        size_t group = chosen ? chosen[i] : i;
        double w = times ? times[i] : 1;
        all += w;
        sum_add(&ndcg, w * groups->ndcg[group]);
        if (isnan(groups->precision[group]))
            continue;
        relevant += w;
        sum_add(&precision, w * groups->precision[group]);
    }
    values[0] = sum_of(&ndcg) / all;
    values[1] = relevant > 0 ? sum_of(&precision) / relevant : NAN;
}

static int add_all(const struct groups *groups, const struct metric_options *options,
                   struct metric_list *list, struct mlops_error *err)
{
    static const char *const names[] = {"ndcg", "map"};
    double values[2];
    struct interval intervals[2] = {interval_none(), interval_none()};
    evaluate(groups, NULL, NULL, groups->count, values);
    const struct sample sample = {.rows = groups->count,
                                  .evaluate = evaluate,
                                  .context = groups,
                                  .values = 2,
                                  .point = values,
                                  .options = options};
    if (options->confidence > 0)
        TRY(sample_intervals(&sample, intervals, err));
    metric_list_add(list, "groups", (double)groups->count);
    for (size_t i = 0; i < 2; i++) {
        struct metric *metric = metric_list_add(list, names[i], values[i]);
        if (isnan(intervals[i].low))
            continue;
        metric->interval = intervals[i];
        metric->interval.low = fmax(metric->interval.low, 0);
        metric->interval.high = fmin(metric->interval.high, 1);
    }
    return MLOPS_OK;
}

static int check(const struct ranked_rows *rows, struct mlops_error *err)
{
    if (rows->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    for (size_t i = 0; i < rows->count; i++) {
        if (!isfinite(rows->scores[i]))
            return mlops_fail(err, MLOPS_INVALID, "the score in row %zu is not a finite number",
                              i + 1);
        if (!(rows->relevance[i] >= 0 && isfinite(rows->relevance[i])))
            return mlops_fail(err, MLOPS_INVALID, "the relevance in row %zu is not 0 or more",
                              i + 1);
        if (rows->groups[i] >= rows->group_count)
            return mlops_fail(err, MLOPS_INVALID, "row %zu is of no group below %u", i + 1,
                              rows->group_count);
    }
    return MLOPS_OK;
}

int metrics_ranking(const struct ranked_rows *rows, const struct metric_options *options,
                    struct metric_list *list, struct mlops_error *err)
{
    TRY(check(rows, err));
    struct keyed *items = reallocarray(NULL, 4 * rows->count, sizeof(*items));
    if (!items)
        return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", rows->count);
    struct groups groups = {.ndcg = xcalloc(rows->group_count, sizeof(double)),
                            .precision = xcalloc(rows->group_count, sizeof(double))};
    for (size_t i = 0; i < rows->count; i++)
        items[i] = (struct keyed){.key = rows->groups[i], .row = i};
    radix_sort_keyed(items, items + rows->count, rows->count);
    for (size_t first = 0, end; first < rows->count; first = end) {
        for (end = first + 1; end < rows->count && items[end].key == items[first].key;)
            end++;
        measure_group(rows, items + first, end - first, options->cutoff, items + 2 * rows->count,
                      &groups);
    }
    free(items);
    metric_list_add(list, "n", (double)rows->count);
    int code = add_all(&groups, options, list, err);
    free(groups.ndcg);
    free(groups.precision);
    return code;
}
