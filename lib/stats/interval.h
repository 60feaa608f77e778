/* lib/stats/interval.h - how certain a figure is: intervals, and the quantiles that they need. */
#ifndef STATS_INTERVAL_H
#define STATS_INTERVAL_H
#include "base/util.h"

enum interval_method {
    INTERVAL_NONE,
    INTERVAL_WILSON,
    INTERVAL_DELONG,
    INTERVAL_BOOTSTRAP,
    INTERVAL_MCNEMAR,
    INTERVAL_ORDER,
};

/* "wilson", "delong", "bootstrap", "mcnemar", "order"; "none". */
const char *interval_method_name(enum interval_method method);
/* Back; INTERVAL_NONE of any other text. */
enum interval_method interval_method_named(const char *name);

struct interval {
    double low, high; /* NaN: there is none */
    enum interval_method method;
    double confidence; /* 0: that of the list of metrics in which it stands */
};

/* The quantile of the standard normal distribution (Wichura, algorithm AS 241, 1988); relative
 * error about 1e-16. `p` between 0 and 1. */
double normal_quantile(double p);

/* The score interval of a proportion, `successes` of `trials` (Wilson 1927), without continuity
 * correction; none where there are no trials. */
struct interval interval_wilson(double successes, double trials, double confidence);

/* `value` ± z `error`, not beyond `least` and `most`. */
struct interval interval_normal(double value, double error, double confidence, double least,
                                double most, enum interval_method method);

/* The middle `confidence` of the replicates (the percentile interval), moved by `shift` and scaled
 * about `center` by `scale`; not defined where more than one in twenty is NaN. Sorts `replicates`.
 */
struct interval interval_percentile(double *replicates, size_t count, double center, double shift,
                                    double scale, double confidence);

static inline struct interval interval_none(void)
{
    return (struct interval){.low = __builtin_nan(""), .high = __builtin_nan("")};
}

#endif
