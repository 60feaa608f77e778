/* lib/stats/two_sample.c - Kolmogorov-Smirnov, Cramér-von Mises, Anderson-Darling. */
#include "stats/two_sample.h"
#include "stats/distance.h"
#include "stats/radix.h"
#include "stats/tail.h"
#include <math.h>

#define EXACT_STEPS_MAX 1e7

/* The different values of two samples in order. */
struct walk {
    const struct kll_view *a, *b;
    size_t i, j;
    double in_a, in_b;         /* how often the value came */
    double before_a, before_b; /* values below it */
};

static bool walk_next(struct walk *walk)
{
    const struct kll_view *a = walk->a, *b = walk->b;
    walk->before_a += walk->in_a;
    walk->before_b += walk->in_b;
    if (walk->i == a->size && walk->j == b->size)
        return false;
    double x = walk->i < a->size ? a->values[walk->i] : INFINITY;
    double y = walk->j < b->size ? b->values[walk->j] : INFINITY;
    double value = fmin(x, y);
    while (walk->i < a->size && a->values[walk->i] <= value)
        walk->i++;
    while (walk->j < b->size && b->values[walk->j] <= value)
        walk->j++;
    walk->in_a = (walk->i ? (double)a->cumulative[walk->i - 1] : 0) - walk->before_a;
    walk->in_b = (walk->j ? (double)b->cumulative[walk->j - 1] : 0) - walk->before_b;
    return true;
}

static double total(const struct kll_view *view)
{
    return view->size ? (double)view->cumulative[view->size - 1] : 0;
}

static const struct test_result no_answer = {NAN, NAN};

void sample_view(double *values, size_t count, struct kll_view *view)
{
    uint64_t *keys = xcalloc(count + 1, sizeof(*keys)), *spare = xcalloc(count + 1, sizeof(*spare));
    for (size_t i = 0; i < count; i++)
        keys[i] = falling_key(values[i]);
    radix_sort_keys(keys, spare, count);
    *view = (struct kll_view){.values = xcalloc(count + 1, sizeof(double)),
                              .cumulative = xcalloc(count + 1, sizeof(uint64_t))};
    for (size_t i = 0; i < count; i++) {
        values[i] = falling_number(keys[count - 1 - i]);
        if (i == 0 || values[i] != values[i - 1])
            view->values[view->size++] = values[i];
        view->cumulative[view->size - 1] = i + 1;
    }
    free(keys);
    free(spare);
}

struct test_result test_ks(const struct kll_view *a, const struct kll_view *b)
{
    double n = total(a), m = total(b), d = distance_ks(a, b);
    if (isnan(d))
        return no_answer;
    if (n * m <= EXACT_STEPS_MAX)
        return (struct test_result){d, tail_ks_exact(d, (size_t)n, (size_t)m)};
    return (struct test_result){d, tail_kolmogorov(sqrt(n * m / (n + m)) * d)};
}

double statistic_cramer_von_mises(const struct kll_view *a, const struct kll_view *b)
{
    double n = total(a), m = total(b), both = n + m, sum = 0;
    if (n < 2 || m < 2)
        return NAN;
    for (struct walk walk = {.a = a, .b = b}; walk_next(&walk);) {
        double gap = (walk.before_a + walk.in_a) / n - (walk.before_b + walk.in_b) / m;
        sum += (walk.in_a + walk.in_b) * gap * gap;
    }
    return n * m / (both * both) * sum;
}

struct test_result test_cramer_von_mises(const struct kll_view *a, const struct kll_view *b)
{
    double n = total(a), m = total(b), k = n * m, both = n + m;
    double statistic = statistic_cramer_von_mises(a, b);
    if (isnan(statistic))
        return no_answer;
    double mean = (1 + 1 / both) / 6;
    double variance = (both + 1) * (4 * k * both - 3 * (n * n + m * m) - 2 * k);
    variance /= 45 * both * both * 4 * k;
    double standard = 1.0 / 6 + (statistic - mean) / sqrt(45 * variance);
    return (struct test_result){statistic, tail_cramer_von_mises(standard)};
}

/* The variance of the statistic of two samples (Scholz and Stephens 1987, equation 4). */
static double anderson_variance(double n, double m)
{
    static _Thread_local struct {
        double both, h, g;
    } last; /* many tables of the same size are compared one after another */
    double both = n + m, size = 1 / n + 1 / m, h = 0, g = 0;
    if (last.both != both) {
        for (double i = both - 1; i > 1; i--) {
            h += 1 / i;
            g += h / (both - i + 1);
        }
        last.both = both;
        last.h = h + 1;
        last.g = g;
    }
    h = last.h;
    g = last.g;
    double a = 4 * g - 6 + (10 - 6 * g) * size;
    double b = 4 * (2 * g - 4) + 16 * h + (2 * g - 14 * h - 4) * size - 8 * h + 4 * g - 6;
    double c = 4 * (6 * h + 2 * g - 2) + 2 * (4 * h - 4 * g + 6) + (2 * h - 6) * size + 4 * h;
    double d = 4 * (2 * h + 6) - 8 * h;
    return (((a * both + b) * both + c) * both + d) / ((both - 1) * (both - 2) * (both - 3));
}

/* Their table 2 for one degree of freedom, and the parabola through the logarithms of its levels
 * by least squares, as SciPy draws it. */
static double anderson_p(double standard)
{
    static const double lowest = 0.675 - 0.245 - 0.105, highest = 3.085 + 3.615 - 0.154;
    static const double parabola[] = {0.018198094574111343, -1.0082265644652515, -1.077770279820486};
    if (isnan(standard))
        return NAN;
    if (standard < lowest)
        return 0.25;
    if (standard > highest)
        return 0.001;
    return exp((parabola[0] * standard + parabola[1]) * standard + parabola[2]);
}

struct test_result test_anderson_darling(const struct kll_view *a, const struct kll_view *b)
{
    double n = total(a), m = total(b), both = n + m, of_a = 0, of_b = 0;
    if (n < 1 || m < 1 || both < 4)
        return no_answer;
    for (struct walk walk = {.a = a, .b = b}; walk_next(&walk);) {
        double copies = walk.in_a + walk.in_b;
        double below = walk.before_a + walk.before_b + copies / 2;
        double weight = copies / both / (below * (both - below) - both * copies / 4);
        double gap_a = both * (walk.before_a + walk.in_a / 2) - below * n;
        double gap_b = both * (walk.before_b + walk.in_b / 2) - below * m;
        of_a += weight * gap_a * gap_a;
        of_b += weight * gap_b * gap_b;
    }
    double raw = (of_a / n + of_b / m) * (both - 1) / both;
    double standard = (raw - 1) / sqrt(anderson_variance(n, m));
    return (struct test_result){standard, anderson_p(standard)};
}
