/* lib/stats/distance.c - distances between distributions. */
#include "stats/distance.h"
#include <math.h>

/* The values first … end-1 of a view, as a distribution of their own. */
struct side {
    const struct kll_view *view;
    size_t first, end;
    double before, total; /* counts: ahead of them, and of them */
};

static struct side side_of(const struct kll_view *view, bool finite)
{
    struct side side = {.view = view, .end = view->size};
    while (finite && side.first < side.end && isinf(view->values[side.first]))
        side.first++; /* -inf */
    while (finite && side.end > side.first && isinf(view->values[side.end - 1]))
        side.end--;
    side.before = side.first ? (double)view->cumulative[side.first - 1] : 0;
    side.total = side.end > side.first ? (double)view->cumulative[side.end - 1] - side.before : 0;
    return side;
}

/* Share of the values ahead of number `i`. */
static double share_before(const struct side *side, size_t i)
{
    return i > side->first ? ((double)side->view->cumulative[i - 1] - side->before) / side->total
                           : 0;
}

struct step {
    double width;  /* from one value to the next of both */
    double fa, fb; /* the two distribution functions on it */
    double na, nb; /* how many values there are */
};

/* Walk over all values of both in order and show every step between them to `visit`. NaN where one
 * side has no values. */
static double walk(const struct kll_view *view_a, const struct kll_view *view_b, bool finite,
                   void (*visit)(double *result, const struct step *step))
{
    struct side a = side_of(view_a, finite), b = side_of(view_b, finite);
    size_t i = a.first, j = b.first;
    double before = 0, result = 0;
    if (a.total <= 0 || b.total <= 0)
        return NAN;
    while (i < a.end || j < b.end) {
        double x = i < a.end ? a.view->values[i] : INFINITY;
        double y = j < b.end ? b.view->values[j] : INFINITY;
        double value = fmin(x, y);
        if (i > a.first || j > b.first)
            visit(&result, &(struct step){.width = value - before,
                                          .fa = share_before(&a, i),
                                          .fb = share_before(&b, j),
                                          .na = a.total,
                                          .nb = b.total});
        before = value;
        i += i < a.end && x <= value;
        j += j < b.end && y <= value;
    }
    return result;
}

static void visit_ks(double *largest, const struct step *step)
{
    *largest = fmax(*largest, fabs(step->fa - step->fb));
}

static void visit_wasserstein(double *sum, const struct step *step)
{
    if (step->fa != step->fb) /* the width may be infinite */
        *sum += step->width * fabs(step->fa - step->fb);
}

static void visit_energy(double *sum, const struct step *step)
{
    if (step->fa != step->fb)
        *sum += step->width * (step->fa - step->fb) * (step->fa - step->fb);
}

static void visit_spread(double *sum, const struct step *step)
{
    double both = (step->na * step->fa + step->nb * step->fb) / (step->na + step->nb);
    *sum += step->width * sqrt(fmax(both * (1 - both), 0));
}

double distance_ks(const struct kll_view *a, const struct kll_view *b)
{
    return walk(a, b, false, visit_ks);
}

double distance_wasserstein(const struct kll_view *a, const struct kll_view *b)
{
    return walk(a, b, true, visit_wasserstein);
}

double distance_energy(const struct kll_view *a, const struct kll_view *b)
{
    return sqrt(2 * walk(a, b, true, visit_energy));
}

double distance_spread(const struct kll_view *a, const struct kll_view *b)
{
    return walk(a, b, true, visit_spread);
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

double distance_hellinger(const double *p, const double *q, size_t n)
{
    double np = mass(p, n), nq = mass(q, n), sum = 0;
    if (np <= 0 || nq <= 0)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        double gap = sqrt(p[i] / np) - sqrt(q[i] / nq);
        sum += gap * gap;
    }
    return sqrt(sum / 2);
}

double distance_l_infinity(const double *p, const double *q, size_t n)
{
    double np = mass(p, n), nq = mass(q, n), largest = 0;
    if (np <= 0 || nq <= 0)
        return NAN;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(p[i] / np - q[i] / nq));
    return largest;
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
