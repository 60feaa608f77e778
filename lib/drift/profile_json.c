/* lib/drift/profile_json.c - a profile as JSON. */
#include "drift/profile_json.h"
#include "base/json.h"
#include "base/pool.h"
#include "stats/association.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/row_sample.h"
#include <math.h>
#include <mlops/text.h>

#define TOP 10
#define BARS 16
#define ASSOCIATION_FROM 0.3 /* weaker ones are left out */

/* A value of the table to its last bit, where cJSON is content with 15 digits that are near. */
static void add_value(cJSON *json, const char *key, double value)
{
    char text[32];
    if (!isfinite(value)) {
        json_add_number(json, key, value);
        return;
    }
    mlops_number_format(value, text);
    cJSON_AddItemToObject(json, key, cJSON_CreateRaw(text));
}

static void add_absence(cJSON *json, const struct column_profile *column)
{
    cJSON *spellings = json_add_object(json, "missing_as");
    for (uint8_t code = 1; code < MISSING_CODES; code++)
        if (column->absence[code] > 0)
            json_add_u64(spellings, missing_name(code), column->absence[code]);
    if (column->misfits > 0)
        json_add_u64(spellings, "misfit", column->misfits);
}

static void add_top(cJSON *json, const char *key, const struct frequent *frequent, bool numbers)
{
    size_t count;
    struct frequent_item *items = frequent_items(frequent, &count);
    cJSON *top = json_add_array(json, key);
    for (size_t i = 0; i < count && i < TOP; i++) {
        cJSON *item = cJSON_CreateObject();
        if (numbers)
            add_value(item, "value", frequent_number(&items[i]));
        else
            json_add_string(item, "value", items[i].value);
        json_add_u64(item, "count", items[i].count);
        cJSON_AddItemToArray(top, item);
    }
    json_add_u64(json, "count_error", frequent_error(frequent));
    free(items);
}

static void add_distribution(cJSON *json, const struct kll *quantiles)
{
    static const struct {
        const char *name;
        double q;
    } wanted[] = {{"p1", 0.01},  {"p5", 0.05},  {"p25", 0.25}, {"p50", 0.5},
                  {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}};
    struct kll_view view;
    kll_view_make(quantiles, &view);
    cJSON *object = json_add_object(json, "quantiles");
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
        add_value(object, wanted[i].name, kll_view_quantile(&view, wanted[i].q));
    /* equal widths between the 1 % and the 99 %: one outlier must not flatten all others */
    double from = kll_view_quantile(&view, 0.01), to = kll_view_quantile(&view, 0.99);
    double before = 0;
    cJSON *bars = json_add_array(json, "histogram");
    for (int i = 1; i <= BARS && to > from && isfinite(to - from); i++) {
        double up_to = i == BARS ? 1 : kll_view_cdf(&view, from + (to - from) * i / BARS);
        cJSON_AddItemToArray(bars, cJSON_CreateNumber(up_to - before));
        before = up_to;
    }
    kll_view_clear(&view);
}

static void add_numbers(cJSON *json, const struct column_profile *column)
{
    add_value(json, "min", column->min);
    add_value(json, "max", column->max);
    json_add_number(json, "mean", column_finite(column) > 0 ? column->mean : NAN);
    json_add_number(json, "std", sqrt(column_variance(column)));
    json_add_number(json, "skewness", column_skewness(column));
    json_add_number(json, "kurtosis", column_kurtosis(column));
    json_add_u64(json, "infinite", column->infinite);
    json_add_u64(json, "zeros", column->zeros);
    json_add_u64(json, "negatives", column->negatives);
    add_distribution(json, column->quantiles);
    if (column->values)
        add_top(json, "top", column->values, true);
}

static void add_times(cJSON *json, const struct column_profile *column)
{
    char first[32], last[32];
    mlops_time_format(column->first_ns, first);
    mlops_time_format(column->last_ns, last);
    json_add_string(json, "first", first);
    json_add_string(json, "last", last);
    cJSON *hours = json_add_array(json, "hours"), *days = json_add_array(json, "weekdays");
    for (size_t i = 0; i < ARRAY_LENGTH(column->hours); i++)
        cJSON_AddItemToArray(hours, cJSON_CreateNumber((double)column->hours[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(column->weekdays); i++)
        cJSON_AddItemToArray(days, cJSON_CreateNumber((double)column->weekdays[i]));
}

static void add_texts(cJSON *json, const struct column_profile *column)
{
    double present = (double)column_present(column);
    json_add_u64(json, "length_min", column->length_min);
    json_add_u64(json, "length_max", column->length_max);
    json_add_number(json, "length_mean", (double)column->length_sum / present);
    add_top(json, "top", column->frequent, false);
    cJSON *patterns = json_add_object(json, "patterns");
    if (column->patterns)
        add_top(patterns, "top", column->patterns, false);
}

static cJSON *column_json(const struct column_profile *column)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "name", column->name);
    json_add_string(json, "type", column_type_name(column->type));
    json_add_u64(json, "count", column->count);
    json_add_u64(json, "missing", column->missing);
    add_absence(json, column);
    json_add_number(json, "distinct", round(hll_estimate(column->distinct)));
    if (column_present(column) == 0)
        return json;
    if (column_is_numeric(column->type))
        add_numbers(json, column);
    else if (column->type != COLUMN_TIME)
        add_texts(json, column);
    else if (column->extended)
        add_times(json, column);
    return json;
}

/* Each column with those behind it. */
struct associations {
    const struct profile *profile;
    size_t count;              /* of the columns */
    struct association *found; /* count x count */
};

static int associate(void *context, size_t i, size_t worker, struct mlops_error *err)
{
    const struct associations *all = context;
    (void)worker;
    (void)err;
    for (size_t j = i + 1; j < all->count; j++)
        all->found[i * all->count + j] = profile_association(all->profile, i, j);
    return MLOPS_OK;
}

static void add_associations(cJSON *json, const struct profile *profile)
{
    cJSON *list = json_add_array(json, "associations");
    struct associations all = {
        .profile = profile, .count = profile->sample ? row_sample_columns(profile->sample) : 0};
    struct mlops_error unused;
    all.found = xcalloc(all.count * all.count + 1, sizeof(*all.found));
    (void)pool_run(all.count, associate, &all, &unused); /* cannot fail */
    for (size_t i = 0; i < all.count; i++)
        for (size_t j = i + 1; j < all.count; j++) {
            const struct association *found = &all.found[i * all.count + j];
            if (!(fabs(found->value) >= ASSOCIATION_FROM))
                continue;
            cJSON *item = cJSON_CreateObject();
            json_add_string(item, "a", profile->columns[i].name);
            json_add_string(item, "b", profile->columns[j].name);
            json_add_string(item, "kind", association_name(found->kind));
            json_add_number(item, "value", found->value);
            cJSON_AddItemToArray(list, item);
        }
    free(all.found);
}

char *profile_to_json(const struct profile *profile)
{
    cJSON *json = cJSON_CreateObject();
    json_add_u64(json, "rows", profile->rows);
    json_add_u64(json, "ragged", profile->ragged);
    json_add_number(json, "duplicates",
                    profile->sample ? row_sample_duplicates(profile->sample) : NAN);
    cJSON *columns = json_add_array(json, "columns");
    for (size_t i = 0; i < profile->column_count; i++)
        cJSON_AddItemToArray(columns, column_json(&profile->columns[i]));
    add_associations(json, profile);
    char *text = xcheck(cJSON_PrintUnformatted(json));
    cJSON_Delete(json);
    return text;
}
