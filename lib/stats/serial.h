/*
 * lib/stats/serial.h - do two series go together, where days resemble the days before them?
 *
 * Two series that each move slowly go up and down together often enough by chance: taken for
 * independent days, walks at random "correlate" in three of four cases. Here the days count as the
 * fewer independent ones that they are worth (Pyper and Peterman, "Comparison of methods to account
 * for autocorrelation in correlation analyses of fish data", Canadian Journal of Fisheries and
 * Aquatic Sciences 55, 1998: equation 1, with autocorrelations to a lag of a fifth of the days and
 * each weighted as in equation 7).
 */
#ifndef STATS_SERIAL_H
#define STATS_SERIAL_H
#include "base/util.h"

#define SERIAL_DAYS_MIN 14 /* that both know: below, nothing is said */

struct serial {
    size_t days;      /* that both know */
    double r;         /* Spearman's rank correlation; NaN: too few days, or one never moves */
    double low, high; /* its interval at `confidence`: Fisher's, with the variance of Bonett and
                         Wright (Psychometrika 65, 2000); NaN without */
    double effective; /* how many independent days they are worth */
    double p;         /* two-sided, Student's t of `effective` days; NaN where r is */
};

/*
 * Correlate x[i] and y[i]; a day that one does not know is NaN. Where there are four cycles of
 * `cycle` days or more, the mean of each day of the cycle is taken off first, so that two series do
 * not go together for being low on Sundays alone; 0: nothing is taken off.
 */
struct serial serial_correlate(const double *x, const double *y, size_t count, size_t cycle,
                               double confidence);

#endif
