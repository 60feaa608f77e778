/* lib/drift/pair.c - cells that both columns of a pair are counted in. */
#include "drift/pair.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include <math.h>

#define BINS 20         /* of numeric columns: between quantiles of the reference */
#define ERROR_FACTOR 10 /* a value has a cell where its count is so many times the error */

static double present(const struct column_profile *column)
{
    return (double)(column->count - column->missing);
}

double pair_expected_rows(const struct pair *pair, size_t i)
{
    return (pair->p[i] + pair->q[i]) / (pair->n + pair->m) * fmin(pair->n, pair->m);
}

/* Cells between the quantiles of the reference; every cell takes what is above the edge before it
 * and up to its own. */
static void bin_numbers(struct pair *pair)
{
    const struct kll_view *r = &pair->reference_view, *c = &pair->current_view;
    double edge = -INFINITY, before_p = 0, before_q = 0;
    bool yes_no = pair->reference->type == COLUMN_BOOL; /* also where it had only one of the two */
    pair->p = xcalloc(BINS, sizeof(*pair->p));
    pair->q = xcalloc(BINS, sizeof(*pair->q));
    pair->edges = xcalloc(BINS, sizeof(*pair->edges));
    for (size_t i = 1; i <= BINS; i++) {
        double next = i == BINS ? INFINITY : yes_no ? 0 : kll_view_quantile(r, (double)i / BINS);
        if (!(next > edge))
            continue; /* many equal values: one cell for all of them */
        double up_to_p = i == BINS ? pair->n : round(kll_view_cdf(r, next) * pair->n);
        double up_to_q = i == BINS ? pair->m : round(kll_view_cdf(c, next) * pair->m);
        pair->p[pair->cells] = up_to_p - before_p;
        pair->q[pair->cells] = up_to_q - before_q;
        pair->edges[pair->cells] = next;
        pair->cells += pair->p[pair->cells] + pair->q[pair->cells] > 0;
        before_p = up_to_p;
        before_q = up_to_q;
        edge = next;
    }
}

/* ---- texts ---------------------------------------------------------------------------------- */

struct value {
    double p, q; /* how often it came in either */
    uint64_t hash;
};

/* Most frequent first in both together; equal ones as their hashes fall. */
static int by_frequency(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    double left = x->p + x->q, right = y->p + y->q;
    if (left != right)
        return left > right ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* All values that either sketch tracks. The caller frees. */
static struct value *pooled_values(const struct pair *pair, size_t *count)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t in_r, in_c;
    struct frequent_item *of_r = frequent_items(r, &in_r), *of_c = frequent_items(c, &in_c);
    struct value *values = xcalloc(in_r + in_c, sizeof(*values));
    *count = 0;
    for (size_t i = 0; i < in_r; i++)
        values[(*count)++] =
            (struct value){.p = (double)of_r[i].count,
                           .q = (double)frequent_count(c, of_r[i].value),
                           .hash = stats_hash(of_r[i].value, strlen(of_r[i].value))};
    for (size_t i = 0; i < in_c; i++)
        if (frequent_count(r, of_c[i].value) == 0)
            values[(*count)++] =
                (struct value){.q = (double)of_c[i].count,
                               .hash = stats_hash(of_c[i].value, strlen(of_c[i].value))};
    free(of_r);
    free(of_c);
    qsort(values, *count, sizeof(*values), by_frequency);
    return values;
}

/* Least pooled count at which the errors of the sketches do not matter any more. */
static double least_count(const struct pair *pair)
{
    double r = (double)frequent_error(pair->reference->frequent) / pair->n;
    double c = (double)frequent_error(pair->current->frequent) / pair->m;
    return ERROR_FACTOR * fmax(r, c) * (pair->n + pair->m);
}

/* ln(E exp(t U)) at most, U the current rows whose value is new; see find_novelty. */
static double log_moment(const struct value *values, size_t count, double log_share, double t)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double rows = values[i].p + values[i].q, log_chance = rows * log_share;
        double without = log1p(-exp(log_chance)), with = log_chance + rows * t;
        double larger = fmax(without, with);
        sum += larger + log1p(exp(fmin(without, with) - larger));
    }
    return sum;
}

/*
 * If both tables came from the same source, each row of both together had the same chance of being
 * in the current one, so a value of k rows is in none but current rows with a probability of less
 * than (m / (n+m))^k. These events are negatively associated (Joag-Dev and Proschan 1983), so that
 * Chernoff's bound holds for the rows that have such values: min over t of E exp(tU) / exp(tu).
 */
static void find_novelty(struct pair *pair, const struct value *values, size_t count)
{
    struct novelty *novelty = &pair->novelty;
    double log_share = log(pair->m / (pair->n + pair->m)), rows = 0, low = 0, high = 50;
    for (size_t i = 0; i < count; i++) {
        double both = values[i].p + values[i].q;
        rows += values[i].p == 0 ? values[i].q : 0;
        novelty->expected += both * exp(both * log_share) / pair->m;
    }
    for (int i = 0; i < 60; i++) { /* the exponent is convex in t */
        double left = low + (high - low) / 3, right = high - (high - low) / 3;
        if (log_moment(values, count, log_share, left) - left * rows <
            log_moment(values, count, log_share, right) - right * rows)
            high = right;
        else
            low = left;
    }
    novelty->log_chance = fmin(log_moment(values, count, log_share, low) - low * rows, 0);
    novelty->share = rows / pair->m;
    novelty->known = true;
}

/*
 * A cell a value, and a last one for all others. The order in which they are joined depends on
 * both tables together and on nothing that tells them apart: cut by the reference, cells would
 * hold what the reference happened to have much of, and every column of many values would drift.
 */
static void count_texts(struct pair *pair)
{
    size_t count;
    struct value *values = pooled_values(pair, &count);
    double least = least_count(pair), other_p = pair->n, other_q = pair->m;
    pair->p = xcalloc(count + 1, sizeof(*pair->p));
    pair->q = xcalloc(count + 1, sizeof(*pair->q));
    pair->hashes = xcalloc(count + 1, sizeof(*pair->hashes));
    for (; pair->cells < count; pair->cells++) {
        const struct value *value = &values[pair->cells];
        if (value->p + value->q < least)
            break;
        pair->p[pair->cells] = value->p;
        pair->q[pair->cells] = value->q;
        pair->hashes[pair->hash_count++] = value->hash;
        other_p -= value->p;
        other_q -= value->q;
    }
    pair->p[pair->cells] = other_p;
    pair->q[pair->cells++] = other_q;
    if (least == 0)
        find_novelty(pair, values, count);
    free(values);
}

/* The rows that a cell must have: any, where two values are to have a cell each. */
static double fewest_rows(const struct pair *pair)
{
    size_t filled = 0;
    for (size_t i = 0; i < pair->cells; i++)
        filled += pair->p[i] + pair->q[i] > 0;
    return pair->small && filled <= 2 ? 0 : PAIR_CELL_MIN;
}

/* Join neighbours until every cell can be expected to have enough rows. */
static void join_cells(struct pair *pair)
{
    size_t kept = 0;
    double rows = 0, fewest = fewest_rows(pair);
    pair->cell_of = xcalloc(pair->cells + 1, sizeof(*pair->cell_of));
    for (size_t i = 0; i < pair->cells; i++) {
        double p = pair->p[i], q = pair->q[i];
        rows += pair_expected_rows(pair, i);
        pair->p[i] = pair->q[i] = 0;
        pair->p[kept] += p;
        pair->q[kept] += q;
        pair->cell_of[i] = kept;
        if (rows >= fewest && rows > 0) {
            kept++;
            rows = 0;
        }
    }
    if (kept > 0 && kept < pair->cells) { /* what is left joins the last that is full */
        pair->p[kept - 1] += pair->p[kept];
        pair->q[kept - 1] += pair->q[kept];
    }
    for (size_t i = 0; i < pair->cells && kept > 0; i++) {
        pair->cell_of[i] = pair->cell_of[i] < kept ? pair->cell_of[i] : kept - 1;
        if (pair->edges)
            pair->edges[pair->cell_of[i]] = pair->edges[i];
    }
    if (pair->edges && kept > 0)
        pair->edges[kept - 1] = INFINITY;
    pair->cells = kept;
}

static void make(struct pair *pair, const struct column_profile *reference,
                 const struct column_profile *current, bool small)
{
    *pair = (struct pair){.reference = reference,
                          .current = current,
                          .n = present(reference),
                          .m = present(current),
                          .small = small};
    if (pair->n <= 0 || pair->m <= 0)
        return;
    if (reference->quantiles) {
        kll_view_make(reference->quantiles, &pair->reference_view);
        kll_view_make(current->quantiles, &pair->current_view);
        bin_numbers(pair);
    } else {
        count_texts(pair);
    }
    join_cells(pair);
}

void pair_make(struct pair *pair, const struct column_profile *reference,
               const struct column_profile *current)
{
    make(pair, reference, current, false);
}

void pair_make_small(struct pair *pair, const struct column_profile *reference,
                     const struct column_profile *current)
{
    make(pair, reference, current, true);
}

void pair_clear(struct pair *pair)
{
    kll_view_clear(&pair->reference_view);
    kll_view_clear(&pair->current_view);
    free(pair->p);
    free(pair->q);
    free(pair->edges);
    free(pair->hashes);
    free(pair->cell_of);
    *pair = (struct pair){0};
}

static bool is_exact(const struct column_profile *column)
{
    return !column->quantiles || kll_is_exact(column->quantiles);
}

size_t pair_sketched(const struct pair *pair)
{
    return (size_t)!is_exact(pair->reference) + (size_t)!is_exact(pair->current);
}

double pair_rank_error(const struct pair *pair)
{
    return KLL_RANK_ERROR * sqrt((double)pair_sketched(pair));
}

static double frequent_share_error(const struct frequent *sketch, double values)
{
    return values > 0 ? (double)frequent_error(sketch) / values : 0;
}

double pair_share_error(const struct pair *pair)
{
    const struct column_profile *r = pair->reference, *c = pair->current;
    if (r->quantiles)
        return KLL_RANK_BOUND * (double)pair_sketched(pair);
    return frequent_share_error(r->frequent, pair->n) + frequent_share_error(c->frequent, pair->m);
}
