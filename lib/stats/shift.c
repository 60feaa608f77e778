/* lib/stats/shift.c - a likelihood-ratio scan for errors that became more frequent. */
#include "stats/shift.h"
#include <math.h>

#define BEFORE_MIN 30 /* events before a window */
#define LOOKS 16      /* a window is looked at so often while it fills once */

/*
 * Lengths from 8 on, a factor of the root of 2 apart, and what the logarithm of the ratio must
 * exceed. Twice the logarithm is about the square of a standard normal deviate (Wilks 1938). A
 * window of w events is seen some 8 times anew while it fills once, so the deviate is exceeded with
 * probability 4.3e-8 w / 8: each window raises a false alarm in 23 million events, all together one
 * in a million.
 */
static const struct {
    uint32_t length;
    double limit;
} windows[SHIFT_SCALES] = {
    {8, 14.33},   {11, 14.02},  {16, 13.66},  {23, 13.31},   {32, 12.99},   {45, 12.66},
    {64, 12.32},  {91, 11.99},  {128, 11.66}, {181, 11.32},  {256, 10.99},  {362, 10.66},
    {512, 10.33}, {724, 10.00}, {1024, 9.66}, {1448, 9.33},  {2048, 9.00},  {2896, 8.67},
    {4096, 8.34}, {5793, 8.02}, {8192, 7.69}, {11585, 7.36}, {16384, 7.04},
};

static bool is_error(const struct shift *shift, uint64_t event)
{
    uint64_t place = event % SHIFT_LONGEST;
    return shift->recent[place / 64] >> (place % 64) & 1;
}

/* n times the logarithm of the likelihood of k errors of n at their own rate. */
static double likelihood(double k, double n)
{
    return (k > 0 ? k * log(k / n) : 0) + (k < n ? (n - k) * log((n - k) / n) : 0);
}

static bool exceeds(const struct shift *shift, size_t window)
{
    double n = windows[window].length, k = shift->counts[window];
    double before = (double)shift->events - n, errors = (double)shift->errors - k;
    if (before < BEFORE_MIN || k * before <= errors * n)
        return false;
    return likelihood(k, n) + likelihood(errors, before) - likelihood(k + errors, n + before) >
           windows[window].limit;
}

bool shift_update(struct shift *shift, double value)
{
    bool wrong = value != 0, found = false;
    uint64_t now = shift->events++, place = now % SHIFT_LONGEST, bit = (uint64_t)1 << (place % 64);
    shift->errors += wrong;
    for (size_t i = 0; i < SHIFT_SCALES; i++) /* what leaves, before its place is taken */
        if (now >= windows[i].length && is_error(shift, now - windows[i].length))
            shift->counts[i]--;
    shift->recent[place / 64] =
        wrong ? shift->recent[place / 64] | bit : shift->recent[place / 64] & ~bit;
    for (size_t i = 0; i < SHIFT_SCALES; i++) {
        uint32_t step = windows[i].length / LOOKS;
        shift->counts[i] += wrong;
        if (step <= 1 || shift->events % step == 0)
            found = found || exceeds(shift, i);
    }
    return found;
}
