/* lib/stats/distance.c - distances between distributions. */
#include "stats/distance.h"
#include <math.h>

static double total(const struct kll_view *view)
{
    return view->size ? (double)view->cumulative[view->size - 1] : 0;
}

/* Walk over all values of both in order; `visit` sees the width of the step to the next value and
 * the two distribution functions on it. */
static void walk(const struct kll_view *a, const struct kll_view *b,
                 void (*visit)(double *sum, double width, double fa, double fb), double *sum)
{
    size_t i = 0, j = 0;
    double na = total(a), nb = total(b), before = 0;
    bool first = true;
    while (i < a->size || j < b->size) {
        double fa = i ? (double)a->cumulative[i - 1] / na : 0;
        double fb = j ? (double)b->cumulative[j - 1] / nb : 0;
        bool take_a = j == b->size || (i < a->size && a->values[i] <= b->values[j]);
        bool take_b = i == a->size || (j < b->size && b->values[j] <= a->values[i]);
        double value = take_a ? a->values[i] : b->values[j];
        if (!first)
            visit(sum, value - before, fa, fb);
        first = false;
        before = value;
        i += take_a;
        j += take_b;
    }
}

static void visit_ks(double *largest, double width, double fa, double fb)
{
    (void)width;
    *largest = fmax(*largest, fabs(fa - fb));
}

static void visit_wasserstein(double *sum, double width, double fa, double fb)
{
    if (fa != fb)
        *sum += width * fabs(fa - fb);
}

double distance_ks(const struct kll_view *a, const struct kll_view *b)
{
    double largest = 0;
    if (a->size == 0 || b->size == 0)
        return NAN;
    walk(a, b, visit_ks, &largest);
    return largest;
}

double distance_wasserstein(const struct kll_view *a, const struct kll_view *b)
{
    double sum = 0;
    if (a->size == 0 || b->size == 0)
        return NAN;
    walk(a, b, visit_wasserstein, &sum);
    return sum;
}

static double mass(const double *p, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    return sum;
}

double distance_jensen_shannon(const double *p, const double *q, size_t n)
{
    double np = mass(p, n), nq = mass(q, n), divergence = 0;
    if (np <= 0 || nq <= 0)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        double a = p[i] / np, b = q[i] / nq, middle = (a + b) / 2;
        if (a > 0)
            divergence += a * log2(a / middle) / 2;
        if (b > 0)
            divergence += b * log2(b / middle) / 2;
    }
    return sqrt(fmax(divergence, 0));
}

double distance_total_variation(const double *p, const double *q, size_t n)
{
    double np = mass(p, n), nq = mass(q, n), sum = 0;
    if (np <= 0 || nq <= 0)
        return NAN;
    for (size_t i = 0; i < n; i++)
        sum += fabs(p[i] / np - q[i] / nq);
    return sum / 2;
}

double distance_psi(const double *p, const double *q, size_t n)
{
    static const double floor_share = 0.0001;
    double np = mass(p, n), nq = mass(q, n), sum = 0;
    if (np <= 0 || nq <= 0)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        double a = fmax(p[i] / np, floor_share), b = fmax(q[i] / nq, floor_share);
        if (p[i] > 0 || q[i] > 0)
            sum += (b - a) * log(b / a);
    }
    return sum;
}
