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

static int read_metrics(const struct mlops_evidence *evidence, struct metric_list *metrics,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(body, "metrics"), *value;
    const cJSON *intervals = cJSON_GetObjectItemCaseSensitive(body, "intervals");
    metrics->confidence = json_number(body, "confidence", 0);
    cJSON_ArrayForEach(value, values)
    {
        const cJSON *interval = cJSON_GetObjectItemCaseSensitive(intervals, value->string);
        struct metric *metric = metric_list_add(metrics, value->string,
                                                cJSON_IsNumber(value) ? value->valuedouble : NAN);
        metric->interval.low = json_number(interval, "low", NAN);
        metric->interval.high = json_number(interval, "high", NAN);
    }
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
        TRY(read_metrics(&tests->items[i], &evidence->metrics, err));
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

int judge_evidence(struct judge *judge, const char *suite, struct suite_evidence *evidence,
                   struct mlops_error *err)
{
    return evidence_of(judge, judge->version->bundle, suite, evidence, err);
}

void suite_evidence_clear(struct suite_evidence *evidence)
{
    metric_list_clear(&evidence->metrics);
    *evidence = (struct suite_evidence){0};
}

int judge_requirement(struct judge *judge, const char *suite,
                      const struct project_requirement *required, const struct metric_list *metrics,
                      struct judgement *judgement, struct mlops_error *err)
{
    struct requirement requirement;
    *judgement = (struct judgement){0};
    TRY(requirement_parse(required->demand, &requirement, err));
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
