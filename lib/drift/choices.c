/* lib/drift/choices.c - the caller's word before the bundle's. */
#include "drift/choices.h"
#include "base/json.h"
#include <math.h>

#define IMPORTANCE_MAX (16U << 20)

void choices_clear(struct choices *choices)
{
    free(choices->columns);
    strings_free(choices->texts);
    *choices = (struct choices){0};
}

static char *keep_text(struct choices *choices, const char *text)
{
    size_t count = 0;
    while (choices->texts && choices->texts[count])
        count++;
    choices->texts = xrealloc(choices->texts, count + 2, sizeof(*choices->texts));
    choices->texts[count + 1] = NULL;
    return choices->texts[count] = xstrdup(text);
}

static void add_column(struct choices *choices, const struct compare_column *column)
{
    size_t count = choices->compare.column_count++;
    choices->columns = xrealloc(choices->columns, count + 1, sizeof(*choices->columns));
    choices->columns[count] = *column;
    choices->compare.columns = choices->columns;
}

/* "amount=psi" cut at its last "=". */
static int add_methods(struct choices *choices, struct mlops_error *err)
{
    const char *const *methods = choices->options.column_methods;
    for (; methods && *methods; methods++) {
        char *text = keep_text(choices, *methods), *equals = strrchr(text, '=');
        if (!equals || equals == text)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is no COLUMN=METHOD", text);
        *equals = '\0';
        add_column(choices, &(struct compare_column){.name = text, .method = equals + 1});
    }
    return MLOPS_OK;
}

static void set_general(struct choices *choices)
{
    const struct mlops_drift_options *options = &choices->options;
    choices->compare.numeric_method = options->numeric_method;
    choices->compare.categorical_method = options->categorical_method;
    choices->compare.threshold = options->threshold;
    choices->compare.any_effect = options->any_effect;
    choices->compare.far = options->far > 0 ? options->far : CHOICES_FAR;
}

int choices_begin(const struct mlops_drift_options *options, struct choices *choices,
                  struct mlops_error *err)
{
    *choices = (struct choices){.options = *options};
    TRY(add_methods(choices, err));
    set_general(choices);
    return compare_check(&choices->compare, err);
}

/* ---- what the bundle says -------------------------------------------------------------------- */

static int add_importance(struct choices *choices, const cJSON *json, const char *path,
                          struct mlops_error *err)
{
    const cJSON *item;
    double sum = 0;
    size_t count = 0;
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 1e300))
            return mlops_fail(err, MLOPS_INVALID, "%s: the importance of '%s' is no number", path,
                              item->string ? item->string : "");
        sum += fabs(item->valuedouble);
        count++;
    }
    if (!cJSON_IsObject(json))
        return mlops_fail(err, MLOPS_INVALID, "%s: not a map of features to their importance",
                          path);
    double mean = count ? sum / (double)count : 0;
    cJSON_ArrayForEach(item, json)
    {
        double weight = mean > 0 ? fabs(item->valuedouble) / mean : 1;
        weight = fmin(fmax(weight, CHOICES_WEIGHT_LEAST), CHOICES_WEIGHT_MOST);
        add_column(choices, &(struct compare_column){.name = keep_text(choices, item->string),
                                                     .weight = weight,
                                                     .optional = true});
    }
    return MLOPS_OK;
}

static int read_importance(struct mlops_registry *registry, const struct manifest *manifest,
                           struct choices *choices, struct mlops_error *err)
{
    const char *path = manifest->project.drift.importance;
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    if (!path)
        return MLOPS_OK;
    TRY(manifest_read_file(registry, manifest, path, IMPORTANCE_MAX, &text, err));
    TRY(json_parse(text.data ? text.data : "", text.length, path, &json, err));
    return add_importance(choices, json, path, err);
}

int choices_complete(struct mlops_registry *registry, const struct manifest *manifest,
                     struct choices *choices, struct mlops_error *err)
{
    const struct drift_settings *settings = &manifest->project.drift;
    struct mlops_drift_options *options = &choices->options;
    struct compare_column *said = choices->columns;
    size_t count = choices->compare.column_count;
    options->numeric_method = options->numeric_method ? options->numeric_method : settings->method;
    options->categorical_method =
        options->categorical_method ? options->categorical_method : settings->categorical_method;
    options->threshold = options->threshold > 0 ? options->threshold : settings->threshold;
    options->far = options->far > 0 ? options->far : settings->far;
    options->time = options->time ? options->time : settings->time;
    options->segment = options->segment ? options->segment : settings->segment;
    options->season = options->season ? options->season : settings->season;
    set_general(choices);
    choices->columns = NULL; /* the bundle's come first, so that the caller's hold */
    choices->compare.columns = NULL;
    choices->compare.column_count = 0;
    int code = read_importance(registry, manifest, choices, err);
    for (size_t i = 0; i < settings->column_count && code == MLOPS_OK; i++)
        add_column(choices, &(struct compare_column){.name = settings->columns[i].name,
                                                     .method = settings->columns[i].method,
                                                     .threshold = settings->columns[i].threshold,
                                                     .weight = settings->columns[i].weight,
                                                     .optional = true});
    for (size_t i = 0; i < count; i++)
        add_column(choices, &said[i]);
    free(said);
    TRY(code);
    return compare_check(&choices->compare, err);
}
