/* lib/monitor/business.c - series against measures at lags, and what errors cost. */
#include "base/clock.h"
#include "monitor/business_rows.h"
#include "monitor/cost.h"
#include "monitor/measures.h"
#include "monitor/status.h"
#include "stats/contingency.h"
#include "stats/serial.h"
#include <math.h>

#define LENGTH_NS (90 * DAY_NS)
#define DAYS_MAX 3660 /* of a range */
#define LAGS 7
#define WEEK 7 /* days: a series is low on Sundays, and so is another */
#define CONFIDENCE 0.95
#define FALSE_SHARE 0.05 /* of what is found that is expected to be chance */

/* ---- which version, and what it says ------------------------------------------------------- */

/* What the stage holds; where it holds nothing, the newest. */
static int find_version(struct mlops_registry *registry, const char *model, const char *stage,
                        struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    TRY(mlops_stage_list(registry, model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].stage, stage)) {
            *version = list.items[i].version;
            return MLOPS_OK;
        }
    return mlops_version_resolve(registry, model, version, err);
}

/* Its costs and its training profile; a version whose files were released has neither. */
static int read_version(struct mlops_registry *registry, const struct mlops_cost *of_policy,
                        struct mlops_business *business, struct training *training,
                        struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(cost_clear) struct cost cost = {.from = NULL};
    struct mlops_version found;
    TRY(manifest_load(registry, business->version.bundle, &found, &manifest, NULL, err));
    cost_find(&manifest, of_policy, &cost);
    business->cost_from = TAKE_PTR(cost.from);
    business->cost_fp = cost.fp;
    business->cost_fn = cost.fn;
    const struct manifest_data *data = training_choose(&manifest, NULL);
    int code = data ? training_read(registry, data, training, err) : MLOPS_OK;
    return code == MLOPS_NOT_FOUND ? MLOPS_OK : code;
}

static int choose_range(struct mlops_registry *registry,
                        const struct mlops_business_options *options,
                        struct mlops_business *business, struct mlops_error *err)
{
    int64_t newest_ns;
    TRY(status_newest(registry, options->model, &newest_ns, err));
    int64_t until_ns = options->until_ns ? options->until_ns : newest_ns + 1;
    int64_t length_ns = options->length_ns ? options->length_ns : LENGTH_NS;
    int64_t since_ns = options->since_ns ? options->since_ns : until_ns - length_ns;
    business->from_ns = window_start_ns(LEVEL_DAY, since_ns);
    business->to_ns = window_start_ns(LEVEL_DAY, until_ns - 1) + DAY_NS;
    if (since_ns >= until_ns)
        return mlops_fail(err, MLOPS_INVALID, "the range ends before it begins");
    if ((business->to_ns - business->from_ns) / DAY_NS > DAYS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the range has more than %d days", DAYS_MAX);
    return MLOPS_OK;
}

/* ---- money --------------------------------------------------------------------------------- */

static void put_costs(struct mlops_business *business)
{
    for (size_t i = 0; business->cost_from && i < business->day_count; i++) {
        struct mlops_business_day *day = &business->days[i];
        day->missed_cost = (double)day->missed * business->cost_fn;
        day->false_alarm_cost = (double)day->false_alarms * business->cost_fp;
    }
}

/* ---- series against measures --------------------------------------------------------------- */

/* Every series, measure and lag; the links have the best lag of each, found by its place here. */
struct tests {
    double *p;
    size_t count, capacity;
    size_t *best; /* of each link, into `p` */
    size_t best_capacity, link_capacity;
};
static void tests_clear(struct tests *tests)
{
    free(tests->p);
    free(tests->best);
}

static void link_measure(const char *series, const double *values,
                         const struct measure_series *measure, size_t days, unsigned lags,
                         struct tests *tests, struct mlops_business *business)
{
    struct mlops_business_link best = {.series = NULL};
    double least = INFINITY;
    size_t place = 0;
    for (unsigned lag = 0; lag <= lags; lag++) {
        struct serial serial =
            serial_correlate(measure->values, values + lag, days, WEEK, CONFIDENCE);
        if (isnan(serial.p))
            continue;
        if (serial.p < least) {
            least = serial.p;
            place = tests->count;
            best = (struct mlops_business_link){.series = series,
                                                .lag = lag,
                                                .days = serial.days,
                                                .effective = serial.effective,
                                                .r = serial.r,
                                                .low = serial.low,
                                                .high = serial.high};
        }
        GROW(tests->p, tests->count, &tests->capacity);
        tests->p[tests->count++] = serial.p;
    }
    if (!best.series)
        return;
    best.measure = xstrdup(measure->name);
    size_t count = business->link_count;
    GROW(tests->best, count, &tests->best_capacity);
    GROW(business->links, count, &tests->link_capacity);
    tests->best[count] = place;
    business->links[business->link_count++] = best;
}

static int by_strength(const void *a, const void *b)
{
    const struct mlops_business_link *x = a, *y = b;
    int order = strcmp(x->series, y->series);
    if (order)
        return order;
    if (x->q < y->q || x->q > y->q)
        return x->q < y->q ? -1 : 1;
    double left = fabs(x->r), right = fabs(y->r);
    return left > right ? -1 : left < right ? 1 : strcmp(x->measure, y->measure);
}

static void adjust(const struct tests *tests, struct mlops_business *business)
{
    double *adjusted = xcalloc(tests->count + 1, sizeof(*adjusted));
    adjust_benjamini_hochberg(tests->p, tests->count, adjusted);
    for (size_t i = 0; i < business->link_count; i++) {
        business->links[i].q = adjusted[tests->best[i]];
        business->links[i].found = business->links[i].q <= FALSE_SHARE;
    }
    free(adjusted);
    business->tests = tests->count;
    if (business->link_count)
        qsort(business->links, business->link_count, sizeof(*business->links), by_strength);
}

static int link_all(struct mlops_registry *registry, const struct mlops_business_options *options,
                    const struct measures *measures, struct mlops_business *business,
                    struct mlops_error *err)
{
    _cleanup_(tests_clear) struct tests tests = {0};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    unsigned lags = options->lags ? options->lags : LAGS;
    size_t days = (size_t)((business->to_ns - business->from_ns) / DAY_NS);
    double *values = xcalloc(days + lags, sizeof(*values));
    int code = snapshot_begin(registry, &snapshot, err);
    for (size_t i = 0; i < business->series.count && code == MLOPS_OK; i++) {
        const char *name = business->series.items[i].name;
        code = business_series_read(registry, options->model, name, business->from_ns, values,
                                    days + lags, err);
        for (size_t m = 0; m < measures->count && code == MLOPS_OK; m++)
            link_measure(name, values, &measures->items[m], days, lags, &tests, business);
    }
    free(values);
    if (code == MLOPS_OK)
        adjust(&tests, business);
    return code;
}

static int choose_series(struct mlops_registry *registry,
                         const struct mlops_business_options *options,
                         struct mlops_business *business, struct mlops_error *err)
{
    struct mlops_series_list *list = &business->series;
    TRY(mlops_series_list(registry, options->model, list, err));
    if (!options->series)
        return MLOPS_OK;
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i].name, options->series)) {
            list->items[0] = list->items[i];
            list->count = 1;
            return MLOPS_OK;
        }
    return business_series_missing(options->model, options->series, err);
}

static int fill(struct mlops_registry *registry, const struct mlops_business_options *options,
                struct mlops_business *business, struct mlops_error *err)
{
    _cleanup_(training_clear) struct training training = {0};
    _cleanup_(measures_clear) struct measures measures = {0};
    const char *stage = options->stage ? options->stage : "production";
    TRY(choose_series(registry, options, business, err));
    TRY(choose_range(registry, options, business, err));
    TRY(find_version(registry, options->model, stage, &business->version, err));
    TRY(read_version(registry, options->cost, business, &training, err));
    TRY(measures_read(
        registry,
        &(struct measures_query){.model = options->model,
                                 .stage = stage,
                                 .version = business->version.number,
                                 .training = &training,
                                 .from_ns = business->from_ns,
                                 .days = (size_t)((business->to_ns - business->from_ns) / DAY_NS)},
        &measures, err));
    business->days = TAKE_PTR(measures.days);
    business->day_count = measures.day_count;
    put_costs(business);
    return link_all(registry, options, &measures, business, err);
}

int mlops_business(struct mlops_registry *registry, const struct mlops_business_options *options,
                   struct mlops_business *business, struct mlops_error *err)
{
    *business = (struct mlops_business){0};
    if (options->lags > MLOPS_BUSINESS_LAGS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "a series is held against at most %d days before it",
                          MLOPS_BUSINESS_LAGS_MAX);
    int code = fill(registry, options, business, err);
    if (code)
        mlops_business_clear(business);
    return code;
}

void mlops_business_clear(struct mlops_business *business)
{
    for (size_t i = 0; i < business->link_count; i++)
        free(business->links[i].measure);
    free(business->links);
    free(business->days);
    free(business->cost_from);
    mlops_series_list_clear(&business->series);
    *business = (struct mlops_business){0};
}
