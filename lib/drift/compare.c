/* lib/drift/compare.c - the methods, their thresholds, and the verdict on each column. */
#include "drift/compare.h"
#include "drift/pair.h"
#include "stats/distance.h"
#include "stats/frequent.h"
#include "table/show.h"
#include <math.h>

#define SHARE_THRESHOLD 0.05 /* a rise or fall of the missing share, or of new values; absolute */
#define ALPHA 0.001          /* chance that noise alone passes for drift in one table */
#define CRITERIA 3           /* that a column is held against: values, missing share, new values */

struct drift_method {
    const char *name;
    bool numeric, categorical;
    double threshold; /* from which on it is worth a look, however many rows there are */
    double (*statistic)(const struct pair *pair);
    /* What noise alone reaches with probability alpha at the sizes of the two samples. */
    double (*noise)(const struct pair *pair, double alpha);
};

/* ---- statistics ------------------------------------------------------------------------- */

static double ks(const struct pair *pair)
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
    return 1 / pair->n + 1 / pair->m;
}

static bool is_exact(const struct column_profile *column)
{
    return !column->quantiles || kll_count(column->quantiles) <= KLL_K;
}

/* How many of the two columns are known by a sketch that had to leave values out. */
static double sketched(const struct pair *pair)
{
    return !is_exact(pair->reference) + !is_exact(pair->current);
}

/* Smirnov's asymptotic bound, sqrt(-ln(alpha/2)/2 · (1/n + 1/m)); the sketches may add their own
 * errors. */
static double noise_ks(const struct pair *pair, double alpha)
{
    return sqrt(-log(alpha / 2) / 2 * inverse_sizes(pair)) + KLL_RANK_ERROR * sketched(pair);
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
    if (fabs(p - q) <= SHARE_THRESHOLD)
        return false;
    double pooled = (double)(r->missing + c->missing) / (n + m);
    return n * coin_divergence(p, pooled) + m * coin_divergence(q, pooled) > log(2 / alpha);
}

/* More rows with values that the reference never had than there would be without drift? */
static bool is_novel(const struct pair *pair, double alpha)
{
    const struct novelty *novelty = &pair->novelty;
    return novelty->known && novelty->share - novelty->expected > SHARE_THRESHOLD &&
           novelty->log_chance < log(alpha);
}

static void name_value(struct buffer *text, const char *value)
{
    char shown[CELL_SHOWN_SIZE];
    cell_show((struct text_view){.data = value, .length = (uint32_t)strlen(value)}, shown);
    buffer_printf(text, "'%s'", shown);
}

/* The most frequent of the values that the reference never had, and how many rows have one. */
static void explain_new(const struct pair *pair, struct buffer *text)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t count, fresh = 0;
    struct frequent_item *items = frequent_items(c, &count);
    for (size_t i = 0; i < count; i++)
        if (frequent_count(r, items[i].value) == 0 && fresh++ < 3) {
            buffer_puts(text, fresh > 1 ? ", " : "new: ");
            name_value(text, items[i].value);
        }
    if (fresh > 3)
        buffer_printf(text, " and %zu more", fresh - 3);
    if (fresh > 0)
        buffer_printf(text, " in %.1f %% of rows", 100 * pair->novelty.share);
    if (pair->novelty.expected >= 0.001)
        buffer_printf(text, " (%.1f %% to be expected)", 100 * pair->novelty.expected);
    free(items);
}

/* The value of a text column whose share moved most, of those that either tracks. */
static void explain_texts(const struct pair *pair, struct buffer *text)
{
    const struct column_profile *of[] = {pair->reference, pair->current};
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    _cleanup_(buffer_clear) struct buffer name = {0};
    double largest = -1, before = 0, after = 0;
    for (size_t side = 0; side < ARRAY_LENGTH(of); side++) {
        size_t count;
        struct frequent_item *items = frequent_items(of[side]->frequent, &count);
        for (size_t i = 0; i < count; i++) {
            double p = (double)frequent_count(r, items[i].value) / pair->n;
            double q = (double)frequent_count(c, items[i].value) / pair->m;
            if (fabs(p - q) <= largest)
                continue;
            largest = fabs(p - q);
            before = p;
            after = q;
            buffer_reset(&name);
            name_value(&name, items[i].value);
        }
        free(items);
    }
    if (largest >= 0)
        buffer_printf(text, "%s %.1f %% -> %.1f %%", name.data, 100 * before, 100 * after);
}

static void explain_numbers(const struct pair *pair, struct buffer *text)
{
    static const double quantiles[] = {0.5, 0.1, 0.9};
    static const char *const names[] = {"median", "10 % below", "90 % below"};
    for (size_t i = 0; i < ARRAY_LENGTH(quantiles); i++) {
        double before = kll_view_quantile(&pair->reference_view, quantiles[i]);
        double after = kll_view_quantile(&pair->current_view, quantiles[i]);
        if (before == after && i + 1 < ARRAY_LENGTH(quantiles))
            continue; /* something else moved */
        buffer_printf(text, "%s %.6g -> %.6g", names[i], before, after);
        return;
    }
}

static void judge(const struct pair *pair, const struct drift_method *method, double threshold,
                  double alpha, struct mlops_drift_column *column)
{
    _cleanup_(buffer_clear) struct buffer detail = {0};
    const struct column_profile *r = pair->reference, *c = pair->current;
    column->name = xstrdup(r->name);
    column->type = xstrdup(r->quantiles ? "numeric" : "categorical");
    column->method = xstrdup(method->name);
    column->threshold = threshold;
    column->missing_reference = missing_share(r);
    column->missing_current = missing_share(c);
    if (pair->n > 0 && pair->m > 0) {
        double statistic = method->statistic(pair), noise = method->noise(pair, alpha);
        column->statistic = isnan(statistic) ? 0 : statistic;
        column->threshold = isfinite(noise) ? fmax(threshold, noise) : threshold;
    }
    bool values = column->statistic > column->threshold;
    bool missing = missing_drifted(pair, alpha), novel = is_novel(pair, alpha);
    column->drift = values || missing || novel;
    if (novel || (values && pair->novelty.known && pair->novelty.share > 0))
        explain_new(pair, &detail);
    if (values) {
        buffer_puts(&detail, detail.length ? "; " : "");
        (r->quantiles ? explain_numbers : explain_texts)(pair, &detail);
    }
    if (missing)
        buffer_printf(&detail, "%smissing %.1f %% -> %.1f %%", detail.length ? "; " : "",
                      100 * missing_share(r), 100 * missing_share(c));
    column->detail = buffer_steal(&detail);
}

/* Most drifted first; a column that drifted by missing or new values alone comes after those. */
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

int compare_check(const struct compare_options *options, struct mlops_error *err)
{
    const struct drift_method *method;
    TRY(find_method(options->numeric_method, true, &method, err));
    TRY(find_method(options->categorical_method, false, &method, err));
    if (!(options->threshold >= 0 && isfinite(options->threshold)))
        return mlops_fail(err, MLOPS_INVALID, "a threshold of %g is none: it must be above 0",
                          options->threshold);
    return MLOPS_OK;
}

/* The column `name`, most likely at `*place`: both profiles have the same order as a rule. */
static const struct column_profile *column_near(const struct profile *profile, const char *name,
                                                size_t *place)
{
    size_t at = (*place)++;
    if (at < profile->column_count && str_equal(profile->columns[at].name, name))
        return &profile->columns[at];
    return profile_column(profile, name);
}

int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct compare_options *options, struct mlops_drift_report *report,
                     struct mlops_error *err)
{
    const struct drift_method *numeric, *categorical;
    TRY(compare_check(options, err));
    TRY(find_method(options->numeric_method, true, &numeric, err));
    TRY(find_method(options->categorical_method, false, &categorical, err));
    size_t compared = 0, drifted = 0, place = 0;
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
        pair_make(&pair, column, column_near(current, column->name, &place));
        /* Bonferroni: the chance of a false alarm is ALPHA for the whole table */
        judge(&pair, method, threshold, ALPHA / (CRITERIA * (double)compared),
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
