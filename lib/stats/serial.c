/* lib/stats/serial.c - rank correlation of two series, and how many independent days it rests on.
 */
#include "stats/serial.h"
#include "stats/interval.h"
#include "stats/tail.h"
#include <math.h>

#define LAG_PART 5 /* autocorrelations to a fifth of the days */
#define CYCLES_MIN 4
#define FEWEST 3.5 /* independent days, below which no interval is given */

/* Both series where both are known: NaN elsewhere, the mean of each day of the cycle taken off. */
struct pairs {
    double *x, *y; /* `count` */
    size_t count, known;
    bool cycle_removed;
};
static void pairs_clear(struct pairs *pairs)
{
    free(pairs->x);
    free(pairs->y);
}

static void remove_cycle(double *values, size_t count, size_t cycle)
{
    for (size_t phase = 0; phase < cycle; phase++) {
        double sum = 0, known = 0;
        for (size_t i = phase; i < count; i += cycle)
            if (!isnan(values[i])) {
                sum += values[i];
                known++;
            }
        for (size_t i = phase; i < count; i += cycle)
            values[i] -= sum / fmax(known, 1);
    }
}

struct place {
    double value;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* In the place of each value its rank less the mean rank; of equal ones their mean. */
static void rank(double *values, size_t count, size_t known)
{
    struct place *places = xcalloc(known + 1, sizeof(*places));
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            places[filled++] = (struct place){values[i], i};
    qsort(places, known, sizeof(*places), by_value);
    for (size_t i = 0, next; i < known; i = next) {
        for (next = i; next < known && places[next].value <= places[i].value;)
            next++;
        for (size_t j = i; j < next; j++)
            values[places[j].at] = ((double)i + (double)next - (double)known) / 2;
    }
    free(places);
}

static void pair_up(const double *x, const double *y, size_t count, size_t cycle,
                    struct pairs *pairs)
{
    pairs->x = xcalloc(count + 1, sizeof(double));
    pairs->y = xcalloc(count + 1, sizeof(double));
    pairs->count = count;
    for (size_t i = 0; i < count; i++) {
        bool known = isfinite(x[i]) && isfinite(y[i]);
        pairs->x[i] = known ? x[i] : NAN;
        pairs->y[i] = known ? y[i] : NAN;
        pairs->known += known;
    }
    pairs->cycle_removed = cycle > 1 && pairs->known >= CYCLES_MIN * cycle;
    if (pairs->cycle_removed) {
        remove_cycle(pairs->x, count, cycle);
        remove_cycle(pairs->y, count, cycle);
    }
    rank(pairs->x, count, pairs->known);
    rank(pairs->y, count, pairs->known);
}

/* The sum over days of a[i] b[i + lag] where both are known, and of how many days it is. */
static double product(const double *a, const double *b, size_t count, size_t lag, size_t *terms)
{
    double sum = 0;
    *terms = 0;
    for (size_t i = 0; i + lag < count; i++)
        if (!isnan(a[i]) && !isnan(b[i + lag])) {
            sum += a[i] * b[i + lag];
            ++*terms;
        }
    return sum;
}

/* 1/N* = 1/N + 2/N sum of (N-j)/N rx(j) ry(j), where r(j) = N/(N-j) of the usual one; with gaps
 * N-j is how many pairs of days there are. */
static double effective_days(const struct pairs *pairs, double xx, double yy)
{
    double n = (double)pairs->known, sum = 0;
    for (size_t lag = 1; lag <= pairs->known / LAG_PART; lag++) {
        size_t terms;
        double rx = product(pairs->x, pairs->x, pairs->count, lag, &terms) / xx;
        double ry = product(pairs->y, pairs->y, pairs->count, lag, &terms) / yy;
        if (terms)
            sum += rx * ry * n / (double)terms;
    }
    double share = 1 + 2 * sum; /* of N / N* */
    return share > 1 ? n / share : n;
}

struct serial serial_correlate(const double *x, const double *y, size_t count, size_t cycle,
                               double confidence)
{
    _cleanup_(pairs_clear) struct pairs pairs = {.x = NULL};
    struct serial serial = {.r = NAN, .low = NAN, .high = NAN, .effective = NAN, .p = NAN};
    size_t terms;
    pair_up(x, y, count, cycle, &pairs);
    serial.days = pairs.known;
    double xx = product(pairs.x, pairs.x, count, 0, &terms);
    double yy = product(pairs.y, pairs.y, count, 0, &terms);
    if (pairs.known < SERIAL_DAYS_MIN || !(xx > 0) || !(yy > 0))
        return serial;
    double n = (double)pairs.known;
    serial.r = fmax(-1, fmin(1, product(pairs.x, pairs.y, count, 0, &terms) / sqrt(xx * yy)));
    serial.effective = effective_days(&pairs, xx, yy);
    if (pairs.cycle_removed) /* the means of the cycle took as many days */
        serial.effective *= (n - (double)cycle + 1) / n;
    serial.p = 1;
    if (serial.effective < FEWEST) {
        serial.low = -1;
        serial.high = 1;
        return serial;
    }
    double freedom = serial.effective - 2, left = 1 - serial.r * serial.r;
    serial.p = tail_student_both(serial.r * sqrt(freedom / fmax(left, 1e-300)), freedom);
    double by = normal_quantile((1 + confidence) / 2) *
                sqrt((1 + serial.r * serial.r / 2) / (serial.effective - 3));
    serial.low = tanh(atanh(serial.r) - by);
    serial.high = tanh(atanh(serial.r) + by);
    return serial;
}
