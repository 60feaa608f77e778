/* lib/bundle/measurement.c - one function a key; project file and manifest share them. */
#include "bundle/measurement.h"
#include "base/json.h"
#include "base/number.h"
#include "bundle/requirement.h"
#include <math.h>

#define CONFIDENCE_DEFAULT 0.95
#define SEED_DEFAULT 1
#define LEAST_ROWS_DEFAULT 30

static int wrong(struct mlops_error *err, const char *key, const char *what)
{
    return mlops_fail(err, MLOPS_INVALID, "'%s' must be %s", key, what);
}

static int take_number(const cJSON *value, double least, double most, const char *what,
                       double *number, struct mlops_error *err)
{
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= least && value->valuedouble <= most))
        return wrong(err, value->string, what);
    *number = value->valuedouble;
    return MLOPS_OK;
}

/* 0.01 or "1%", more than nothing and less than all. */
static int take_share(const cJSON *value, double *share, struct mlops_error *err)
{
    bool text = cJSON_IsString(value) && str_ends(value->valuestring, "%");
    if (text && number_parse(value->valuestring, strlen(value->valuestring) - 1, share))
        *share /= 100;
    else if (cJSON_IsNumber(value))
        *share = value->valuedouble;
    else
        *share = NAN;
    return *share > 0 && *share < 1 ? MLOPS_OK
                                    : wrong(err, value->string, "a share such as 1% or 0.01");
}

static int take_text(const cJSON *value, const char *key, char **text, struct mlops_error *err)
{
    if (!cJSON_IsString(value) || !*value->valuestring)
        return wrong(err, key, "the name of a column");
    *text = xstrdup(value->valuestring);
    return MLOPS_OK;
}

static int take_cost(const cJSON *value, struct metric_options *options, struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(value))
        return wrong(err, value->string, "a map such as {fp: 5, fn: 120}");
    cJSON_ArrayForEach(item, value)
    {
        double *cost = str_equal(item->string, "fp")   ? &options->cost_fp
                       : str_equal(item->string, "fn") ? &options->cost_fn
                                                       : NULL;
        if (!cost || !cJSON_IsNumber(item))
            return wrong(err, value->string, "a map of 'fp' and 'fn' to amounts of money");
        *cost = item->valuedouble;
    }
    options->costs = true;
    return MLOPS_OK;
}

static int take_scores(const cJSON *value, struct measurement *measurement, struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(value) || cJSON_GetArraySize(value) < 2)
        return wrong(err, value->string, "a map from each class to its column");
    measurement->scores = xcalloc((size_t)cJSON_GetArraySize(value), sizeof(*measurement->scores));
    cJSON_ArrayForEach(item, value)
    {
        struct measurement_columns *columns = &measurement->scores[measurement->score_count++];
        columns->name = xstrdup(item->string);
        TRY(take_text(item, value->string, &columns->predicted, err));
    }
    return MLOPS_OK;
}

static int take_labels(const cJSON *value, struct measurement *measurement, struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(value) || cJSON_GetArraySize(value) < 1)
        return wrong(err, value->string, "a map from each label to [TRUTH, PREDICTION]");
    measurement->labels = xcalloc((size_t)cJSON_GetArraySize(value), sizeof(*measurement->labels));
    cJSON_ArrayForEach(item, value)
    {
        struct measurement_columns *columns = &measurement->labels[measurement->label_count++];
        columns->name = xstrdup(item->string);
        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2)
            return wrong(err, value->string, "a map from each label to [TRUTH, PREDICTION]");
        TRY(take_text(cJSON_GetArrayItem(item, 0), value->string, &columns->truth, err));
        TRY(take_text(cJSON_GetArrayItem(item, 1), value->string, &columns->predicted, err));
    }
    return MLOPS_OK;
}

/* COLUMN, or COLUMN COMPARISON NUMBER with spaces between. */
static int parse_slice(const char *text, struct measurement_slice *slice, struct mlops_error *err)
{
    static const char *const comparisons[] = {">=", "<=", "==", ">", "<"};
    slice->text = xstrdup(text);
    for (size_t i = 0; i < ARRAY_LENGTH(comparisons); i++) {
        _cleanup_(free_string) char *sign = xprintf(" %s ", comparisons[i]);
        const char *found = strstr(text, sign);
        if (!found)
            continue;
        const char *number = found + strlen(sign);
        slice->column = xstrndup(text, (size_t)(found - text));
        str_copy(slice->comparison, sizeof(slice->comparison), comparisons[i]);
        if (!*slice->column || !number_parse(number, strlen(number), &slice->bound))
            return mlops_fail(err, MLOPS_INVALID,
                              "'%s' is not a slice: write a column, or one such as 'amount > 1000'",
                              text);
        return MLOPS_OK;
    }
    slice->column = xstrdup(text);
    return MLOPS_OK;
}

static int take_slices(const cJSON *value, struct measurement *measurement, struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) > MEASUREMENT_SLICES_MAX)
        return wrong(err, value->string, "a list such as [country, amount > 1000]");
    measurement->slices = xcalloc((size_t)cJSON_GetArraySize(value), sizeof(*measurement->slices));
    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsString(item) || !*item->valuestring)
            return wrong(err, value->string, "a list such as [country, amount > 1000]");
        TRY(parse_slice(item->valuestring, &measurement->slices[measurement->slice_count++], err));
    }
    return MLOPS_OK;
}

static int take_thresholds(const cJSON *value, struct measurement *measurement,
                           struct mlops_error *err)
{
    const cJSON *item;
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 0;
    if (count < 1 || count > MEASUREMENT_THRESHOLDS_MAX)
        return wrong(err, value->string, "a list of 1 to 100 numbers such as [0.3, 0.5]");
    measurement->thresholds = xcalloc((size_t)count, sizeof(*measurement->thresholds));
    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsNumber(item))
            return wrong(err, value->string, "a list of numbers such as [0.3, 0.5]");
        measurement->thresholds[measurement->threshold_count++] = item->valuedouble;
    }
    return MLOPS_OK;
}

static int take_demand(const cJSON *item, struct measurement_demand *demand,
                       struct mlops_error *err)
{
    struct requirement requirement;
    demand->metric = xstrdup(item->string);
    if (!metric_is_known(item->string))
        return mlops_fail(err, MLOPS_INVALID, "unknown metric '%s'", item->string);
    if (!cJSON_IsString(item))
        return wrong(err, item->string, "demanded by a text such as \">= 0.8\"");
    demand->demand = xstrdup(item->valuestring);
    TRY(requirement_parse(item->valuestring, &requirement, err));
    if (requirement.kind != REQUIREMENT_BOUND)
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s' compares whole suites: it is for 'require', not for every slice",
                          item->valuestring);
    if (requirement.stage[0])
        return mlops_fail(err, MLOPS_INVALID, "slices are held against numbers, not against '%s'",
                          requirement.stage);
    return MLOPS_OK;
}

static int take_demands(const cJSON *value, struct measurement *measurement,
                        struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(value))
        return wrong(err, value->string, "a map from metrics to demands");
    measurement->demands =
        xcalloc((size_t)cJSON_GetArraySize(value), sizeof(*measurement->demands));
    cJSON_ArrayForEach(item, value)
    {
        double rows = 0;
        if (str_equal(item->string, "min_rows")) {
            TRY(take_number(item, 1, 1e15, "a number of rows", &rows, err));
            measurement->least_rows = (size_t)rows;
            continue;
        }
        TRY(take_demand(item, &measurement->demands[measurement->demand_count++], err));
    }
    return MLOPS_OK;
}

static int take_whole(const cJSON *value, double least, uint64_t *whole, struct mlops_error *err)
{
    double number = 0;
    TRY(take_number(value, least, 9007199254740992.0, "a whole number", &number, err));
    *whole = (uint64_t)number;
    return (double)*whole == number ? MLOPS_OK : wrong(err, value->string, "a whole number");
}

/* One key; `value` knows its name. */
static int take(const cJSON *value, struct measurement *measurement, struct mlops_error *err)
{
    struct metric_options *options = &measurement->options;
    const char *key = value->string;
    if (str_equal(key, "weight"))
        return take_text(value, key, &measurement->weight, err);
    if (str_equal(key, "group"))
        return take_text(value, key, &measurement->group, err);
    if (str_equal(key, "id"))
        return take_text(value, key, &measurement->id, err);
    if (str_equal(key, "beta"))
        return take_number(value, 1e-3, 1e3, "a number between 0.001 and 1000", &options->beta,
                           err);
    if (str_equal(key, "at_fpr"))
        return take_share(value, &options->at_fpr, err);
    if (str_equal(key, "lift_at"))
        return take_share(value, &options->lift_share, err);
    if (str_equal(key, "quantile"))
        return take_share(value, &options->quantile, err);
    if (str_equal(key, "confidence"))
        return take_share(value, &options->confidence, err);
    if (str_equal(key, "cost"))
        return take_cost(value, options, err);
    if (str_equal(key, "cutoff"))
        return take_whole(value, 1, &options->cutoff, err);
    if (str_equal(key, "seed"))
        return take_whole(value, 0, &options->seed, err);
    if (str_equal(key, "scores"))
        return take_scores(value, measurement, err);
    if (str_equal(key, "labels"))
        return take_labels(value, measurement, err);
    if (str_equal(key, "slices"))
        return take_slices(value, measurement, err);
    if (str_equal(key, "thresholds"))
        return take_thresholds(value, measurement, err);
    if (str_equal(key, "every_slice"))
        return take_demands(value, measurement, err);
    return mlops_fail(err, MLOPS_INVALID, "unknown key '%s'", key);
}

static void start(struct measurement *measurement)
{
    *measurement =
        (struct measurement){.options = {.confidence = CONFIDENCE_DEFAULT, .seed = SEED_DEFAULT},
                             .least_rows = LEAST_ROWS_DEFAULT};
}

static int check_whole(const struct measurement *measurement, struct mlops_error *err)
{
    if (measurement->demand_count > 0 && measurement->slice_count == 0)
        return mlops_fail(err, MLOPS_INVALID,
                          "'every_slice' demands of slices, and there are none");
    return MLOPS_OK;
}

int measurement_read(const struct yaml_node *suite, const char *what,
                     struct measurement *measurement, struct mlops_error *err)
{
    static const char *const keys[] = {MEASUREMENT_KEYS};
    start(measurement);
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        const struct yaml_node *node = yaml_get(suite, keys[i]);
        if (!node || node->kind == YAML_NULL)
            continue;
        if (!measurement->source)
            measurement->source = xcheck(cJSON_CreateObject());
        cJSON *value = yaml_to_json(node);
        cJSON_AddItemToObject(measurement->source, keys[i], value);
        if (take(value, measurement, err))
            return mlops_wrap(err, "%s:%d", what, node->line);
    }
    if (check_whole(measurement, err))
        return mlops_wrap(err, "%s:%d", what, suite->line);
    return MLOPS_OK;
}

int measurement_load(const cJSON *json, struct measurement *measurement, struct mlops_error *err)
{
    const cJSON *value;
    start(measurement);
    if (!json)
        return MLOPS_OK;
    if (!cJSON_IsObject(json))
        return mlops_fail(err, MLOPS_INVALID, "what is measured is not a map");
    measurement->source = xcheck(cJSON_Duplicate(json, true));
    cJSON_ArrayForEach(value, measurement->source) TRY(take(value, measurement, err));
    return check_whole(measurement, err);
}

static void columns_free(struct measurement_columns *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(columns[i].name);
        free(columns[i].truth);
        free(columns[i].predicted);
    }
    free(columns);
}

void measurement_clear(struct measurement *measurement)
{
    free(measurement->weight);
    free(measurement->group);
    free(measurement->id);
    columns_free(measurement->scores, measurement->score_count);
    columns_free(measurement->labels, measurement->label_count);
    for (size_t i = 0; i < measurement->slice_count; i++) {
        free(measurement->slices[i].text);
        free(measurement->slices[i].column);
    }
    free(measurement->slices);
    free(measurement->thresholds);
    for (size_t i = 0; i < measurement->demand_count; i++) {
        free(measurement->demands[i].metric);
        free(measurement->demands[i].demand);
    }
    free(measurement->demands);
    cJSON_Delete(measurement->source);
    *measurement = (struct measurement){0};
}
