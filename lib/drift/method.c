/* lib/drift/method.c - the methods: their statistics, and what noise reaches. */
#include "drift/method.h"
#include "stats/contingency.h"
#include "stats/distance.h"
#include <math.h>

#define FEW 20 /* values of a column */

/* ---- statistics ------------------------------------------------------------------------- */

double method_ks(const struct pair *pair)
{
    return distance_ks(&pair->reference_view, &pair->current_view);
}

/* Infinite values are in neither the distance nor the deviation. */
static double finite_count(const struct column_profile *column)
{
    return (double)(column->count - column->missing - column->infinite);
}

static double wasserstein(const struct pair *pair)
{
    double n = finite_count(pair->reference), m2 = pair->reference->m2;
    double deviation = n > 1 && m2 > 0 ? sqrt(m2 / n) : 0;
    double distance = distance_wasserstein(&pair->reference_view, &pair->current_view);
    if (deviation > 0)
        return distance / deviation;
    return distance > 0 ? INFINITY : distance; /* a constant that moved, or did not */
}

static double jensen_shannon(const struct pair *pair)
{
    return distance_jensen_shannon(pair->p, pair->q, pair->cells);
}

static double hellinger(const struct pair *pair)
{
    return distance_hellinger(pair->p, pair->q, pair->cells);
}

static double l_infinity(const struct pair *pair)
{
    return distance_l_infinity(pair->p, pair->q, pair->cells);
}

/* In units of the reference's deviation, as Wasserstein's distance is. */
static double energy(const struct pair *pair)
{
    double n = finite_count(pair->reference), m2 = pair->reference->m2;
    double deviation = n > 1 && m2 > 0 ? sqrt(m2 / n) : 0;
    double distance = distance_energy(&pair->reference_view, &pair->current_view);
    if (deviation > 0)
        return distance / sqrt(deviation);
    return distance > 0 ? INFINITY : distance;
}

static double cramer_von_mises(const struct pair *pair)
{
    return statistic_cramer_von_mises(&pair->reference_view, &pair->current_view);
}

static double anderson_darling(const struct pair *pair)
{
    return test_anderson_darling(&pair->reference_view, &pair->current_view).statistic;
}

static double p_cramer_von_mises(const struct pair *pair)
{
    return test_cramer_von_mises(&pair->reference_view, &pair->current_view).p;
}

static double p_anderson_darling(const struct pair *pair)
{
    return test_anderson_darling(&pair->reference_view, &pair->current_view).p;
}

static double chi_square(const struct pair *pair)
{
    return test_chi_square(pair->p, pair->q, pair->cells).statistic;
}

static double p_chi_square(const struct pair *pair)
{
    return pair->cells < 2 ? NAN : test_chi_square(pair->p, pair->q, pair->cells).p;
}

static double g(const struct pair *pair)
{
    return test_g(pair->p, pair->q, pair->cells).statistic;
}

static double p_g(const struct pair *pair)
{
    return pair->cells < 2 ? NAN : test_g(pair->p, pair->q, pair->cells).p;
}

/* How many tests of one cell against all others there are: with two cells both are the same. */
static size_t rivals(const struct pair *pair)
{
    return pair->cells > 2 ? pair->cells : 1;
}

/* The test of one cell against all others that tells most, p by Bonferroni over the cells. */
static struct test_result telling_most(const struct pair *pair,
                                       struct test_result (*test)(double, double, double, double))
{
    struct test_result most = {0, pair->cells < 2 ? NAN : 1};
    for (size_t i = 0; i < rivals(pair) && pair->cells > 1; i++) {
        struct test_result found = test(pair->p[i], pair->n, pair->q[i], pair->m);
        if (fabs(found.statistic) > most.statistic)
            most = (struct test_result){fabs(found.statistic), found.p};
    }
    most.p *= (double)rivals(pair);
    most.p = most.p > 1 ? 1 : most.p;
    return most;
}

static double z(const struct pair *pair)
{
    return telling_most(pair, test_proportions).statistic;
}

static double p_z(const struct pair *pair)
{
    return telling_most(pair, test_proportions).p;
}

static double fisher(const struct pair *pair)
{
    return fmax(telling_most(pair, test_fisher).statistic - log10((double)rivals(pair)), 0);
}

static double p_fisher(const struct pair *pair)
{
    return telling_most(pair, test_fisher).p;
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

bool method_has_few(const struct pair *pair)
{
    return fmin(pair->n, pair->m) < FEW;
}

/* 1/n + 1/m: the variance of a difference of shares is p(1-p) times this. */
static double inverse_sizes(const struct pair *pair)
{
    return 1 / pair->n + 1 / pair->m;
}

/* How many of the two columns are known by a sketch that had to leave values out. */
static double sketched(const struct pair *pair)
{
    return (double)pair_sketched(pair);
}

/* Smirnov's asymptotic bound, sqrt(-ln(alpha/2)/2 · (1/n + 1/m)). */
static double smirnov_bound(const struct pair *pair, double alpha)
{
    return sqrt(-log(alpha / 2) / 2 * inverse_sizes(pair));
}

/* The sketches may add their own errors. */
static double noise_ks(const struct pair *pair, double alpha)
{
    return smirnov_bound(pair, alpha) + KLL_RANK_ERROR * sketched(pair);
}

/* From the least to the largest finite value of both. */
static double finite_range(const struct pair *pair)
{
    const struct kll_view *views[] = {&pair->reference_view, &pair->current_view};
    double least = INFINITY, largest = -INFINITY;
    for (size_t i = 0; i < ARRAY_LENGTH(views); i++)
        for (size_t j = 0; j < views[i]->size; j++) {
            double value = views[i]->values[j];
            least = isinf(value) ? least : fmin(least, value);
            largest = isinf(value) ? largest : fmax(largest, value);
        }
    return largest - least;
}

/*
 * F - G is sqrt(s H(1-H)) times a standard normal variable at every point, whose absolute value has
 * the mean sqrt(2/pi): that is the mean of the area between them. The area is the supremum of an
 * empirical process, over all functions of slope 1, and so exceeds its mean by no more than
 * Bernstein's inequality says (Bousquet 2002). A sketch adds as much as drawing twice KLL_K values
 * would.
 */
static double noise_wasserstein(const struct pair *pair, double alpha)
{
    const struct column_profile *r = pair->reference, *c = pair->current;
    double n = finite_count(r), m = finite_count(c), s = 1 / n + 1 / m;
    double within = sqrt((r->m2 + c->m2) / (n + m)), deviation = sqrt(r->m2 / n);
    double spread = distance_spread(&pair->reference_view, &pair->current_view);
    double mean = sqrt(2 / M_PI * (s + sketched(pair) / (2 * KLL_K))) * spread;
    double excess =
        sqrt(-2 * log(alpha) * s) * within - log(alpha) * finite_range(pair) / (3 * fmin(n, m));
    double noise = (mean + excess) / deviation;
    return isfinite(noise) ? noise : noise_ks(pair, alpha); /* constants */
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

/*
 * Without drift, Σ (p-q)²/mean share · nm/(n+m) is chi-square with cells - 1 degrees of freedom
 * (Pearson's two-sample statistic), and for small differences PSI equals Σ (p-q)²/share. Where the
 * emptiest cell has e expected rows the tail is heavier than that, by less than a factor 1 + 2/e
 * for e >= 10 (found by simulation: docs/drift.md). The share of a cell between two quantiles of a
 * sketch has the errors of both its ends besides.
 */
static double noise_psi(const struct pair *pair, double alpha)
{
    static const double rank_deviation = KLL_RANK_ERROR / 2.58; /* 99 % are within the error */
    double least = INFINITY, k = (double)pair->cells;
    for (size_t i = 0; i < pair->cells; i++)
        least = fmin(least, pair_expected_rows(pair, i));
    if (pair->cells < 2)
        return INFINITY; /* too few rows to say anything */
    double s = inverse_sizes(pair) * (1 + 2 / least) +
               2 * k * rank_deviation * rank_deviation * sketched(pair);
    return chi_square_bound(k - 1, alpha) * s;
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

/* Σ (√p - √q)² / 2 is Σ (p-q)² / share / 8 for small differences. */
static double noise_hellinger(const struct pair *pair, double alpha)
{
    return sqrt(noise_psi(pair, alpha) / 8);
}

/* ∫ (F - G)² is at most the largest gap times the area. */
static double noise_energy(const struct pair *pair, double alpha)
{
    return sqrt(2 * noise_ks(pair, alpha) * noise_wasserstein(pair, alpha));
}

static double noise_chi_square(const struct pair *pair, double alpha)
{
    return noise_psi(pair, alpha) / inverse_sizes(pair);
}

/* z² of a cell is chi-square with one degree of freedom, and Bonferroni's bound is for all cells;
 * with few rows the tail is heavier, as above. */
static double noise_z(const struct pair *pair, double alpha)
{
    double least = INFINITY;
    for (size_t i = 0; i < pair->cells; i++)
        least = fmin(least, pair_expected_rows(pair, i));
    if (pair->cells < 2)
        return INFINITY;
    double bound = chi_square_bound(1, alpha / (double)rivals(pair)) * (1 + 2 / least);
    return sqrt(bound) + sqrt(pair_rank_error(pair) / inverse_sizes(pair));
}

/* A p-value is below alpha with a probability of alpha at most. */
static double noise_fisher(const struct pair *pair, double alpha)
{
    double sketch = pair_rank_error(pair) / inverse_sizes(pair) / (2 * M_LN10);
    return pair->cells < 2 ? INFINITY : -log10(alpha) + sketch;
}

/* ω² = nm/(n+m) ∫ (F - G)² dH is at most nm/(n+m) times the square of the largest gap. */
static double noise_cramer_von_mises(const struct pair *pair, double alpha)
{
    double gap = noise_ks(pair, alpha);
    return gap * gap / inverse_sizes(pair);
}

/* A² = nm/(n+m) ∫ (F - G)² / (H(1-H)) dH is largest where |F - G| is D everywhere but at the ends,
 * where it is at most H (n+m)/min(n, m): with D bounded as for KS, and by 1, and h = D min(n,
 * m)/(n+m) that is nm/(n+m) D² (1/(1-h) + 2 ln(1/h - 1)). It holds for values however few and
 * equal. */
static double largest_anderson_darling(const struct pair *pair, double alpha)
{
    double gap = fmin(1, smirnov_bound(pair, alpha));
    double end = gap * fmin(pair->n, pair->m) / (pair->n + pair->m);
    return gap * gap / inverse_sizes(pair) * (1 / (1 - end) + 2 * log(fmax(1, 1 / end - 1)));
}

/* The limit of A² is Σ Z² / (j(j+1)), whose tail is that of its first term, Z²/2; standardised by
 * its mean, 1, and its deviation, sqrt(2π²/3 - 6). Of few values it is far from its limit. */
static double noise_anderson_darling(const struct pair *pair, double alpha)
{
    double bound = 1 + chi_square_bound(1, alpha) / 2;
    if (method_has_few(pair))
        bound = largest_anderson_darling(pair, alpha);
    double limit = (bound - 1) / sqrt(2 * M_PI * M_PI / 3 - 6);
    double sketch = KLL_RANK_ERROR * sketched(pair);
    return limit + sketch * sketch / inverse_sizes(pair) * 10;
}

/* ---- what sketches add -------------------------------------------------------------------- */

/* A sum of squared differences of shares has the sizes as a factor. */
static double sketch_chi_square(const struct pair *pair)
{
    return pair_rank_error(pair) / inverse_sizes(pair);
}

/* Here it is of squared differences of ranks. */
static double sketch_cramer_von_mises(const struct pair *pair)
{
    double gap = pair_rank_error(pair);
    return gap * gap / inverse_sizes(pair);
}

/* The weight 1 / (H(1-H)) is 10 on average over the ranks e to 1 - e, with e the error: 2 ln
 * 1/e. */
static double sketch_anderson_darling(const struct pair *pair)
{
    return 10 * sketch_cramer_von_mises(pair);
}

/* z is the root of such a sum, … */
static double sketch_z(const struct pair *pair)
{
    return sqrt(sketch_chi_square(pair));
}

/* … and p about exp(-z²/2). */
static double sketch_fisher(const struct pair *pair)
{
    return sketch_chi_square(pair) / (2 * M_LN10);
}

/* The first method for a kind of column is its default. A newcomer adds a row. */
static const struct drift_method methods[] = {
    {"ks", true, false, false, false, 0, 0.1, method_ks, noise_ks, pair_rank_error, NULL},
    {"jensen_shannon", true, true, true, false, 0, 0.1, jensen_shannon, noise_jensen_shannon,
     pair_rank_error, NULL},
    {"psi", true, true, true, false, 0, 0.2, psi, noise_psi, pair_rank_error, NULL},
    {"wasserstein", true, false, false, false, 0, 0.1, wasserstein, noise_wasserstein,
     pair_rank_error, NULL},
    {"total_variation", true, true, true, false, 0, 0.1, total_variation, noise_total_variation,
     pair_rank_error, NULL},
    {"hellinger", true, true, true, false, 0, 0.1, hellinger, noise_hellinger, pair_rank_error,
     NULL},
    {"l_infinity", true, true, true, false, 0, 0.1, l_infinity, noise_total_variation,
     pair_rank_error, NULL},
    {"energy", true, false, false, false, 0, 0.1, energy, noise_energy, pair_rank_error, NULL},
    {"cramer_von_mises", true, false, false, false, 1, 0.005, cramer_von_mises,
     noise_cramer_von_mises, sketch_cramer_von_mises, p_cramer_von_mises},
    {"anderson_darling", true, false, false, false, 1, 0.03, anderson_darling,
     noise_anderson_darling, sketch_anderson_darling, p_anderson_darling},
    {"chi_square", true, true, true, false, 1, 0.2, chi_square, noise_chi_square, sketch_chi_square,
     p_chi_square},
    {"g", true, true, true, false, 1, 0.2, g, noise_chi_square, sketch_chi_square, p_g},
    {"z", true, true, true, true, 0.5, 0.2, z, noise_z, sketch_z, p_z},
    {"fisher", true, true, true, true, 1, 0.01, fisher, noise_fisher, sketch_fisher, p_fisher},
};

const struct drift_method *method_fisher(void)
{
    return &methods[ARRAY_LENGTH(methods) - 1];
}

double method_threshold(const struct drift_method *method, const struct pair *pair)
{
    bool sized = method->grows > 0 && pair->n > 0 && pair->m > 0;
    return sized ? method->threshold / pow(inverse_sizes(pair), method->grows) : method->threshold;
}

double method_p(const struct drift_method *method, const struct pair *pair)
{
    if (pair->n <= 0 || pair->m <= 0)
        return NAN;
    if (method->p)
        return method->p(pair);
    if (pair->reference->quantiles)
        return test_ks(&pair->reference_view, &pair->current_view).p;
    return p_chi_square(pair);
}

int method_find(const char *name, bool numeric, const struct drift_method **method,
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
