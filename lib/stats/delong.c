/* lib/stats/delong.c - placement values by one sort, and their covariance. */
#include "stats/delong.h"
#include "stats/radix.h"
#include "stats/sum.h"

/* Rows first … end-1 of `items` share a score, above which `tp` positives stand; `fp` with them are
 * the negatives above. */
static void place(const struct keyed *items, const bool *labels, size_t first, size_t end,
                  const size_t above[2], const size_t totals[2], double *placements)
{
    size_t on[2] = {0, 0};
    for (size_t i = first; i < end; i++)
        on[labels[items[i].row]]++;
    size_t below = totals[0] - above[0] - on[0];
    double positive = (double)(2 * below + on[0]) / (2 * (double)totals[0]);
    double negative = (double)(2 * above[1] + on[1]) / (2 * (double)totals[1]);
    for (size_t i = first; i < end; i++)
        placements[items[i].row] = labels[items[i].row] ? positive : negative;
}

int delong_placements(const bool *labels, const double *scores, size_t count, double *placements,
                      double *auc, struct mlops_error *err)
{
    struct keyed *items = reallocarray(NULL, 2 * count + 1, sizeof(*items));
    size_t totals[2] = {0, 0}, above[2] = {0, 0};
    struct sum sum = {0};
    if (!items)
        return mlops_fail(err, MLOPS_IO, "not enough memory to sort %zu scores", count);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct keyed){.key = falling_key(scores[i]), .row = i};
        totals[labels[i]]++;
    }
    radix_sort_keyed(items, items + count, count);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && items[end].key == items[first].key;)
            end++;
        place(items, labels, first, end, above, totals, placements);
        for (size_t i = first; i < end; i++)
            above[labels[items[i].row]]++;
    }
    free(items);
    for (size_t i = 0; i < count; i++)
        if (labels[i])
            sum_add(&sum, placements[i]);
    *auc = totals[0] > 0 && totals[1] > 0 ? sum_of(&sum) / (double)totals[1] : NAN;
    return MLOPS_OK;
}

double delong_covariance(const bool *labels, const double *a, const double *b, size_t count)
{
    struct sum mean_a[2] = {0}, mean_b[2] = {0}, product[2] = {0};
    size_t totals[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        totals[labels[i]]++;
        sum_add(&mean_a[labels[i]], a[i]);
        sum_add(&mean_b[labels[i]], b[i]);
    }
    if (totals[0] < 2 || totals[1] < 2)
        return NAN;
    for (size_t i = 0; i < count; i++) {
        double n = (double)totals[labels[i]];
        sum_add(&product[labels[i]],
                (a[i] - sum_of(&mean_a[labels[i]]) / n) * (b[i] - sum_of(&mean_b[labels[i]]) / n));
    }
    double n = (double)totals[0], p = (double)totals[1];
    return sum_of(&product[0]) / (n - 1) / n + sum_of(&product[1]) / (p - 1) / p;
}
