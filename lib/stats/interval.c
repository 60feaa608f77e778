/* lib/stats/interval.c - Wilson's interval, percentiles of replicates, normal quantiles. */
#include "stats/interval.h"
#include <math.h>

static const char *const method_names[] = {
    [INTERVAL_NONE] = "none",
    [INTERVAL_WILSON] = "wilson",
    [INTERVAL_DELONG] = "delong",
    [INTERVAL_BOOTSTRAP] = "bootstrap",
    [INTERVAL_MCNEMAR] = "mcnemar",
    [INTERVAL_ORDER] = "order",
};

const char *interval_method_name(enum interval_method method)
{
    return method_names[method];
}

enum interval_method interval_method_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(method_names); i++)
        if (str_equal(method_names[i], name))
            return (enum interval_method)i;
    return INTERVAL_NONE;
}

static double polynomial(const double c[8], double x)
{
    double value = c[7];
    for (int i = 6; i >= 0; i--)
        value = value * x + c[i];
    return value;
}

double normal_quantile(double p)
{
    static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                               1.9715909503065514427e+3, 1.3731693765509461125e+4,
                               4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                               1.78482653991729133580e0,  2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (!(p > 0 && p < 1))
        return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, r) / polynomial(b, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double z = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                      : polynomial(e, r - 5) / polynomial(f, r - 5);
    return q < 0 ? -z : z;
}

struct interval interval_wilson(double successes, double trials, double confidence)
{
    if (!(trials > 0))
        return interval_none();
    double z = normal_quantile((1 + confidence) / 2), p = successes / trials;
    double below = 1 + z * z / trials, center = p + z * z / (2 * trials);
    double reach = z * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials));
    return (struct interval){.low = successes > 0 ? (center - reach) / below : 0,
                             .high = successes < trials ? (center + reach) / below : 1,
                             .method = INTERVAL_WILSON};
}

struct interval interval_normal(double value, double error, double confidence, double least,
                                double most, enum interval_method method)
{
    double reach = normal_quantile((1 + confidence) / 2) * error;
    if (!isfinite(value) || !isfinite(reach))
        return interval_none();
    return (struct interval){
        .low = fmax(value - reach, least), .high = fmin(value + reach, most), .method = method};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between neighbours: Hyndman and Fan's type 7, as R and NumPy have it. */
static double quantile(const double *sorted, size_t count, double share)
{
    double at = share * (double)(count - 1), below = floor(at);
    size_t i = (size_t)below;
    return i + 1 < count ? sorted[i] + (at - below) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

struct interval interval_percentile(double *replicates, size_t count, double center, double shift,
                                    double scale, double confidence)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(replicates[i]))
            replicates[known++] = replicates[i];
    if (known == 0 || known * 20 < count * 19)
        return interval_none();
    qsort(replicates, known, sizeof(*replicates), compare);
    double low = quantile(replicates, known, (1 - confidence) / 2);
    double high = quantile(replicates, known, (1 + confidence) / 2);
    if (!isfinite(low) || !isfinite(high))
        return interval_none();
    return (struct interval){.low = center + (low - center) * scale + shift,
                             .high = center + (high - center) * scale + shift,
                             .method = INTERVAL_BOOTSTRAP};
}
