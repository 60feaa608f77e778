/* lib/drift/picture.c - bars, ranges and outliers of a column in both tables. */
#include "drift/picture.h"
#include "stats/frequent.h"
#include "table/show.h"
#include <math.h>

#define BARS 24       /* of numbers: of equal width */
#define CATEGORIES 12 /* the most frequent of both; the rest is one bar */
#define FENCE 1.5
#define ROBUST_Z 3.5
#define ROBUST_DEVIATIONS 1.4826 /* of a normal distribution the standard deviation in MADs */

static double share_up_to(const struct kll_view *view, double value)
{
    return view->size ? kll_view_cdf(view, value) : 0;
}

/* Few different whole numbers get a bar each; others bars of equal width between the 1 % and the
 * 99 % quantiles, outer ones with all that lies beyond. */
static void picture_numbers(const struct pair *pair, struct mlops_drift_column *column)
{
    const struct kll_view *r = &pair->reference_view, *c = &pair->current_view;
    double low = fmin(kll_view_quantile(r, 0.01), kll_view_quantile(c, 0.01));
    double high = fmax(kll_view_quantile(r, 0.99), kll_view_quantile(c, 0.99));
    size_t count = BARS;
    if (!isfinite(high - low))
        return;
    bool whole = floor(low) == low && floor(high) == high && high - low < BARS;
    if (whole) { /* halves on both sides, so that each number is in the middle of its bar */
        count = (size_t)(high - low) + 1;
        low -= 0.5;
        high += 0.5;
    } else if (high == low) {
        count = 1;
    }
    column->bars = xcalloc(count, sizeof(*column->bars));
    column->bar_count = count;
    double before_r = 0, before_c = 0;
    for (size_t i = 0; i < count; i++) {
        double end = low + (high - low) * (double)(i + 1) / (double)count;
        double up_to_r = i + 1 == count ? 1 : share_up_to(r, end);
        double up_to_c = i + 1 == count ? 1 : share_up_to(c, end);
        column->bars[i] =
            (struct mlops_drift_bar){.low = low + (high - low) * (double)i / (double)count,
                                     .high = end,
                                     .reference = up_to_r - before_r,
                                     .current = up_to_c - before_c};
        before_r = up_to_r;
        before_c = up_to_c;
    }
}

static int by_share(const void *a, const void *b)
{
    const struct mlops_drift_bar *x = a, *y = b;
    double left = x->reference + x->current, right = y->reference + y->current;
    if (left != right)
        return left > right ? -1 : 1;
    return strcmp(x->label, y->label);
}

static void add_value(const struct pair *pair, const char *value, struct mlops_drift_bar *bar)
{
    char shown[CELL_SHOWN_SIZE];
    cell_show((struct text_view){.data = value, .length = (uint32_t)strlen(value)}, shown);
    *bar = (struct mlops_drift_bar){
        .label = xstrdup(shown),
        .reference = (double)frequent_count(pair->reference->frequent, value) / pair->n,
        .current = (double)frequent_count(pair->current->frequent, value) / pair->m};
}

static void picture_texts(const struct pair *pair, struct mlops_drift_column *column)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t in_r, in_c, count = 0;
    struct frequent_item *of_r = frequent_items(r, &in_r), *of_c = frequent_items(c, &in_c);
    struct mlops_drift_bar *bars = xcalloc(in_r + in_c + 1, sizeof(*bars));
    for (size_t i = 0; i < in_r; i++)
        add_value(pair, of_r[i].value, &bars[count++]);
    for (size_t i = 0; i < in_c; i++)
        if (frequent_count(r, of_c[i].value) == 0)
            add_value(pair, of_c[i].value, &bars[count++]);
    free(of_r);
    free(of_c);
    qsort(bars, count, sizeof(*bars), by_share);
    struct mlops_drift_bar rest = {.reference = 1, .current = 1};
    for (size_t i = 0; i < count; i++) {
        if (i >= CATEGORIES) {
            free(bars[i].label);
            continue;
        }
        rest.reference -= bars[i].reference;
        rest.current -= bars[i].current;
    }
    count = count > CATEGORIES ? CATEGORIES : count;
    if (rest.reference > 1e-9 || rest.current > 1e-9) {
        rest.label = xstrdup("(all others)");
        rest.rest = true;
        bars[count++] = rest;
    }
    column->bars = bars;
    column->bar_count = count;
}

/* Share outside the fences of the reference. */
static double outside(const struct kll_view *reference, const struct kll_view *view)
{
    double first = kll_view_quantile(reference, 0.25), third = kll_view_quantile(reference, 0.75);
    double low = first - FENCE * (third - first), high = third + FENCE * (third - first);
    if (!isfinite(low) || !isfinite(high))
        return NAN;
    return share_up_to(view, nextafter(low, -INFINITY)) + 1 - share_up_to(view, high);
}

/* Share of `view` at most `distance` away from `centre`. */
static double share_within(const struct kll_view *view, double centre, double distance)
{
    return share_up_to(view, centre + distance) -
           share_up_to(view, nextafter(centre - distance, -INFINITY));
}

/* The median absolute deviation: the least distance from the median within which half of the values
 * lie, which is that of one of them. */
static double deviation_of(const struct kll_view *view, double median)
{
    double least = INFINITY;
    for (size_t i = 0; i < view->size; i++) {
        double distance = fabs(view->values[i] - median);
        if (distance < least && share_within(view, median, distance) >= 0.5)
            least = distance;
    }
    return least;
}

static void find_robust_outliers(const struct pair *pair, struct mlops_drift_column *column)
{
    double median = kll_view_quantile(&pair->reference_view, 0.5);
    double reach = ROBUST_Z * ROBUST_DEVIATIONS * deviation_of(&pair->reference_view, median);
    if (!(reach > 0) || !isfinite(reach))
        return;
    column->robust_reference = 1 - share_within(&pair->reference_view, median, reach);
    column->robust_current = 1 - share_within(&pair->current_view, median, reach);
}

void picture_column(const struct pair *pair, struct mlops_drift_column *column)
{
    column->range_reference[0] = column->range_reference[1] = NAN;
    column->range_current[0] = column->range_current[1] = NAN;
    column->outliers_reference = column->outliers_current = NAN;
    column->robust_reference = column->robust_current = NAN;
    if (pair->n <= 0 || pair->m <= 0)
        return;
    if (!pair->reference->quantiles) {
        picture_texts(pair, column);
        return;
    }
    column->range_reference[0] = pair->reference->min;
    column->range_reference[1] = pair->reference->max;
    column->range_current[0] = pair->current->min;
    column->range_current[1] = pair->current->max;
    column->outliers_reference = outside(&pair->reference_view, &pair->reference_view);
    column->outliers_current = outside(&pair->reference_view, &pair->current_view);
    find_robust_outliers(pair, column);
    picture_numbers(pair, column);
}
