/* lib/stats/range.h - the least and the largest of many numbers. */
#ifndef STATS_RANGE_H
#define STATS_RANGE_H
#include "base/util.h"

/* Of `count` values of which none is NaN; of none, INFINITY and -INFINITY. Of 0 and -0 either may
 * come out. By AVX-512 or AVX2 where the processor has it. */
void range_of(const double *values, size_t count, double *least, double *largest);

#endif
