/* lib/stats/changepoint.c - the likeliest split of a table of counts. */
#include "stats/changepoint.h"
#include "stats/random.h"
#include <math.h>

#define ORDERS 199
#define SEED 1995

/* n ln n, which is 0 for 0. */
static double entropy_term(double n)
{
    return n > 0 ? n * log(n) : 0;
}

/* The logarithm of the likelihood of these counts at their own shares, without the coefficient that
 * is the same for every split. */
static double likelihood(const double *counts, size_t cells)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < cells; i++) {
        sum += entropy_term(counts[i]);
        all += counts[i];
    }
    return sum - entropy_term(all);
}

static void add_row(double *sums, const double *row, size_t cells, double sign)
{
    for (size_t i = 0; i < cells; i++)
        sums[i] += sign * row[i];
}

/* The best split of the rows in this order. `before` and `after` are memory for `cells` each. */
static struct changepoint best_split(const double *counts, const size_t *order, size_t rows,
                                     size_t cells, double *before, double *after)
{
    struct changepoint best = {.statistic = 0, .p = 1};
    memset(before, 0, cells * sizeof(*before));
    memset(after, 0, cells * sizeof(*after));
    for (size_t i = 0; i < rows; i++)
        add_row(after, counts + i * cells, cells, 1);
    double whole = likelihood(after, cells);
    for (size_t i = 0; i + 1 < rows; i++) {
        const double *row = counts + order[i] * cells;
        add_row(before, row, cells, 1);
        add_row(after, row, cells, -1);
        double ratio = 2 * (likelihood(before, cells) + likelihood(after, cells) - whole);
        if (best.at == 0 || ratio > best.statistic) {
            best.statistic = fmax(ratio, 0);
            best.at = i + 1;
        }
    }
    return best;
}

static void shuffle(size_t *order, size_t count, struct random *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)random_below(random, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

struct changepoint changepoint_find(const double *counts, size_t rows, size_t cells)
{
    struct random random;
    size_t *order = xcalloc(rows + 1, sizeof(*order)), reached = 0;
    double *before = xcalloc(cells + 1, sizeof(*before)),
           *after = xcalloc(cells + 1, sizeof(*after));
    for (size_t i = 0; i < rows; i++)
        order[i] = i;
    struct changepoint found = best_split(counts, order, rows, cells, before, after);
    random_init(&random, SEED, 0, NULL);
    for (size_t i = 0; i < ORDERS && found.at > 0; i++) {
        shuffle(order, rows, &random);
        double chance = best_split(counts, order, rows, cells, before, after).statistic;
        reached += chance >= found.statistic * (1 - 1e-12); /* the same rows, summed otherwise */
    }
    if (found.at > 0)
        found.p = (double)(reached + 1) / (ORDERS + 1);
    free(order);
    free(before);
    free(after);
    return found;
}
