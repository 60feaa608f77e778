/*
 * lib/bundle/judge_parts.c - what is not a metric of all rows held against what is required: the
 * worst of the slices, and the time and room that a model takes.
 */
#include "base/json.h"
#include "bundle/judge.h"
#include <math.h>

/* ---- slices ---------------------------------------------------------------------------------- */

void slices_free(struct slice_metrics *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(slices[i].name);
        metric_list_clear(&slices[i].metrics);
    }
    free(slices);
}

/* The slice on which the metric is worst among those with enough rows; NULL: there is none. */
static const struct slice_metrics *worst_slice(const struct slice_metrics *slices, size_t count,
                                               const char *metric, size_t least_rows,
                                               const struct metric **worst)
{
    const struct slice_metrics *found = NULL;
    bool falling = metric_lower_is_better(metric);
    *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct slice_metrics *slice = &slices[i];
        const struct metric *own = metric_list_find(&slice->metrics, metric);
        if (slice->rows < least_rows || !own || isnan(own->value))
            continue;
        if (*worst && !(falling ? own->value > (*worst)->value : own->value < (*worst)->value))
            continue;
        *worst = own;
        found = slice;
    }
    return found;
}

int judge_slices(struct judge *judge, const struct project_suite *suite,
                 const struct measurement_demand *demanded, const struct slice_metrics *slices,
                 size_t count, struct judgement *judgement, struct mlops_error *err)
{
    const struct project_requirement required = {.metric = demanded->metric,
                                                 .demand = demanded->demand};
    const struct metric *worst;
    size_t least_rows = suite->measurement.least_rows;
    const struct slice_metrics *slice =
        worst_slice(slices, count, demanded->metric, least_rows, &worst);
    *judgement = (struct judgement){0};
    if (!slice) {
        judgement->detail = xprintf("no slice of %zu rows or more has it", least_rows);
        return MLOPS_OK;
    }
    TRY(judge_requirement(judge, suite->name, &required, &slice->metrics, judgement, err));
    _cleanup_(free_string) char *figures = judgement->detail;
    judgement->detail = isnan(worst->interval.low)
                            ? xprintf("%s: '%s', %zu rows", figures, slice->name, slice->rows)
                            : xprintf("%s: '%s', %zu rows, %.4g to %.4g", figures, slice->name,
                                      slice->rows, worst->interval.low, worst->interval.high);
    return MLOPS_OK;
}

/* ---- budgets --------------------------------------------------------------------------------- */

/* "1000 requests, sandbox full, AMD EPYC, 2 cores": what a latency was found with. */
static char *circumstances(const struct suite_evidence *evidence)
{
    const cJSON *latency = cJSON_GetObjectItemCaseSensitive(evidence->body, "latency");
    return xprintf("%llu requests, sandbox %s, %s",
                   (unsigned long long)json_u64(latency, "requests", 0),
                   json_string(evidence->body, "sandbox", "unknown"),
                   json_string(latency, "machine", "unknown machine"));
}

static void judge_latency(const struct budget *budget, const struct suite_evidence *evidence,
                          struct judgement *judgement)
{
    const struct metric *metric = metric_list_find(&evidence->metrics, budget->metric);
    if (!metric || isnan(metric->value)) {
        judgement->detail = xprintf("%s is not recorded", budget->metric);
        return;
    }
    bool certain = budget->confidence > 0;
    double level = metric->interval.confidence > 0 ? metric->interval.confidence
                                                   : evidence->metrics.confidence;
    if (certain && isnan(metric->interval.high)) {
        judgement->detail = xprintf("%s has no interval: too few requests", budget->metric);
        return;
    }
    if (certain && fabs(level - budget->confidence) > 1e-9) {
        judgement->detail = xprintf("the interval of %s is at %g%%, not at %g%%", budget->metric,
                                    level * 100, budget->confidence * 100);
        return;
    }
    char low[32], high[32];
    const struct interval *interval = &metric->interval;
    _cleanup_(free_string) char *found_with = circumstances(evidence);
    _cleanup_(free_string) char *figures =
        budget_compare(budget, certain ? interval->high : metric->value, &judgement->met);
    judgement->detail =
        isnan(interval->low)
            ? xprintf("%s: %s", figures, found_with)
            : xprintf("%s, %s to %s at %g %%: %s", figures,
                      budget_show(budget->metric, interval->low, low),
                      budget_show(budget->metric, interval->high, high), level * 100, found_with);
}

void judge_budget(const struct budget *budget, const struct manifest *manifest,
                  const struct suite_evidence *evidence, struct judgement *judgement)
{
    *judgement = (struct judgement){0};
    if (str_equal(budget->metric, BUDGET_SIZE))
        judgement->detail =
            budget_compare(budget, (double)manifest_artifact_bytes(manifest), &judgement->met);
    else
        judge_latency(budget, evidence, judgement);
}
