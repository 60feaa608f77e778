/* lib/bundle/comparison.c - comparisons on the same rows: judged, written, read. */
#include "bundle/comparison.h"
#include "base/json.h"
#include "stats/metrics.h"
#include <inttypes.h>
#include <math.h>

static void clear(struct mlops_comparison *comparison)
{
    free(comparison->with);
    free(comparison->differences);
    free(comparison->message);
    *comparison = (struct mlops_comparison){0};
}

void comparisons_free(struct mlops_comparison *comparisons, size_t count)
{
    for (size_t i = 0; i < count; i++)
        clear(&comparisons[i]);
    free(comparisons);
}

const struct mlops_difference *comparison_find(const struct mlops_comparison *comparison,
                                               const char *metric)
{
    for (size_t i = 0; i < comparison->difference_count; i++)
        if (str_equal(comparison->differences[i].metric, metric))
            return &comparison->differences[i];
    return NULL;
}

/* ---- as evidence ---------------------------------------------------------------------------- */

static void write_difference(const struct mlops_difference *difference, cJSON *differences)
{
    cJSON *json = json_add_object(differences, difference->metric);
    json_add_number(json, "ours", difference->ours);
    json_add_number(json, "theirs", difference->theirs);
    json_add_number(json, "difference", difference->difference);
    if (isnan(difference->low))
        return;
    json_add_number(json, "low", difference->low);
    json_add_number(json, "high", difference->high);
    json_add_string(json, "method", difference->method);
}

void comparisons_write(const struct mlops_comparison *comparisons, size_t count, cJSON *body)
{
    if (count == 0)
        return;
    cJSON *array = json_add_array(body, "comparisons");
    for (size_t i = 0; i < count; i++) {
        const struct mlops_comparison *comparison = &comparisons[i];
        cJSON *json = xcheck(cJSON_CreateObject()), *differences;
        json_add_string(json, "with", comparison->with);
        json_add_string(json, "model", comparison->version.model);
        json_add_u64(json, "version", comparison->version.number);
        json_add_string(json, "bundle", comparison->version.bundle);
        json_add_bool(json, "ran", comparison->ran);
        json_add_u64(json, "rows", comparison->rows);
        json_add_number(json, "confidence", comparison->confidence);
        json_add_string(json, "message", comparison->message);
        if (*comparison->predictions.sha256) {
            cJSON *kept = json_add_object(json, "predictions");
            json_add_u64(kept, "bytes", comparison->predictions.bytes);
            json_add_string(kept, "sha256", comparison->predictions.sha256);
        }
        differences = json_add_object(json, "differences");
        for (size_t j = 0; j < comparison->difference_count; j++)
            write_difference(&comparison->differences[j], differences);
        cJSON_AddItemToArray(array, json);
    }
}

static void read_differences(const cJSON *json, struct mlops_comparison *comparison)
{
    const cJSON *item;
    comparison->differences =
        xcalloc((size_t)cJSON_GetArraySize(json), sizeof(*comparison->differences));
    cJSON_ArrayForEach(item, json)
    {
        struct mlops_difference *difference =
            &comparison->differences[comparison->difference_count++];
        str_copy(difference->metric, sizeof(difference->metric), item->string);
        difference->ours = json_number(item, "ours", (double)NAN);
        difference->theirs = json_number(item, "theirs", (double)NAN);
        difference->difference = json_number(item, "difference", (double)NAN);
        difference->low = json_number(item, "low", (double)NAN);
        difference->high = json_number(item, "high", (double)NAN);
        difference->method =
            interval_method_name(interval_method_named(json_string(item, "method", "none")));
    }
}

struct mlops_comparison *comparisons_read(const cJSON *body, size_t *count)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(body, "comparisons"), *item;
    struct mlops_comparison *comparisons =
        xcalloc((size_t)cJSON_GetArraySize(array), sizeof(*comparisons));
    *count = 0;
    cJSON_ArrayForEach(item, array)
    {
        struct mlops_comparison *comparison = &comparisons[(*count)++];
        const cJSON *kept = cJSON_GetObjectItemCaseSensitive(item, "predictions");
        comparison->with = xstrdup(json_string(item, "with", ""));
        str_copy(comparison->version.model, sizeof(comparison->version.model),
                 json_string(item, "model", ""));
        comparison->version.number = json_u64(item, "version", 0);
        str_copy(comparison->version.bundle, sizeof(comparison->version.bundle),
                 json_string(item, "bundle", ""));
        comparison->ran = json_bool(item, "ran", false);
        comparison->rows = json_u64(item, "rows", 0);
        comparison->confidence = json_number(item, "confidence", 0);
        comparison->message = xstrdup(json_string(item, "message", ""));
        comparison->predictions.bytes = json_u64(kept, "bytes", 0);
        str_copy(comparison->predictions.sha256, sizeof(comparison->predictions.sha256),
                 json_string(kept, "sha256", ""));
        read_differences(cJSON_GetObjectItemCaseSensitive(item, "differences"), comparison);
    }
    return comparisons;
}

/* ---- judging -------------------------------------------------------------------------------- */

/* Non-inferiority by the end of the interval that is nearer to the margin (Schuirmann 1987; ICH E9,
 * section 3.3.2): a one-sided test at the level asked for. */
char *comparison_judge(const struct mlops_comparison *comparison,
                       const struct mlops_difference *difference,
                       const struct requirement *requirement, bool *met)
{
    bool falling = metric_lower_is_better(difference->metric);
    double end = falling ? difference->high : difference->low;
    bool certain = requirement->confidence > 0;
    double gain = certain ? end : difference->difference;
    gain = falling ? -gain : gain;
    *met = requirement->kind == REQUIREMENT_BETTER ? gain > requirement->offset
                                                   : gain >= -requirement->offset;
    _cleanup_(free_string) char *figures = xprintf(
        "%.4g against %.4g of @%" PRIu64 " on the same %" PRIu64 " rows: %+.4g", difference->ours,
        difference->theirs, comparison->version.number, comparison->rows, difference->difference);
    if (isnan(end))
        return xprintf("%s%s", figures, certain ? ", and nobody can tell how certain" : "");
    return xprintf("%s, at %g%% %s %+.4g (%s)", figures, comparison->confidence * 100,
                   falling ? "at most" : "at least", end, difference->method);
}
