/*
 * lib/stats/changepoint.h - after which row of a table of counts did the shares change?
 *
 * A row is a span of time, a column a category. Each split of the rows into before and after has
 * the likelihood ratio of two multinomial distributions against one; the largest says where
 * (Horváth and Serbinowska, "Testing for changes in multinomial observations: the Lindisfarne
 * scribes problem", Scandinavian Journal of Statistics 22, 1995). How often chance reaches it is
 * counted over orders of the rows drawn at random, (b + 1) / (B + 1) with B = 199 (Davison and
 * Hinkley 1997, section 4.2): rows that scatter more than single draws would, as days do, so make
 * no change of themselves.
 */
#ifndef STATS_CHANGEPOINT_H
#define STATS_CHANGEPOINT_H
#include "base/util.h"

struct changepoint {
    size_t at;        /* the first row after the change, 1 … rows-1; 0: fewer than two rows */
    double statistic; /* twice the logarithm of the likelihood ratio */
    double p;
};

/* `counts`: rows × cells. The same for the same input on every machine. */
struct changepoint changepoint_find(const double *counts, size_t rows, size_t cells);

#endif
