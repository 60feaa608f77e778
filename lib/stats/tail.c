/* lib/stats/tail.c - upper tails of the distributions of test statistics. */
#include "stats/tail.h"
#include <math.h>

#define TERMS_MAX 100000
#define PRECISION 1e-16

/* P(a, x) by its series; for x < a + 1. */
static double gamma_lower(double a, double x, double scale)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < TERMS_MAX && term > sum * PRECISION; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return scale * sum;
}

/* Q(a, x) by Lentz's evaluation of its continued fraction; for x >= a + 1. */
static double gamma_upper(double a, double x, double scale)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        double numerator = -i * (i - a);
        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= c * d;
        if (fabs(c * d - 1) < PRECISION)
            break;
    }
    return scale * fraction;
}

double tail_chi_square(double x, double freedom)
{
    double a = freedom / 2, half = x / 2;
    if (isnan(x) || !(freedom > 0))
        return NAN;
    if (half <= 0)
        return 1;
    if (isinf(half))
        return 0;
    double scale = exp(a * log(half) - half - lgamma(a));
    return half < a + 1 ? 1 - gamma_lower(a, half, scale) : gamma_upper(a, half, scale);
}

/* The continued fraction of I_x(a, b) by Lentz; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
    double fraction = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        double before = fraction, m = i;
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        fraction *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        fraction *= c * d;
        if (fabs(fraction - before) <= PRECISION * fabs(fraction))
            break;
    }
    return fraction;
}

/* I_x(a, b), the regularised incomplete beta function; `y` is 1 - x. */
static double beta_lower(double a, double b, double x, double y)
{
    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    double scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
    return x < (a + 1) / (a + b + 2) ? scale * beta_fraction(a, b, x) / a
                                     : 1 - scale * beta_fraction(b, a, y) / b;
}

double tail_student_both(double t, double freedom)
{
    double square = t * t;
    if (isnan(t) || !(freedom > 0))
        return NAN;
    if (isinf(square))
        return 0;
    return beta_lower(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square));
}

double tail_normal_both(double z)
{
    return erfc(fabs(z) / M_SQRT2);
}

double tail_kolmogorov(double z)
{
    if (z <= 0)
        return 1;
    if (z < 1) { /* the theta function turned round: converges fast for small z */
        double sum = 0;
        for (int k = 1; k < 40; k += 2)
            sum += exp(-k * k * M_PI * M_PI / (8 * z * z));
        return 1 - sqrt(2 * M_PI) / z * sum;
    }
    double sum = 0;
    for (int k = 1; k < 40; k++)
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * z * z);
    return sum;
}

double tail_ks_exact(double d, size_t n, size_t m)
{
    double nd = (double)n, md = (double)m;
    /* the statistic is a whole number of 1/(n m): compare between two of them */
    double bound = (ceil(d * nd * md - 1e-7) - 0.5) / (nd * md);
    double *left = xcalloc(m + 1, sizeof(*left)); /* share of paths to (i, j) that left the band */
    for (size_t j = 0; j <= m; j++)
        left[j] = (double)j / md > bound;
    size_t low = 0; /* the band of row i begins here; it moves up from row to row */
    for (size_t i = 1; i <= n; i++) {
        double x = (double)i;
        while (low <= m && x / nd - (double)low / md > bound)
            left[low++] = 1;
        for (size_t j = low; j <= m && (double)j / md - x / nd <= bound; j++) {
            double y = (double)j;
            left[j] = (left[j] * x + (j ? left[j - 1] * y : 0)) / (x + y);
        }
    }
    double share = left[m];
    free(left);
    return d <= 0 ? 1 : share;
}

/* exp(-q) K_1/4(q): ∫ exp(-q (1 + cosh t)) cosh(t/4) dt by the trapezoidal rule, whose error falls
 * exponentially here. */
static double bessel(double q)
{
    double step = 0.05 / fmax(1, sqrt(q)), sum = exp(-2 * q) / 2;
    for (double t = step;; t += step) {
        double value = exp(-q * (1 + cosh(t))) * cosh(t / 4);
        sum += value;
        if (value <= sum * 1e-18)
            return sum * step;
    }
}

double tail_cramer_von_mises(double x)
{
    static const double least = 0.003, enough = 1e-7; /* as SciPy has them */
    double sum = 0;
    if (isnan(x) || x < least)
        return isnan(x) ? NAN : 1;
    for (int k = 0; k < TERMS_MAX; k++) {
        double y = 4 * k + 1, q = y * y / (16 * x);
        double factor = exp(lgamma(k + 0.5) - lgamma(k + 1.0)) / (pow(M_PI, 1.5) * sqrt(x));
        double term = factor * sqrt(y) * bessel(q);
        sum += term;
        if (fabs(term) < enough)
            break;
    }
    return fmax(0, 1 - sum);
}
