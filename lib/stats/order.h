/* lib/stats/order.h - quantiles of a sample, and how certain they are whatever the distribution. */
#ifndef STATS_ORDER_H
#define STATS_ORDER_H
#include "stats/interval.h"

/*
 * The `q`-quantile of `count` values in ascending order: the least value that at least a share `q`
 * of them does not exceed (definition 1 of Hyndman and Fan 1996), one that really occurred.
 */
double order_quantile(const double *sorted, size_t count, double q);

/*
 * The interval between two order statistics that covers the `q`-quantile of any continuous
 * distribution with at least `confidence`: how many of the values lie below it is binomial (David
 * and Nagaraja, Order Statistics, 3rd ed., §7.1). An end is NaN where so few values cannot say.
 */
struct interval order_interval(const double *sorted, size_t count, double q, double confidence);

#endif
