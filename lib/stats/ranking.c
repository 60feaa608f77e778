/* lib/stats/ranking.c - scores sorted, and the walk over thresholds. */
#include "stats/ranking.h"
#include "stats/radix.h"
#include "stats/sum.h"

static int check(const struct binary_rows *rows, struct ranking *ranking, struct mlops_error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!isfinite(rows->scores[i]))
            return mlops_fail(err, MLOPS_INVALID, "the score in row %zu is not a finite number",
                              i + 1);
        bool counts = !rows->weights || rows->weights[i] > 0;
        ranking->positives += counts && rows->labels[i];
        ranking->negatives += counts && !rows->labels[i];
    }
    return MLOPS_OK;
}

static int no_memory(const struct binary_rows *rows, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_IO, "not enough memory to sort %zu scores", rows->count);
}

static size_t larger(const struct ranking *ranking)
{
    return ranking->positives > ranking->negatives ? ranking->positives : ranking->negatives;
}

static int sort_plain(const struct binary_rows *rows, struct ranking *ranking,
                      struct mlops_error *err)
{
    uint64_t *spare = reallocarray(NULL, larger(ranking) + 1, sizeof(*spare));
    if (!spare)
        return no_memory(rows, err);
    uint64_t *ends[] = {ranking->negative, ranking->positive};
    for (size_t i = 0; i < rows->count; i++)
        *ends[rows->labels[i]]++ = falling_key(rows->scores[i]);
    radix_sort_keys(ranking->positive, spare, ranking->positives);
    radix_sort_keys(ranking->negative, spare, ranking->negatives);
    free(spare);
    ranking->positive_total = (double)ranking->positives;
    ranking->negative_total = (double)ranking->negatives;
    return MLOPS_OK;
}

/* The rows of one class, sorted, into `keys` and `weights`; their total. */
static double sort_class(const struct binary_rows *rows, bool class, struct keyed *items,
                         struct keyed *spare, struct ranking *ranking)
{
    uint64_t *keys = class ? ranking->positive : ranking->negative;
    double *weights = class ? ranking->positive_weight : ranking->negative_weight;
    struct sum total = {0};
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->labels[i] == class && rows->weights[i] > 0)
            items[count++] =
                (struct keyed){.key = falling_key(rows->scores[i]), .weight = rows->weights[i]};
    radix_sort_keyed(items, spare, count);
    for (size_t i = 0; i < count; i++) {
        keys[i] = items[i].key;
        weights[i] = items[i].weight;
        sum_add(&total, weights[i]);
    }
    return sum_of(&total);
}

static int sort_weighted(const struct binary_rows *rows, struct ranking *ranking,
                         struct mlops_error *err)
{
    struct keyed *items = reallocarray(NULL, 2 * larger(ranking) + 1, sizeof(*items));
    ranking->positive_weight = reallocarray(NULL, ranking->positives + 1, sizeof(double));
    ranking->negative_weight = reallocarray(NULL, ranking->negatives + 1, sizeof(double));
    if (!items || !ranking->positive_weight || !ranking->negative_weight) {
        free(items);
        return no_memory(rows, err);
    }
    struct keyed *spare = items + larger(ranking);
    ranking->positive_total = sort_class(rows, true, items, spare, ranking);
    ranking->negative_total = sort_class(rows, false, items, spare, ranking);
    free(items);
    return MLOPS_OK;
}

int ranking_make(const struct binary_rows *rows, struct ranking *ranking, struct mlops_error *err)
{
    *ranking = (struct ranking){0};
    TRY(check(rows, ranking, err));
    ranking->positive = reallocarray(NULL, ranking->positives + 1, sizeof(*ranking->positive));
    ranking->negative = reallocarray(NULL, ranking->negatives + 1, sizeof(*ranking->negative));
    if (!ranking->positive || !ranking->negative)
        return no_memory(rows, err);
    return rows->weights ? sort_weighted(rows, ranking, err) : sort_plain(rows, ranking, err);
}

void ranking_clear(struct ranking *ranking)
{
    free(ranking->positive);
    free(ranking->negative);
    free(ranking->positive_weight);
    free(ranking->negative_weight);
    *ranking = (struct ranking){0};
}

bool ranking_next(struct ranking_walk *walk)
{
    const struct ranking *ranking = walk->ranking;
    size_t p = walk->tp += walk->group_tp, n = walk->fp += walk->group_fp;
    size_t positives = ranking->positives, negatives = ranking->negatives;
    if (p == positives && n == negatives)
        return false;
    uint64_t key = n == negatives || (p < positives && ranking->positive[p] < ranking->negative[n])
                       ? ranking->positive[p]
                       : ranking->negative[n];
    while (p < positives && ranking->positive[p] == key)
        p++;
    while (n < negatives && ranking->negative[n] == key)
        n++;
    walk->key = key;
    walk->group_tp = p - walk->tp;
    walk->group_fp = n - walk->fp;
    return true;
}

static double total(const double *weights, size_t from, size_t count)
{
    struct sum sum = {0};
    if (!weights)
        return (double)count;
    for (size_t i = from; i < from + count; i++)
        sum_add(&sum, weights[i]);
    return sum_of(&sum);
}

double ranking_group_tp(const struct ranking_walk *walk)
{
    return total(walk->ranking->positive_weight, walk->tp, walk->group_tp);
}

double ranking_group_fp(const struct ranking_walk *walk)
{
    return total(walk->ranking->negative_weight, walk->fp, walk->group_fp);
}

static double weighted_auc(const struct ranking *ranking)
{
    struct sum area = {0}, above = {0};
    for (struct ranking_walk walk = {.ranking = ranking}; ranking_next(&walk);) {
        double tp = ranking_group_tp(&walk);
        sum_add(&area, ranking_group_fp(&walk) * (sum_of(&above) + tp / 2));
        sum_add(&above, tp);
    }
    return sum_of(&area) / (ranking->positive_total * ranking->negative_total);
}

double ranking_auc(const struct ranking *ranking)
{
    if (ranking->positives == 0 || ranking->negatives == 0)
        return NAN;
    if (ranking->positive_weight)
        return weighted_auc(ranking);
    uint64_t doubled = 0; /* a whole number, and so exact */
    for (struct ranking_walk walk = {.ranking = ranking}; ranking_next(&walk);)
        doubled += (uint64_t)walk.group_fp * (2 * walk.tp + walk.group_tp);
    return (double)doubled / 2 / ((double)ranking->positives * (double)ranking->negatives);
}
