/* lib/drift/compare.c - the methods, their thresholds, and the verdict on each column. */
#include "drift/compare.h"
#include "stats/distance.h"
#include "stats/frequent.h"
#include <math.h>
#include <mlops/text.h>

#define BINS 20                /* of numeric columns for the binned methods: reference quantiles */
#define CELL_MIN 10            /* rows that a cell of the smaller sample is expected to have */
#define MISSING_THRESHOLD 0.05 /* a rise or fall of the missing share, absolute */
#define ALPHA 0.001            /* chance that noise alone passes for drift in one table */

/* Two columns made comparable: as sketches, and as counts over the same cells. */
struct pair {
    const struct column_profile *reference, *current;
    struct kll_view reference_view, current_view; /* numeric columns */
    double *p, *q;                                /* counts of reference and current */
    size_t cells;
};

struct drift_method {
    const char *name;
    bool numeric, categorical;
    double threshold; /* from which on it is worth a look, however many rows there are */
    double (*statistic)(const struct pair *pair);
    /* What noise alone reaches with probability alpha at the sizes of the two samples. */
    double (*noise)(const struct pair *pair, double alpha);
};

static double present(const struct column_profile *column)
{
    return (double)(column->count - column->missing);
}

/* ---- statistics ------------------------------------------------------------------------- */

static double ks(const struct pair *pair)
{
    return distance_ks(&pair->reference_view, &pair->current_view);
}

static double wasserstein(const struct pair *pair)
{
    const struct column_profile *r = pair->reference;
    double n = present(r) - (double)r->infinite;
    double deviation = n > 1 ? sqrt(r->m2 / n) : 0;
    double distance = distance_wasserstein(&pair->reference_view, &pair->current_view);
    if (deviation > 0)
        return distance / deviation;
    return distance > 0 ? INFINITY : distance; /* a constant that moved, or did not */
}

static double jensen_shannon(const struct pair *pair)
{
    return distance_jensen_shannon(pair->p, pair->q, pair->cells);
}

static double total_variation(const struct pair *pair)
{
    return distance_total_variation(pair->p, pair->q, pair->cells);
}

static double psi(const struct pair *pair)
{
    return distance_psi(pair->p, pair->q, pair->cells);
}

/* ---- what noise reaches ------------------------------------------------------------------- */

/* 1/n + 1/m: the variance of a difference of shares is p(1-p) times this. */
static double inverse_sizes(const struct pair *pair)
{
    return 1 / present(pair->reference) + 1 / present(pair->current);
}

/* Smirnov's asymptotic bound, sqrt(-ln(alpha/2)/2 · (1/n + 1/m)); the sketches may add their own
 * errors. */
static double noise_ks(const struct pair *pair, double alpha)
{
    double sketched = (kll_count(pair->reference->quantiles) > KLL_K ? KLL_RANK_ERROR : 0) +
                      (kll_count(pair->current->quantiles) > KLL_K ? KLL_RANK_ERROR : 0);
    return sqrt(-log(alpha / 2) / 2 * inverse_sizes(pair)) + sketched;
}

/* |F - G| is at most the bound above everywhere, so the area between them is at most that times the
 * range: here of the middle 99 % in standard deviations, about 5. */
static double noise_wasserstein(const struct pair *pair, double alpha)
{
    return noise_ks(pair, alpha) * 5;
}

/* Upper quantile of chi-square with k degrees of freedom, by Wilson and Hilferty 1931. */
static double chi_square_bound(double k, double alpha)
{
    /* the normal quantile for small alpha: Abramowitz and Stegun 26.2.23 */
    double t = sqrt(-2 * log(alpha));
    double z = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) /
                       (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
    double base = 1 - 2 / (9 * k) + z * sqrt(2 / (9 * k));
    return k * base * base * base;
}

/* Rows that cell `i` would have in the smaller sample if both were alike. */
static double expected_rows(const struct pair *pair, size_t i)
{
    double n = present(pair->reference), m = present(pair->current);
    return (pair->p[i] + pair->q[i]) / (n + m) * fmin(n, m);
}

/*
 * Without drift, Σ (p-q)²/mean share · nm/(n+m) is chi-square with cells - 1 degrees of freedom
 * (Pearson's two-sample statistic), and for small differences PSI equals Σ (p-q)²/share. Where the
 * emptiest cell has e expected rows the tail is heavier than that, by less than a factor 1 + 2/e
 * for e >= 10 (found by simulation: docs/drift.md).
 */
static double noise_psi(const struct pair *pair, double alpha)
{
    double least = INFINITY;
    for (size_t i = 0; i < pair->cells; i++)
        least = fmin(least, expected_rows(pair, i));
    if (pair->cells < 2)
        return INFINITY; /* too few rows to say anything */
    return chi_square_bound((double)pair->cells - 1, alpha) * inverse_sizes(pair) * (1 + 2 / least);
}

/* The divergence in bits is, for small differences, that sum / (8 ln 2). */
static double noise_jensen_shannon(const struct pair *pair, double alpha)
{
    return sqrt(noise_psi(pair, alpha) / (8 * M_LN2));
}

/* Σ|p-q|/2 <= sqrt(Σ (p-q)²/share)/2 by Cauchy and Schwarz. */
static double noise_total_variation(const struct pair *pair, double alpha)
{
    return sqrt(noise_psi(pair, alpha)) / 2;
}

/* The first method for a kind of column is its default. A newcomer adds a row. */
static const struct drift_method methods[] = {
    {"ks", true, false, 0.1, ks, noise_ks},
    {"jensen_shannon", true, true, 0.1, jensen_shannon, noise_jensen_shannon},
    {"psi", true, true, 0.2, psi, noise_psi},
    {"wasserstein", true, false, 0.1, wasserstein, noise_wasserstein},
    {"total_variation", true, true, 0.1, total_variation, noise_total_variation},
};

static int find_method(const char *name, bool numeric, const struct drift_method **method,
                       struct mlops_error *err)
{
    const char *fitting[ARRAY_LENGTH(methods) + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
        if (!(numeric ? methods[i].numeric : methods[i].categorical))
            continue;
        fitting[count++] = methods[i].name;
        if (!name || str_equal(name, methods[i].name)) {
            *method = &methods[i];
            return MLOPS_OK;
        }
    }
    _cleanup_(buffer_clear) struct buffer list = {0};
    for (size_t i = 0; i < count; i++)
        buffer_printf(&list, "%s%s", i ? ", " : "", fitting[i]);
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a method for %s columns", name,
               numeric ? "numeric" : "categorical");
    return mlops_hint(err, "use one of %s", list.data);
}

/* ---- pairs -------------------------------------------------------------------------------- */

/* Cells between the quantiles of the reference; every cell takes what is above the edge before it
 * and up to its own. */
static void bin_numbers(struct pair *pair)
{
    const struct kll_view *r = &pair->reference_view, *c = &pair->current_view;
    double n = present(pair->reference), m = present(pair->current), edge = -INFINITY;
    double before_p = 0, before_q = 0;
    pair->p = xcalloc(BINS, sizeof(*pair->p));
    pair->q = xcalloc(BINS, sizeof(*pair->q));
    for (size_t i = 1; i <= BINS; i++) {
        double next = i == BINS ? INFINITY : kll_view_quantile(r, (double)i / BINS);
        if (!(next > edge))
            continue; /* many equal values: one cell for all of them */
        double up_to_p = i == BINS ? 1 : kll_view_cdf(r, next);
        double up_to_q = i == BINS ? 1 : kll_view_cdf(c, next);
        pair->p[pair->cells] = (up_to_p - before_p) * n;
        pair->q[pair->cells] = (up_to_q - before_q) * m;
        pair->cells += pair->p[pair->cells] + pair->q[pair->cells] > 0;
        before_p = up_to_p;
        before_q = up_to_q;
        edge = next;
    }
}

/* A cell for every value that either sketch tracks, and one for all the others. */
static void count_texts(struct pair *pair)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t reference_count, current_count;
    struct frequent_item *in_reference = frequent_items(r, &reference_count);
    struct frequent_item *in_current = frequent_items(c, &current_count);
    double other_p = (double)frequent_total(r), other_q = (double)frequent_total(c);
    pair->p = xcalloc(reference_count + current_count + 1, sizeof(*pair->p));
    pair->q = xcalloc(reference_count + current_count + 1, sizeof(*pair->q));
    for (size_t i = 0; i < reference_count; i++, pair->cells++) {
        pair->p[pair->cells] = (double)in_reference[i].count;
        pair->q[pair->cells] = (double)frequent_count(c, in_reference[i].value);
    }
    for (size_t i = 0; i < current_count; i++) {
        if (frequent_count(r, in_current[i].value) > 0)
            continue;
        pair->q[pair->cells++] = (double)in_current[i].count;
    }
    for (size_t i = 0; i < pair->cells; i++) {
        other_p -= pair->p[i];
        other_q -= pair->q[i];
    }
    pair->p[pair->cells] = other_p;
    pair->q[pair->cells++] = other_q;
    free(in_reference);
    free(in_current);
}

/* Join neighbours until every cell can be expected to have CELL_MIN rows: values are in order, and
 * categories by how frequent they are, so that the rare ones come together. */
static void join_cells(struct pair *pair)
{
    size_t kept = 0;
    double rows = 0;
    for (size_t i = 0; i < pair->cells; i++) {
        double p = pair->p[i], q = pair->q[i];
        rows += expected_rows(pair, i);
        pair->p[i] = pair->q[i] = 0;
        pair->p[kept] += p;
        pair->q[kept] += q;
        if (rows >= CELL_MIN) {
            kept++;
            rows = 0;
        }
    }
    if (kept > 0 && kept < pair->cells) { /* what is left joins the last that is full */
        pair->p[kept - 1] += pair->p[kept];
        pair->q[kept - 1] += pair->q[kept];
    }
    pair->cells = kept;
}

static void pair_make(struct pair *pair, const struct column_profile *reference,
                      const struct column_profile *current)
{
    *pair = (struct pair){.reference = reference, .current = current};
    if (reference->quantiles) {
        kll_view_make(reference->quantiles, &pair->reference_view);
        kll_view_make(current->quantiles, &pair->current_view);
        bin_numbers(pair);
    } else {
        count_texts(pair);
    }
    join_cells(pair);
}

static void pair_clear(struct pair *pair)
{
    kll_view_clear(&pair->reference_view);
    kll_view_clear(&pair->current_view);
    free(pair->p);
    free(pair->q);
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static double missing_share(const struct column_profile *column)
{
    return column->count ? (double)column->missing / (double)column->count : 0;
}

/* Kullback-Leibler divergence of two coins in nats. */
static double coin_divergence(double p, double q)
{
    double heads = p > 0 ? p * log(p / q) : 0, tails = p < 1 ? (1 - p) * log((1 - p) / (1 - q)) : 0;
    return heads + tails;
}

/* Does the missing share differ by enough to matter, and by more than noise? The bound of Chernoff
 * (Hoeffding 1963, theorem 1), n KL(share || pooled) > ln(2/alpha) over both tables, holds for
 * samples of any size, where a z-test does not. */
static bool missing_drifted(const struct pair *pair, double alpha)
{
    const struct column_profile *r = pair->reference, *c = pair->current;
    double n = (double)r->count, m = (double)c->count, p = missing_share(r), q = missing_share(c);
    if (fabs(p - q) <= MISSING_THRESHOLD)
        return false;
    double pooled = (double)(r->missing + c->missing) / (n + m);
    return n * coin_divergence(p, pooled) + m * coin_divergence(q, pooled) > log(2 / alpha);
}

/* The cell of a text column that moved most, or values that the reference never saw. */
static void explain_texts(const struct pair *pair, struct buffer *text)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t count, fresh = 0, most = 0;
    struct frequent_item *items = frequent_items(c, &count);
    double n = present(pair->reference), m = present(pair->current), largest = -1;
    for (size_t i = 0; i < count; i++) {
        double before = (double)frequent_count(r, items[i].value) / n;
        double moved = fabs((double)items[i].count / m - before);
        if (before == 0 && frequent_error(r) == 0 && fresh++ < 3)
            buffer_printf(text, "%s'%.40s'", fresh > 1 ? ", " : "new: ", items[i].value);
        if (moved > largest) {
            largest = moved;
            most = i;
        }
    }
    if (fresh > 3)
        buffer_printf(text, " and %zu more", fresh - 3);
    if (count > 0)
        buffer_printf(text, "%s'%.40s' %.1f %% -> %.1f %%", fresh ? "; " : "", items[most].value,
                      100 * (double)frequent_count(r, items[most].value) / n,
                      100 * (double)items[most].count / m);
    free(items);
}

static void explain(const struct pair *pair, bool values, bool missing, struct buffer *text)
{
    if (values && pair->reference->quantiles)
        buffer_printf(text, "median %.6g -> %.6g", kll_view_quantile(&pair->reference_view, 0.5),
                      kll_view_quantile(&pair->current_view, 0.5));
    else if (values)
        explain_texts(pair, text);
    if (missing)
        buffer_printf(text, "%smissing %.1f %% -> %.1f %%", text->length ? "; " : "",
                      100 * missing_share(pair->reference), 100 * missing_share(pair->current));
}

static void judge(const struct pair *pair, const struct drift_method *method, double threshold,
                  double alpha, struct mlops_drift_column *column)
{
    _cleanup_(buffer_clear) struct buffer detail = {0};
    bool comparable = present(pair->reference) > 0 && present(pair->current) > 0;
    column->name = xstrdup(pair->reference->name);
    column->type = xstrdup(pair->reference->quantiles ? "numeric" : "categorical");
    column->method = xstrdup(method->name);
    column->threshold = threshold;
    column->missing_reference = missing_share(pair->reference);
    column->missing_current = missing_share(pair->current);
    if (comparable) {
        double statistic = method->statistic(pair), noise = method->noise(pair, alpha);
        column->statistic = isnan(statistic) ? 0 : statistic;
        column->threshold = isinf(noise) ? threshold : fmax(threshold, noise);
    }
    bool values = column->statistic > column->threshold, missing = missing_drifted(pair, alpha);
    column->drift = values || missing;
    explain(pair, values, missing, &detail);
    column->detail = buffer_steal(&detail);
}

/* Most drifted first; a column that drifted by its missing share alone comes after those. */
static int by_severity(const void *a, const void *b)
{
    const struct mlops_drift_column *x = a, *y = b;
    double left = x->statistic / x->threshold, right = y->statistic / y->threshold;
    if (x->drift != y->drift)
        return x->drift ? -1 : 1;
    if (left != right)
        return left > right ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_left_out(const struct column_profile *column, const char *const *leave_out)
{
    for (; leave_out && *leave_out; leave_out++)
        if (str_equal(column->name, *leave_out))
            return true;
    return column->type == COLUMN_TIME; /* time goes on: that is no drift */
}

int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct compare_options *options, struct mlops_drift_report *report,
                     struct mlops_error *err)
{
    const struct drift_method *numeric, *categorical;
    TRY(find_method(options->numeric_method, true, &numeric, err));
    TRY(find_method(options->categorical_method, false, &categorical, err));
    size_t compared = 0, drifted = 0;
    for (size_t i = 0; i < reference->column_count; i++)
        compared += !is_left_out(&reference->columns[i], options->leave_out);
    report->columns = xcalloc(compared, sizeof(*report->columns));
    for (size_t i = 0; i < reference->column_count; i++) {
        const struct column_profile *column = &reference->columns[i];
        if (is_left_out(column, options->leave_out))
            continue;
        struct pair pair;
        const struct drift_method *method = column->quantiles ? numeric : categorical;
        double threshold = options->threshold > 0 ? options->threshold : method->threshold;
        pair_make(&pair, column, profile_column(current, column->name));
        /* Bonferroni: the chance of a false alarm is ALPHA for the whole table */
        judge(&pair, method, threshold, ALPHA / (double)compared,
              &report->columns[report->column_count]);
        drifted += report->columns[report->column_count++].drift;
        pair_clear(&pair);
    }
    qsort(report->columns, compared, sizeof(*report->columns), by_severity);
    report->drift = drifted > 0;
    report->share = compared ? (double)drifted / (double)compared : 0;
    report->rows = current->rows;
    return MLOPS_OK;
}
