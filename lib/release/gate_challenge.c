/* lib/release/gate_challenge.c - what 'monitor compare --record' found about a version beside the
 * one that the stage holds, on the same traffic. */
#include "base/json.h"
#include "release/gate.h"
#include <math.h>

#define CHALLENGE_EVIDENCE "challenge"
#define WITHIN_NS (7 * 86400 * 1000000000LL) /* where the policy does not say */
#define LABELLED_MIN 30                      /* as 'monitor compare' has it */

/* A measure of both, as the evidence has it. */
struct found {
    const char *by;
    double difference, low, high; /* challenger less champion; NaN: not known */
    uint64_t events;
};

static int find_holder(const struct gate_context *context, struct mlops_stage_list *list,
                       const struct mlops_version **holder, struct mlops_error *err)
{
    *holder = NULL;
    TRY(mlops_stage_list(context->registry, context->version->model, list, err));
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i].stage, context->stage))
            *holder = &list->items[i].version;
    return MLOPS_OK;
}

static const struct mlops_evidence *newest_of(const struct mlops_evidence_list *list,
                                              const char *stage)
{
    const struct mlops_evidence *newest = NULL;
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i].name, stage))
            newest = &list->items[i];
    return newest;
}

static struct found read_measure(const cJSON *body, const char *wanted)
{
    const char *by = wanted ? wanted : json_string(body, "by", "");
    const cJSON *measures = cJSON_GetObjectItemCaseSensitive(body, "measures");
    const cJSON *measure = cJSON_GetObjectItemCaseSensitive(measures, by);
    return (struct found){by, json_number(measure, "difference", NAN),
                          json_number(measure, "low", NAN), json_number(measure, "high", NAN),
                          json_u64(measure, "events", 0)};
}

/* Is a difference as the policy wants it? A smaller rate of false alarms or cost is the better. */
static bool is_met(const struct policy_challenge *wanted, const struct found *found)
{
    bool lower = str_equal(found->by, "fpr") || str_equal(found->by, "cost");
    double least = lower ? -found->high : found->low; /* by which it is better, at the least */
    return wanted->not_worse ? least > -wanted->margin : least > 0;
}

static void judge_body(const struct gate_context *context, const struct mlops_version *holder,
                       const cJSON *body, struct mlops_gate_result *result)
{
    const struct policy_challenge *wanted = &context->demands->challenge;
    struct found found = read_measure(body, wanted->by);
    unsigned long long champion = json_u64(body, "champion", 0);
    if (!str_equal(json_string(body, "champion_bundle", ""), holder->bundle)) {
        result->detail = xprintf("it was compared with @%llu, and %s holds @%llu now", champion,
                                 context->stage, (unsigned long long)holder->number);
        return;
    }
    if (!isfinite(found.low) || !isfinite(found.high) || found.events < LABELLED_MIN) {
        result->detail =
            xprintf("too little is known by %s: %llu labelled events that @%llu "
                    "answered, too",
                    *found.by ? found.by : "?", (unsigned long long)found.events, champion);
        return;
    }
    result->passed = is_met(wanted, &found);
    result->detail =
        xprintf("by %s %+.4f (%+.4f to %+.4f) against @%llu on %llu events%s", found.by,
                found.difference, found.low, found.high, champion, (unsigned long long)found.events,
                result->passed      ? ""
                : wanted->not_worse ? ": it may be worse by more than the margin"
                                    : ": that is not shown to be better");
}

int gate_challenge(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list stages = {0};
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    _cleanup_(json_free) cJSON *body = NULL;
    const struct policy_challenge *wanted = &context->demands->challenge;
    const struct mlops_version *holder, *version = context->version;
    TRY(find_holder(context, &stages, &holder, err));
    if (!holder || holder->number == version->number) {
        result->passed = true;
        result->detail = xprintf("nothing else is in %s", context->stage);
        return MLOPS_OK;
    }
    TRY(mlops_evidence_list(context->registry, version->bundle, CHALLENGE_EVIDENCE, &list, err));
    const struct mlops_evidence *newest = newest_of(&list, context->stage);
    if (!newest) {
        result->detail = xprintf("not compared with @%llu on the same traffic: run 'mlops monitor "
                                 "compare %s --version %llu --stage %s --record'",
                                 (unsigned long long)holder->number, version->model,
                                 (unsigned long long)version->number, context->stage);
        return MLOPS_OK;
    }
    int64_t age_ns = context->now_ns - newest->recorded_ns;
    if (age_ns > (wanted->within_ns ? wanted->within_ns : WITHIN_NS)) {
        _cleanup_(free_string) char *age = duration_text(age_ns);
        result->detail = xprintf("it was compared %s ago", age);
        return MLOPS_OK;
    }
    TRY(evidence_body(newest, &body, err));
    judge_body(context, holder, body, result);
    return MLOPS_OK;
}
