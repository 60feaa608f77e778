/* lib/bundle/judge.c - metrics held against requirements. */
#include "bundle/judge.h"
#include "base/json.h"
#include "bundle/requirement.h"
#include <math.h>

static int read_metrics(const struct mlops_evidence *evidence, struct metric_list *metrics,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(body, "metrics"), *value;
    cJSON_ArrayForEach(value, values)
        metric_list_add(metrics, value->string, cJSON_IsNumber(value) ? value->valuedouble : NAN);
    return MLOPS_OK;
}

int evidence_newest(struct mlops_registry *registry, const char *bundle, const char *suite,
                    bool *found, char status[32], struct metric_list *metrics,
                    struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    *found = false;
    status[0] = '\0';
    TRY(mlops_evidence_list(registry, bundle, "test", &list, err));
    for (size_t i = list.count; i-- > 0;) {
        if (!str_equal(list.items[i].name, suite))
            continue;
        *found = true;
        str_copy(status, 32, list.items[i].status);
        return read_metrics(&list.items[i], metrics, err);
    }
    return MLOPS_OK;
}

static int stage_now(struct mlops_registry *registry, const char *model, const char *stage,
                     struct mlops_version *holder, struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    holder->number = 0;
    TRY(mlops_stage_list(registry, model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].stage, stage))
            *holder = list.items[i].version;
    return MLOPS_OK;
}

/* The value of the metric of the version that a stage holds. `*settled` true, with the judgement
 * made, where there is nothing to compare with. */
static int stage_value(struct mlops_registry *registry, const struct mlops_version *version,
                       const char *suite, const char *metric, const char *stage,
                       struct mlops_version *holder, double *value, bool *settled,
                       struct judgement *judgement, struct mlops_error *err)
{
    _cleanup_(metric_list_clear) struct metric_list metrics = {0};
    bool found;
    char status[32];
    *settled = true;
    TRY(stage_now(registry, version->model, stage, holder, err));
    if (holder->number == 0 || str_equal(holder->bundle, version->bundle)) {
        judgement->met = true;
        judgement->detail = holder->number == 0 ? xprintf("nothing is in %s to compare with", stage)
                                                : xprintf("%s holds this very version", stage);
        return MLOPS_OK;
    }
    TRY(evidence_newest(registry, holder->bundle, suite, &found, status, &metrics, err));
    const struct metric *known = found ? metric_list_find(&metrics, metric) : NULL;
    if (!known || isnan(known->value)) {
        judgement->met = false;
        judgement->detail =
            xprintf("%s of %s, which is in %s, is not known: run 'mlops test %s@%llu'", metric,
                    suite, stage, holder->model, (unsigned long long)holder->number);
        return MLOPS_OK;
    }
    *value = known->value;
    *settled = false;
    return MLOPS_OK;
}

static const char *opposite(const char *comparison)
{
    static const char *const pairs[][2] = {
        {">=", "<"}, {"<=", ">"}, {">", "<="}, {"<", ">="}, {"==", "!="}};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        if (str_equal(pairs[i][0], comparison))
            return pairs[i][1];
    return "?";
}

int judge_requirement(struct mlops_registry *registry, const struct mlops_version *version,
                      const char *suite, const struct project_requirement *required,
                      const struct metric_list *metrics, struct judgement *judgement,
                      struct mlops_error *err)
{
    struct requirement requirement;
    *judgement = (struct judgement){0};
    TRY(requirement_parse(required->demand, &requirement, err));
    const struct metric *metric = metric_list_find(metrics, required->metric);
    if (!metric || isnan(metric->value)) {
        judgement->detail = xprintf("%s is not defined on these predictions", required->metric);
        return MLOPS_OK;
    }
    double bound = requirement.offset, value = 0;
    struct mlops_version holder = {0};
    if (requirement.stage[0]) {
        bool settled;
        TRY(stage_value(registry, version, suite, required->metric, requirement.stage, &holder,
                        &value, &settled, judgement, err));
        if (settled)
            return MLOPS_OK;
        bound += value;
    }
    judgement->met = requirement_met(&requirement, metric->value, bound);
    const char *shown = judgement->met ? requirement.comparison : opposite(requirement.comparison);
    judgement->detail =
        requirement.stage[0]
            ? xprintf("%.4g %s %.4g: %s is @%llu with %.4g", metric->value, shown, bound,
                      requirement.stage, (unsigned long long)holder.number, value)
            : xprintf("%.4g %s %.4g", metric->value, shown, bound);
    return MLOPS_OK;
}
