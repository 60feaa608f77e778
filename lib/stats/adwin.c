/* lib/stats/adwin.c - the adaptive window. */
#include "stats/adwin.h"
#include <math.h>

#define DELTA 0.002
#define CLOCK 32
#define LEAST_WIDTH 10
#define LEAST_SIDE 5.0

static double row_size(uint32_t row)
{
    return ldexp(1, (int)row);
}

static double square(double value)
{
    return value * value;
}

static void row_append(struct adwin_row *row, double total, double variance)
{
    row->total[row->count] = total;
    row->variance[row->count++] = variance;
}

static void row_drop(struct adwin_row *row, uint32_t count)
{
    row->count -= count;
    memmove(row->total, row->total + count, row->count * sizeof(*row->total));
    memmove(row->variance, row->variance + count, row->count * sizeof(*row->variance));
}

/* Where a row is too long, its two oldest buckets become one of the next row. */
static void compress(struct adwin *adwin)
{
    for (uint32_t i = 0; i + 1 < ADWIN_ROWS && adwin->row[i].count > ADWIN_BUCKETS; i++) {
        struct adwin_row *row = &adwin->row[i];
        double n = row_size(i), difference = row->total[0] / n - row->total[1] / n;
        if (i + 1 == adwin->rows)
            adwin->rows++;
        row_append(&adwin->row[i + 1], row->total[0] + row->total[1],
                   row->variance[0] + row->variance[1] +
                       n * n * difference * difference / (n + n));
        row_drop(row, 2);
    }
}

static void insert(struct adwin *adwin, double value)
{
    if (adwin->rows == 0)
        adwin->rows = 1;
    row_append(&adwin->row[0], value, 0);
    adwin->width += 1;
    if (adwin->width > 1) {
        double before = adwin->width - 1;
        adwin->variance += before * square(value - adwin->total / before) / adwin->width;
    }
    adwin->total += value;
    compress(adwin);
}

static void delete_oldest(struct adwin *adwin)
{
    struct adwin_row *row = &adwin->row[adwin->rows - 1];
    double n = row_size(adwin->rows - 1), mean = row->total[0] / n;

    adwin->width -= n;
    adwin->total -= row->total[0];
    adwin->variance -= row->variance[0] + n * adwin->width *
                                              square(mean - adwin->total / adwin->width) /
                                              (n + adwin->width);
    row_drop(row, 1);
    if (row->count == 0)
        adwin->rows--;
}

/* Equation 3.1 of Bifet's thesis, with the variance of the whole window. */
static bool means_differ(const struct adwin *adwin, double n0, double u0, double n1, double u1)
{
    if (n0 < LEAST_SIDE || n1 < LEAST_SIDE)
        return false;
    double confidence = log(2 * log(adwin->width) / DELTA);
    double m = 1 / (n0 - LEAST_SIDE + 1) + 1 / (n1 - LEAST_SIDE + 1);
    double bound = sqrt(2 * m * (adwin->variance / adwin->width) * confidence) +
                   2.0 / 3.0 * confidence * m;
    return fabs(u0 / n0 - u1 / n1) > bound;
}

/* Is there a cut between old and new at which their means differ? */
static bool cut_found(const struct adwin *adwin)
{
    double n0 = 0, n1 = adwin->width, u0 = 0, u1 = adwin->total;

    for (uint32_t i = adwin->rows; i-- > 0;) {
        const struct adwin_row *row = &adwin->row[i];
        for (uint32_t k = 0; k < row->count; k++) {
            n0 += row_size(i);
            n1 -= row_size(i);
            u0 += row->total[k];
            u1 -= row->total[k];
            if (means_differ(adwin, n0, u0, n1, u1))
                return true;
        }
    }
    return false;
}

bool adwin_update(struct adwin *adwin, double value)
{
    bool changed = false;

    insert(adwin, value);
    if (++adwin->ticks % CLOCK != 0 || adwin->width <= LEAST_WIDTH)
        return false;
    while (cut_found(adwin)) {
        delete_oldest(adwin);
        changed = true;
    }
    return changed;
}
