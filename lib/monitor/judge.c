/* lib/monitor/judge.c - what a rule measures: a span, a change from another, two spans, a
 * detector. */
#include "monitor/judge.h"
#include "base/json.h"
#include "monitor/error_stream.h"
#include "monitor/estimate.h"
#include "monitor/status.h"
#include "monitor/training.h"
#include <math.h>
#include <mlops/text.h>

#define CAUSES_MAX 5
#define MINUTES_KEPT_NS (1440 * MINUTE_NS) /* what is older may have lost its minutes */

/* ---- spans ---------------------------------------------------------------------------------- */

static int read_span(struct judge *judge, int64_t over_ns, const struct span **span,
                     struct mlops_error *err)
{
    for (size_t i = 0; i < judge->span_count; i++)
        if (judge->spans[i].over_ns == over_ns) {
            *span = &judge->spans[i];
            return MLOPS_OK;
        }
    struct span fresh = {.over_ns = over_ns};
    TRY(mlops_monitor_status(judge->registry,
                             &(struct mlops_monitor_status_options){
                                 .model = judge->version->model,
                                 .version = judge->version->number,
                                 .stage = judge->stage,
                                 .since_ns = judge->at_ns - over_ns,
                                 .until_ns = judge->at_ns,
                             },
                             &fresh.status, err));
    judge->spans = xrealloc(judge->spans, judge->span_count + 1, sizeof(*judge->spans));
    judge->spans[judge->span_count] = fresh;
    *span = &judge->spans[judge->span_count++];
    return MLOPS_OK;
}

int judge_served(struct judge *judge, int64_t over_ns, const struct mlops_monitor_group **group,
                 struct mlops_error *err)
{
    const struct span *span;
    *group = NULL;
    TRY(read_span(judge, over_ns, &span, err));
    for (size_t i = 0; i < span->status.group_count && !*group; i++)
        if (!span->status.groups[i].shadow && span->status.groups[i].events)
            *group = &span->status.groups[i];
    return MLOPS_OK;
}

void judge_clear(struct judge *judge)
{
    for (size_t i = 0; i < judge->span_count; i++)
        mlops_monitor_status_clear(&judge->spans[i].status);
    free(judge->spans);
    judge->spans = NULL;
    judge->span_count = 0;
}

/* ---- what it is held against ---------------------------------------------------------------- */

static const struct mlops_monitor_measure unknown = {NAN, NAN, NAN};

/* Other traffic: of another time whoever answered, or of another version at the same time. */
static int measure_traffic(struct judge *judge, const struct rule *rule,
                           struct mlops_monitor_measure *then, struct mlops_error *err)
{
    _cleanup_(window_clear) struct window window = {0};
    struct mlops_monitor_group group = {.version = 0};
    bool before = rule->base == BASE_BEFORE;
    int64_t to_ns = judge->at_ns - (before ? rule->base_ns : 0);
    enum window_level level = status_level(rule->over_ns);
    if (level == LEVEL_MINUTE && judge->at_ns - to_ns + rule->over_ns > MINUTES_KEPT_NS)
        level = LEVEL_HOUR;
    TRY(windows_merged(
        judge->registry,
        &(struct window_query){.model = judge->version->model,
                               .version = before ? 0 : rule->base_version,
                               .stage = before ? judge->stage : NULL,
                               .shadow = before ? SHADOW_NOT : SHADOW_ALL,
                               .level = level,
                               .from_ns = window_start_ns(level, to_ns - rule->over_ns),
                               .to_ns = to_ns,
                               .profiles = true},
        &window, err));
    status_measure(&window, &group);
    *then = window.events ? rule_measure(rule, &group) : unknown;
    return MLOPS_OK;
}

/* A metric that the project recorded, or the share of positives in the snapshot's target. */
static int measure_training(struct judge *judge, const struct rule *rule,
                            struct mlops_monitor_measure *then, struct mlops_error *err)
{
    _cleanup_(training_clear) struct training training = {0};
    const char *name = rule_measure_name(rule);
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(judge->manifest->json, "metrics");
    double value = json_number(metrics, name, NAN);
    if (isnan(value) && str_equal(name, "positives")) {
        TRY(training_load(judge->registry, judge->version->model, judge->version->number, &training,
                          err));
        const struct column_profile *target =
            training.profile && training.target ? profile_column(training.profile, training.target)
                                                : NULL;
        if (target && column_finite(target) && target->min >= 0 && target->max <= 1)
            value = target->mean;
    }
    *then = (struct mlops_monitor_measure){value, value, value};
    return MLOPS_OK;
}

static int measure_base(struct judge *judge, const struct rule *rule,
                        struct mlops_monitor_measure *then, struct mlops_error *err)
{
    return rule->base == BASE_TRAINING ? measure_training(judge, rule, then, err)
                                       : measure_traffic(judge, rule, then, err);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void put_certainty(struct buffer *text, const struct rule *rule,
                          const struct mlops_monitor_group *group,
                          const struct mlops_monitor_measure *measure)
{
    if (!(measure->low < measure->high)) {
        const char *name = rule_measure_name(rule);
        if (str_starts(name, "latency") && !rule->ratio)
            buffer_puts(text, " (within 1 % of the exact one)");
        else if (rule_estimates(rule))
            buffer_printf(text, " (by its own scores, %s)",
                          group->estimate.calibrated ? "calibrated" : "as they are");
        else if (str_equal(name, "drift") && group->against_training.calibrated)
            buffer_printf(text, " (where nothing drifts, any in %.3g %% of spans)",
                          100 * group->against_training.far);
        return;
    }
    bool sure = !rule_holds(rule, measure->low) && !rule_holds(rule, measure->high);
    buffer_printf(text, " (95 %%: %.4g to %.4g%s)", measure->low, measure->high,
                  sure ? ", all of it beyond" : "; the limit is inside");
}

static char *base_text(const struct rule *rule)
{
    if (rule->base == BASE_TRAINING)
        return xstrdup("in training");
    if (rule->base == BASE_VERSION)
        return xprintf("of version %llu", (unsigned long long)rule->base_version);
    if (rule->base_ns % (24 * 60 * MINUTE_NS) == 0)
        return xprintf("%lld days before", (long long)(rule->base_ns / (24 * 60 * MINUTE_NS)));
    return xprintf("%.4g hours before", (double)rule->base_ns / (60.0 * MINUTE_NS));
}

/* "age: median 41.0 -> 77.0; city: …", those first that moved most. */
static char *say_cause(const struct mlops_drift_report *report)
{
    struct buffer text = {0};
    size_t said = 0;
    for (size_t i = 0; i < report->column_count && said < CAUSES_MAX; i++) {
        const struct mlops_drift_column *column = &report->columns[i];
        if (column->drift)
            buffer_printf(&text, "%s%s: %s", said++ ? "; " : "", column->name, column->detail);
    }
    return text.length ? buffer_steal(&text) : xstrdup("");
}

/* ---- the kinds of rules --------------------------------------------------------------------- */

static int judge_detector(struct judge *judge, const struct rule *rule, enum detector_kind kind,
                          struct judgement *judgement, struct buffer *what, struct mlops_error *err)
{
    struct error_stream stream;
    TRY(error_stream_run(judge->registry,
                         &(struct error_stream_query){.model = judge->version->model,
                                                      .version = judge->version->number,
                                                      .stage = judge->stage,
                                                      .kind = kind,
                                                      .from_ns = judge->at_ns - rule->over_ns,
                                                      .to_ns = judge->at_ns},
                         &stream, err));
    judgement->known = stream.labelled > 0;
    judgement->value = (double)stream.drifts;
    judgement->holds = rule_holds(rule, judgement->value);
    buffer_printf(what, "%s found %llu drift%s among the errors of %llu labelled predictions",
                  rule_measure_name(rule), (unsigned long long)stream.drifts,
                  stream.drifts == 1 ? "" : "s", (unsigned long long)stream.labelled);
    if (stream.drifts > 0) {
        char when[32];
        mlops_time_format(stream.last_drift_ns, when);
        buffer_printf(what, ", the last at %s", when);
    }
    return MLOPS_OK;
}

/* Does the rule fail over the short window, too? Not known there is not known at all. */
static int judge_short(struct judge *judge, const struct rule *rule, struct judgement *judgement,
                       struct buffer *what, struct mlops_error *err)
{
    const struct mlops_monitor_group *group;
    struct mlops_monitor_measure measure = unknown;
    TRY(judge_served(judge, rule->short_ns, &group, err));
    if (group)
        measure = rule_measure(rule, group);
    if (isnan(measure.value)) {
        judgement->known = false;
        return MLOPS_OK;
    }
    judgement->holds = judgement->holds || rule_holds(rule, measure.value);
    buffer_printf(what, ", and %.4g over the last %.4g minutes", measure.value,
                  (double)rule->short_ns / (double)MINUTE_NS);
    return MLOPS_OK;
}

static int judge_group(struct judge *judge, const struct rule *rule,
                       const struct mlops_monitor_group *served, struct judgement *judgement,
                       struct buffer *what, struct mlops_error *err)
{
    struct mlops_monitor_group copy = *served; /* what it owns stays its own */
    const struct mlops_monitor_group *group = &copy;
    if (rule_estimates(rule))
        TRY(estimate_run(judge->registry,
                         &(struct estimate_query){.model = judge->version->model,
                                                  .stage = judge->stage,
                                                  .version = judge->version->number,
                                                  .from_ns = judge->at_ns - rule->over_ns,
                                                  .to_ns = judge->at_ns},
                         &copy.estimate, err));
    struct mlops_monitor_measure measure = rule_measure(rule, group), then;
    buffer_printf(what, "%s is %.4g", rule_measure_name(rule), measure.value);
    if (rule->base != BASE_NONE) {
        _cleanup_(free_string) char *base = base_text(rule);
        TRY(measure_base(judge, rule, &then, err));
        measure = rule_change(rule, &measure, &then);
        buffer_printf(what, ", was %.4g %s: %s %.4g", then.value, base,
                      rule->ratio ? "times" : "changed by", measure.value);
    }
    put_certainty(what, rule, group, &measure);
    judgement->known = !isnan(measure.value);
    judgement->value = measure.value;
    judgement->holds = rule_holds(rule, measure.value);
    return rule->short_ns && judgement->known && rule->base == BASE_NONE
               ? judge_short(judge, rule, judgement, what, err)
               : MLOPS_OK;
}

int judge_rule(struct judge *judge, const struct rule *rule, struct judgement *judgement,
               struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer what = {0};
    const struct mlops_monitor_group *group;
    enum detector_kind kind;
    *judgement = (struct judgement){.limit = rule->limit};
    TRY(judge_served(judge, rule->over_ns, &group, err));
    if (rule_detector(rule, &kind))
        TRY(judge_detector(judge, rule, kind, judgement, &what, err));
    else if (group)
        TRY(judge_group(judge, rule, group, judgement, &what, err));
    buffer_printf(&what, "; the rule: %s", rule->text);
    judgement->what = buffer_steal(&what);
    judgement->cause = group ? say_cause(&group->against_training) : xstrdup("");
    return MLOPS_OK;
}

void judgement_clear(struct judgement *judgement)
{
    free(judgement->what);
    free(judgement->cause);
    *judgement = (struct judgement){.known = false};
}
