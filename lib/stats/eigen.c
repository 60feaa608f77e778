/* lib/stats/eigen.c - Householder's reduction and implicit QL. */
#include "stats/eigen.h"
#include <float.h>
#include <math.h>

#define SWEEPS_MAX 64 /* an eigenvalue takes two or three */

/* The reflection that leaves of `v`, `count` long, its first value alone: `v` becomes its vector,
 * and 2 / v'v is returned; 0 where there is nothing to do. `*first` gets what is left. */
static double reflect(double *v, size_t count, double *first)
{
    double length = 0;
    for (size_t i = 0; i < count; i++)
        length = hypot(length, v[i]);
    *first = v[0] > 0 ? -length : length;
    v[0] -= *first;
    double square = 0;
    for (size_t i = 0; i < count; i++)
        square += v[i] * v[i];
    return square > 0 ? 2 / square : 0;
}

/* A becomes H A H for H = 1 - factor v v': a change of rank 2. `p` has room for `count`. */
static void reflect_both_sides(double *a, size_t width, size_t from, const double *v, double factor,
                               double *p)
{
    size_t count = width - from;
    double along = 0;
    for (size_t i = 0; i < count; i++) {
        p[i] = 0;
        for (size_t j = 0; j < count; j++)
            p[i] += a[(from + i) * width + from + j] * v[j];
        p[i] *= factor;
        along += p[i] * v[i];
    }
    for (size_t i = 0; i < count; i++)
        p[i] -= factor / 2 * along * v[i];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            a[(from + i) * width + from + j] -= v[i] * p[j] + p[i] * v[j];
}

/* The rows of `vectors` from `from` on are reflected, too. */
static void reflect_vectors(double *vectors, size_t width, size_t from, const double *v,
                            double factor, double *p)
{
    memset(p, 0, width * sizeof(*p));
    for (size_t i = from; i < width; i++)
        for (size_t j = 0; j < width; j++)
            p[j] += v[i - from] * vectors[i * width + j];
    for (size_t i = from; i < width; i++)
        for (size_t j = 0; j < width; j++)
            vectors[i * width + j] -= factor * v[i - from] * p[j];
}

/* `a` becomes tridiagonal: its diagonal and what stands beside it; the rows of `vectors` are the
 * basis in which it is. */
static void tridiagonalise(double *a, size_t width, double *diagonal, double *beside,
                           double *vectors)
{
    double *v = xcalloc(width, sizeof(*v)), *p = xcalloc(width, sizeof(*p));
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < width; j++)
            vectors[i * width + j] = i == j;
    for (size_t k = 0; k + 2 < width; k++) {
        size_t from = k + 1;
        for (size_t i = from; i < width; i++)
            v[i - from] = a[i * width + k];
        double factor = reflect(v, width - from, &beside[k]);
        if (factor > 0) {
            reflect_both_sides(a, width, from, v, factor, p);
            reflect_vectors(vectors, width, from, v, factor, p);
        }
    }
    if (width > 1)
        beside[width - 2] = a[(width - 1) * width + width - 2];
    beside[width - 1] = 0;
    for (size_t i = 0; i < width; i++)
        diagonal[i] = a[i * width + i];
    free(v);
    free(p);
}

/* Rows `i` and `i` + 1 of `vectors` are turned by the angle of which these are sine and cosine. */
static void turn(double *vectors, size_t width, size_t i, double sine, double cosine)
{
    double *upper = vectors + i * width, *lower = upper + width;
    for (size_t k = 0; k < width; k++) {
        double kept = lower[k];
        lower[k] = sine * upper[k] + cosine * kept;
        upper[k] = cosine * upper[k] - sine * kept;
    }
}

/* One QL step with an implicit shift on the rows `first` to `last`. */
static void ql_step(double *d, double *e, size_t first, size_t last, double *vectors, size_t width)
{
    double half = (d[first + 1] - d[first]) / (2 * e[first]), root = hypot(half, 1);
    double g = d[last] - d[first] + e[first] / (half + copysign(root, half));
    double sine = 1, cosine = 1, p = 0;
    for (size_t i = last; i-- > first;) {
        double f = sine * e[i], b = cosine * e[i], r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { /* it falls apart here: the rest is for the next step */
            d[i + 1] -= p;
            e[last] = 0;
            return;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * sine + 2 * cosine * b;
        p = sine * r;
        d[i + 1] = g + p;
        g = cosine * r - b;
        turn(vectors, width, i, sine, cosine);
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
}

static void diagonalise(double *d, double *e, double *vectors, size_t width)
{
    for (size_t first = 0; first < width; first++)
        for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
            size_t last = first;
            while (last + 1 < width &&
                   fabs(e[last]) > DBL_EPSILON * (fabs(d[last]) + fabs(d[last + 1])))
                last++;
            if (last == first)
                break;
            ql_step(d, e, first, last, vectors, width);
        }
}

static void sort_by_value(double *values, double *vectors, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        size_t largest = i;
        for (size_t j = i + 1; j < width; j++)
            if (values[j] > values[largest])
                largest = j;
        if (largest == i)
            continue;
        double kept = values[i];
        values[i] = values[largest];
        values[largest] = kept;
        for (size_t k = 0; k < width; k++) {
            kept = vectors[i * width + k];
            vectors[i * width + k] = vectors[largest * width + k];
            vectors[largest * width + k] = kept;
        }
    }
}

void eigen_symmetric(double *a, size_t width, double *values, double *vectors)
{
    if (width == 0)
        return;
    double *beside = xcalloc(width, sizeof(*beside));
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < i; j++)
            a[j * width + i] = a[i * width + j];
    tridiagonalise(a, width, values, beside, vectors);
    diagonalise(values, beside, vectors, width);
    sort_by_value(values, vectors, width);
    free(beside);
}
