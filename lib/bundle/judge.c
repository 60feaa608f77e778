/* lib/bundle/judge.c - metrics held against requirements. */
#include "bundle/judge.h"
#include "base/json.h"
#include "bundle/requirement.h"
#include <math.h>
#include <stdio.h>

#define NUMBER_SIZE 32

/* All test evidence about one bundle. */
struct known {
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_evidence_list tests;
};

struct judge {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    bool stages_read;
    struct mlops_stage_list stages;
    const struct mlops_comparison
        *fresh; /* of the suite that is being judged; NULL: ask evidence */
    size_t fresh_count;
    struct known *known;
    size_t known_count, known_capacity;
};

struct judge *judge_new(struct mlops_registry *registry, const struct mlops_version *version)
{
    struct judge *judge = xcalloc(1, sizeof(*judge));
    judge->registry = registry;
    judge->version = version;
    return judge;
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    for (size_t i = 0; i < judge->known_count; i++)
        mlops_evidence_list_clear(&judge->known[i].tests);
    free(judge->known);
    mlops_stage_list_clear(&judge->stages);
    free(judge);
}

void judge_compare_by(struct judge *judge, const struct mlops_comparison *comparisons, size_t count)
{
    judge->fresh = comparisons;
    judge->fresh_count = count;
}

/* ---- what the registry knows ---------------------------------------------------------------- */

static int tests_of(struct judge *judge, const char *bundle,
                    const struct mlops_evidence_list **tests, struct mlops_error *err)
{
    for (size_t i = 0; i < judge->known_count; i++)
        if (str_equal(judge->known[i].bundle, bundle)) {
            *tests = &judge->known[i].tests;
            return MLOPS_OK;
        }
    struct mlops_evidence_list list;
    TRY(mlops_evidence_list(judge->registry, bundle, "test", &list, err));
    GROW(judge->known, judge->known_count, &judge->known_capacity);
    struct known *known = &judge->known[judge->known_count++];
    str_copy(known->bundle, sizeof(known->bundle), bundle);
    known->tests = list;
    *tests = &known->tests;
    return MLOPS_OK;
}

/* Of a suite, or of one of its slices. */
static void read_metrics(const cJSON *body, double confidence, struct metric_list *metrics)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(body, "metrics"), *value;
    const cJSON *intervals = cJSON_GetObjectItemCaseSensitive(body, "intervals");
    metrics->confidence = confidence;
    cJSON_ArrayForEach(value, values)
    {
        const cJSON *interval = cJSON_GetObjectItemCaseSensitive(intervals, value->string);
        struct metric *metric = metric_list_add(metrics, value->string,
                                                cJSON_IsNumber(value) ? value->valuedouble : NAN);
        metric->interval.low = json_number(interval, "low", NAN);
        metric->interval.high = json_number(interval, "high", NAN);
        metric->interval.confidence = json_number(interval, "confidence", 0);
    }
}

static int read_figures(const struct mlops_evidence *evidence, struct suite_evidence *read,
                        struct mlops_error *err)
{
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &read->body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    const cJSON *slices = cJSON_GetObjectItemCaseSensitive(read->body, "slices"), *slice;
    double confidence = json_number(read->body, "confidence", 0);
    read_metrics(read->body, confidence, &read->metrics);
    read->slices = xcalloc((size_t)cJSON_GetArraySize(slices) + 1, sizeof(*read->slices));
    cJSON_ArrayForEach(slice, slices)
    {
        struct slice_metrics *one = &read->slices[read->slice_count++];
        one->name = xstrdup(json_string(slice, "name", ""));
        one->rows = json_u64(slice, "rows", 0);
        read_metrics(slice, confidence, &one->metrics);
    }
    read->comparisons = comparisons_read(read->body, &read->comparison_count);
    return MLOPS_OK;
}

static int evidence_of(struct judge *judge, const char *bundle, const char *suite,
                       struct suite_evidence *evidence, struct mlops_error *err)
{
    const struct mlops_evidence_list *tests;
    *evidence = (struct suite_evidence){0};
    TRY(tests_of(judge, bundle, &tests, err));
    for (size_t i = tests->count; i-- > 0 && !evidence->found;) {
        evidence->found = str_equal(tests->items[i].name, suite);
        if (!evidence->found)
            continue;
        str_copy(evidence->status, sizeof(evidence->status), tests->items[i].status);
        TRY(read_figures(&tests->items[i], evidence, err));
    }
    return MLOPS_OK;
}

/* What a stage holds; NULL where it is empty. */
static int stage_now(struct judge *judge, const char *stage, const struct mlops_version **holder,
                     struct mlops_error *err)
{
    *holder = NULL;
    if (!judge->stages_read)
        TRY(mlops_stage_list(judge->registry, judge->version->model, &judge->stages, err));
    judge->stages_read = true;
    for (size_t i = 0; i < judge->stages.count; i++)
        if (str_equal(judge->stages.items[i].stage, stage))
            *holder = &judge->stages.items[i].version;
    return MLOPS_OK;
}

/* ---- judging -------------------------------------------------------------------------------- */

/* Two numbers in so many digits that they look different if they are. */
static void show(double value, double bound, char shown[NUMBER_SIZE], char against[NUMBER_SIZE])
{
    for (int digits = 4; digits <= 17; digits++) {
        (void)snprintf(shown, NUMBER_SIZE, "%.*g", digits, value);
        (void)snprintf(against, NUMBER_SIZE, "%.*g", digits, bound);
        if (value == bound || !str_equal(shown, against))
            return;
    }
}

static const char *opposite(const char *comparison)
{
    static const char *const pairs[][2] = {
        {">=", "<"}, {"<=", ">"}, {">", "<="}, {"<", ">="}, {"==", "!="}};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        if (str_equal(pairs[i][0], comparison))
            return pairs[i][1];
    return comparison;
}

/* "0.713 < 0.728", where it was asked for ">=". */
static char *compare(const struct requirement *requirement, double value, double bound, bool *met)
{
    char shown[NUMBER_SIZE], against[NUMBER_SIZE];
    *met = requirement_met(requirement, value, bound);
    show(value, bound, shown, against);
    return xprintf("%s %s %s", shown,
                   *met ? requirement->comparison : opposite(requirement->comparison), against);
}

static int judge_relative(struct judge *judge, const char *suite, const struct metric *metric,
                          const struct requirement *requirement, struct judgement *judgement,
                          struct mlops_error *err)
{
    _cleanup_(suite_evidence_clear) struct suite_evidence theirs = {0};
    const struct mlops_version *holder;
    const char *stage = requirement->stage;
    TRY(stage_now(judge, stage, &holder, err));
    judgement->met = !holder || str_equal(holder->bundle, judge->version->bundle);
    if (judgement->met) {
        judgement->detail = holder ? xprintf("%s holds this very version", stage)
                                   : xprintf("nothing is in %s yet", stage);
        return MLOPS_OK;
    }
    unsigned long long number = holder->number;
    TRY(evidence_of(judge, holder->bundle, suite, &theirs, err));
    const struct metric *known = metric_list_find(&theirs.metrics, metric->name);
    if (!known || isnan(known->value)) {
        judgement->detail = xprintf("%s of '%s' is not known of @%llu, which is in %s: run 'mlops "
                                    "test %s@%llu'",
                                    metric->name, suite, number, stage, holder->model, number);
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *figures =
        compare(requirement, metric->value, known->value + requirement->offset, &judgement->met);
    judgement->detail = xprintf("%s: %s is @%llu with %.4g", figures, stage, number, known->value);
    return MLOPS_OK;
}

/* The value is on the right side of the bound, and so is all of its interval. */
static void judge_certain(const struct metric_list *metrics, const struct metric *metric,
                          const struct requirement *requirement, struct judgement *judgement)
{
    double percent = requirement->confidence * 100, known = metrics->confidence * 100;
    bool least = requirement->comparison[0] == '>';
    double end = least ? metric->interval.low : metric->interval.high;
    if (isnan(end)) {
        judgement->detail = xprintf("%s has no interval", metric->name);
        return;
    }
    if (fabs(percent - known) > 1e-9) {
        judgement->detail =
            xprintf("the suite's intervals are at %g%%: say 'confidence: %g%%'", known, percent);
        return;
    }
    _cleanup_(free_string) char *figures =
        compare(requirement, end, requirement->offset, &judgement->met);
    judgement->detail = xprintf("%s: %.4g, at %g%% %.4g to %.4g", figures, metric->value, percent,
                                metric->interval.low, metric->interval.high);
}

/* ---- on the same rows ----------------------------------------------------------------------- */

/* The version that a requirement speaks of now; `*there` false where there is none, which
 * `judgement` then says: nothing in a stage yet is nothing to be worse than. */
static int find_other(struct judge *judge, const struct requirement *requirement,
                      struct mlops_version *other, bool *there, struct judgement *judgement,
                      struct mlops_error *err)
{
    *there = true;
    if (requirement->stage[0]) {
        const struct mlops_version *holder;
        TRY(stage_now(judge, requirement->stage, &holder, err));
        *there = holder;
        if (holder)
            *other = *holder;
        else
            judgement->detail = xprintf("nothing is in %s yet", requirement->stage);
        judgement->met = !holder;
        return MLOPS_OK;
    }
    struct mlops_error missing = {0};
    _cleanup_(free_string) char *ref =
        requirement_reference(judge->version->model, requirement->ref);
    int code = mlops_version_resolve(judge->registry, ref, other, &missing);
    *there = code == MLOPS_OK;
    if (code == MLOPS_NOT_FOUND || code == MLOPS_INVALID)
        judgement->detail = xstrdup(missing.message);
    else if (code)
        *err = missing;
    return judgement->detail ? MLOPS_OK : code;
}

/* The comparison with `other` at the confidence that is asked for; otherwise `*stale` is one that
 * was asked for in the same words, and was with another version. */
static const struct mlops_comparison *find_comparison(const struct mlops_comparison *list,
                                                      size_t count,
                                                      const struct mlops_version *other,
                                                      const struct requirement *requirement,
                                                      const struct mlops_comparison **stale)
{
    double confidence =
        requirement->confidence > 0 ? requirement->confidence : COMPARISON_CONFIDENCE;
    *stale = NULL;
    for (size_t i = 0; i < count; i++) {
        bool same = str_equal(list[i].version.bundle, other->bundle);
        if (same && (fabs(list[i].confidence - confidence) < 1e-9))
            return &list[i];
        if (!same && str_equal(list[i].with, requirement->ref))
            *stale = &list[i];
    }
    return NULL;
}

/* Why it is not known how the two compare. */
static char *tell_unknown(const struct judge *judge, const struct requirement *requirement,
                          const struct mlops_version *other, const struct mlops_comparison *stale)
{
    unsigned long long now = other->number, own = judge->version->number;
    const char *model = judge->version->model;
    if (stale)
        return xprintf("it was compared with @%llu, and %s is @%llu now: run 'mlops test %s@%llu'",
                       (unsigned long long)stale->version.number, requirement->ref, now, model,
                       own);
    if (requirement->confidence == 0)
        return xprintf("it was not compared with @%llu: run 'mlops test %s@%llu --against %s'", now,
                       model, own, requirement->ref);
    double percent = requirement->confidence * 100;
    return xprintf("it was not compared with @%llu at %g%%: run 'mlops test %s@%llu --against "
                   "\"%s at %g%%\"'",
                   now, percent, model, own, requirement->ref, percent);
}

static int judge_paired(struct judge *judge, const char *suite, const char *metric,
                        const struct requirement *requirement, struct judgement *judgement,
                        struct mlops_error *err)
{
    _cleanup_(suite_evidence_clear) struct suite_evidence own = {0};
    const struct mlops_comparison *stale;
    struct mlops_version other;
    bool there;
    TRY(find_other(judge, requirement, &other, &there, judgement, err));
    if (!there)
        return MLOPS_OK;
    if (str_equal(other.bundle, judge->version->bundle)) {
        judgement->met = requirement->kind == REQUIREMENT_NOT_WORSE || requirement->stage[0];
        judgement->detail = xprintf("%s is this very version", requirement->ref);
        return MLOPS_OK;
    }
    if (!judge->fresh)
        TRY(evidence_of(judge, judge->version->bundle, suite, &own, err));
    const struct mlops_comparison *found = find_comparison(
        judge->fresh ? judge->fresh : own.comparisons,
        judge->fresh ? judge->fresh_count : own.comparison_count, &other, requirement, &stale);
    const struct mlops_difference *difference = found ? comparison_find(found, metric) : NULL;
    if (!found)
        judgement->detail = tell_unknown(judge, requirement, &other, stale);
    else if (*found->message)
        judgement->detail = xstrdup(found->message);
    else if (!difference)
        judgement->detail = xprintf("%s is not defined of both", metric);
    else
        judgement->detail = comparison_judge(found, difference, requirement, &judgement->met);
    return MLOPS_OK;
}

int judge_evidence(struct judge *judge, const char *suite, struct suite_evidence *evidence,
                   struct mlops_error *err)
{
    return evidence_of(judge, judge->version->bundle, suite, evidence, err);
}

void suite_evidence_clear(struct suite_evidence *evidence)
{
    metric_list_clear(&evidence->metrics);
    slices_free(evidence->slices, evidence->slice_count);
    cJSON_Delete(evidence->body);
    comparisons_free(evidence->comparisons, evidence->comparison_count);
    *evidence = (struct suite_evidence){0};
}

int judge_requirement(struct judge *judge, const char *suite,
                      const struct project_requirement *required, const struct metric_list *metrics,
                      struct judgement *judgement, struct mlops_error *err)
{
    struct requirement requirement;
    *judgement = (struct judgement){0};
    TRY(requirement_parse(required->demand, &requirement, err));
    if (requirement.kind != REQUIREMENT_BOUND)
        return judge_paired(judge, suite, required->metric, &requirement, judgement, err);
    const struct metric *metric = metric_list_find(metrics, required->metric);
    if (!metric || isnan(metric->value)) {
        judgement->detail = xprintf("%s is not defined on these predictions", required->metric);
        return MLOPS_OK;
    }
    if (requirement.stage[0])
        return judge_relative(judge, suite, metric, &requirement, judgement, err);
    if (requirement.confidence > 0)
        judge_certain(metrics, metric, &requirement, judgement);
    else
        judgement->detail =
            compare(&requirement, metric->value, requirement.offset, &judgement->met);
    return MLOPS_OK;
}
