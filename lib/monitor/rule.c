/* lib/monitor/rule.c - "latency_p99 <= 250ms over 5m for 2m recover 10m severity critical". */
#include "monitor/rule.h"
#include "base/number.h"
#include "registry/registry.h"
#include "stats/interval.h"
#include <math.h>
#include <mlops/text.h>

#define CONFIDENCE 0.95
#define TEXT_MAX 256
#define WORDS_MAX 24
#define HOUR_NS 3600000000000LL
#define MINUTE_NS 60000000000LL
#define WEEK_NS (168 * HOUR_NS)
#define SHORT_PART 12 /* of the long window: The Site Reliability Workbook, ch. 5 */

/* ---- measures ------------------------------------------------------------------------------- */

typedef struct mlops_monitor_measure (*measure_read)(const struct mlops_monitor_group *group);

static struct mlops_monitor_measure exact(double value)
{
    return (struct mlops_monitor_measure){value, value, value};
}

static struct mlops_monitor_measure events(const struct mlops_monitor_group *group)
{
    return exact((double)group->events);
}
static struct mlops_monitor_measure error_rate(const struct mlops_monitor_group *group)
{
    double failed = (double)group->errors, all = (double)group->events;
    struct interval interval = interval_wilson(failed, all, CONFIDENCE);
    return (struct mlops_monitor_measure){all > 0 ? failed / all : NAN, interval.low,
                                          interval.high};
}
static struct mlops_monitor_measure latency_p50(const struct mlops_monitor_group *group)
{
    return exact(group->latency_ms[0]);
}
static struct mlops_monitor_measure latency_p90(const struct mlops_monitor_group *group)
{
    return exact(group->latency_ms[1]);
}
static struct mlops_monitor_measure latency_p99(const struct mlops_monitor_group *group)
{
    return exact(group->latency_ms[2]);
}
static struct mlops_monitor_measure latency_p999(const struct mlops_monitor_group *group)
{
    return exact(group->latency_ms[3]);
}
static struct mlops_monitor_measure positives(const struct mlops_monitor_group *group)
{
    return exact(group->positives);
}
static struct mlops_monitor_measure score_mean(const struct mlops_monitor_group *group)
{
    return exact(group->score_mean);
}
/* Share of the columns that drifted. */
static struct mlops_monitor_measure share_of(const struct mlops_drift_report *report)
{
    return exact(report->column_count ? report->share : NAN);
}
static struct mlops_monitor_measure drift(const struct mlops_monitor_group *group)
{
    return share_of(&group->against_training);
}
static struct mlops_monitor_measure drift_week(const struct mlops_monitor_group *group)
{
    return share_of(&group->against_before);
}
static struct mlops_monitor_measure drift_outputs(const struct mlops_monitor_group *group)
{
    return share_of(&group->outputs);
}
static struct mlops_monitor_measure accuracy(const struct mlops_monitor_group *group)
{
    return group->performance.accuracy;
}
static struct mlops_monitor_measure precision(const struct mlops_monitor_group *group)
{
    return group->performance.precision;
}
static struct mlops_monitor_measure recall(const struct mlops_monitor_group *group)
{
    return group->performance.recall;
}
static struct mlops_monitor_measure fpr(const struct mlops_monitor_group *group)
{
    return group->performance.fpr;
}
static struct mlops_monitor_measure auc(const struct mlops_monitor_group *group)
{
    return group->performance.auc;
}
static struct mlops_monitor_measure brier(const struct mlops_monitor_group *group)
{
    return group->performance.brier;
}
static struct mlops_monitor_measure labelled(const struct mlops_monitor_group *group)
{
    return exact((double)group->performance.labelled);
}

static struct mlops_monitor_measure estimated_accuracy(const struct mlops_monitor_group *group)
{
    return exact(group->estimate.accuracy);
}
static struct mlops_monitor_measure estimated_precision(const struct mlops_monitor_group *group)
{
    return exact(group->estimate.precision);
}
static struct mlops_monitor_measure estimated_recall(const struct mlops_monitor_group *group)
{
    return exact(group->estimate.recall);
}
static struct mlops_monitor_measure estimated_fpr(const struct mlops_monitor_group *group)
{
    return exact(group->estimate.fpr);
}
static struct mlops_monitor_measure estimated_auc(const struct mlops_monitor_group *group)
{
    return exact(group->estimate.auc);
}

/* time: its limit may be a duration, and means milliseconds; labels: known only with some; changes:
 * it may be held against other traffic; trained: against what the bundle says of its training. */
static const struct {
    const char *name;
    measure_read read; /* NULL: a detector's */
    bool time, labels, changes, trained, estimates;
    enum detector_kind detector;
} measures[] = {
    {"events", events, .changes = true},
    {"error_rate", error_rate, .changes = true},
    {"burn_rate", error_rate, .time = false},
    {"latency_p50", latency_p50, .time = true, .changes = true},
    {"latency_p90", latency_p90, .time = true, .changes = true},
    {"latency_p99", latency_p99, .time = true, .changes = true},
    {"latency_p999", latency_p999, .time = true, .changes = true},
    {"positives", positives, .changes = true, .trained = true},
    {"score_mean", score_mean, .changes = true},
    {"drift", drift, .time = false},
    {"drift_week", drift_week, .time = false},
    {"drift_outputs", drift_outputs, .time = false},
    {"labelled", labelled, .changes = true},
    {"accuracy", accuracy, .labels = true, .changes = true, .trained = true},
    {"precision", precision, .labels = true, .changes = true, .trained = true},
    {"recall", recall, .labels = true, .changes = true, .trained = true},
    {"fpr", fpr, .labels = true, .changes = true, .trained = true},
    {"auc", auc, .labels = true, .changes = true, .trained = true},
    {"brier", brier, .labels = true, .changes = true, .trained = true},
    {"estimated_accuracy", estimated_accuracy, .estimates = true},
    {"estimated_precision", estimated_precision, .estimates = true},
    {"estimated_recall", estimated_recall, .estimates = true},
    {"estimated_fpr", estimated_fpr, .estimates = true},
    {"estimated_auc", estimated_auc, .estimates = true},
    {"adwin", NULL, .detector = DETECTOR_ADWIN},
    {"ddm", NULL, .detector = DETECTOR_DDM},
    {"eddm", NULL, .detector = DETECTOR_EDDM},
    {"hddm_a", NULL, .detector = DETECTOR_HDDM_A},
    {"hddm_w", NULL, .detector = DETECTOR_HDDM_W},
    {"kswin", NULL, .detector = DETECTOR_KSWIN},
    {"shift", NULL, .detector = DETECTOR_SHIFT},
    {"page_hinkley", NULL, .detector = DETECTOR_PAGE_HINKLEY},
};
#define MEASURES (sizeof(measures) / sizeof(*measures))

/* ---- text ----------------------------------------------------------------------------------- */

static int take_measure(const char *word, struct rule *rule, struct mlops_error *err)
{
    const char *names[MEASURES + 1] = {NULL};
    for (size_t i = 0; i < MEASURES; i++) {
        names[i] = measures[i].name;
        if (str_equal(word, names[i])) {
            rule->measure = i;
            return MLOPS_OK;
        }
    }
    const char *near = mlops_suggest(word, names);
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a measure", word);
    return near ? mlops_hint(err, "did you mean '%s'?", near)
                : mlops_hint(err,
                             "docs/alerts.md lists them: latency_p99, error_rate, drift, recall …");
}

static int take_comparison(const char *word, struct rule *rule, struct mlops_error *err)
{
    rule->at_most = word[0] == '<';
    rule->strict = word[1] == '\0';
    if ((word[0] == '<' || word[0] == '>') && (rule->strict || str_equal(word + 1, "=")))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' is not one of <= < >= >", word);
}

static int take_limit(const char *word, struct rule *rule, struct mlops_error *err)
{
    size_t length = strlen(word);
    bool percent = length > 1 && word[length - 1] == '%';
    int64_t duration_ns;
    rule->ratio = length > 1 && word[length - 1] == 'x';
    if (number_parse(word, length - (percent || rule->ratio), &rule->limit) &&
        isfinite(rule->limit)) {
        rule->limit /= percent ? 100 : 1;
        return MLOPS_OK;
    }
    if (!measures[rule->measure].time || mlops_duration_parse(word, &duration_ns, err))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a limit of %s", word,
                          measures[rule->measure].name);
    rule->limit = (double)duration_ns / 1e6;
    return MLOPS_OK;
}

static int take_severity(const char *word, struct rule *rule, struct mlops_error *err)
{
    if (!str_equal(word, "info") && !str_equal(word, "warning") && !str_equal(word, "critical"))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not one of info, warning, critical", word);
    str_copy(rule->severity, sizeof(rule->severity), word);
    return MLOPS_OK;
}

/* "week", "24h", "training", "@3". */
static int take_base(const char *word, struct rule *rule, struct mlops_error *err)
{
    char *end = NULL;
    bool training = str_equal(word, "training");
    if (measures[rule->measure].detector || !measures[rule->measure].changes ||
        (training && !measures[rule->measure].trained))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not held against %s",
                          measures[rule->measure].name, training ? "training" : "anything");
    rule->base = training ? BASE_TRAINING : word[0] == '@' ? BASE_VERSION : BASE_BEFORE;
    if (training)
        return MLOPS_OK;
    if (rule->base == BASE_VERSION) {
        rule->base_version = strtoull(word + 1, &end, 10);
        if (rule->base_version > 0 && rule->base_version <= INT64_MAX && !*end && word[1] != '-')
            return MLOPS_OK;
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no version: write @3", word);
    }
    rule->base_ns = WEEK_NS;
    if (!str_equal(word, "week") && mlops_duration_parse(word, &rule->base_ns, err))
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s' is not one of week, a time such as 24h, training, @VERSION", word);
    return rule->base_ns > 0 ? MLOPS_OK
                             : mlops_fail(err, MLOPS_INVALID, "nothing is '%s' before now", word);
}

/* "99.9%" */
static int take_objective(const char *word, struct rule *rule, struct mlops_error *err)
{
    size_t length = strlen(word);
    bool percent = length > 1 && word[length - 1] == '%';
    if (!str_equal(measures[rule->measure].name, "burn_rate"))
        return mlops_fail(err, MLOPS_INVALID, "'slo' is for burn_rate alone");
    if (number_parse(word, length - percent, &rule->objective))
        rule->objective /= percent ? 100 : 1;
    if (rule->objective > 0 && rule->objective < 1)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' is no objective between 0 and 1, such as 99.9%%",
                      word);
}

static int take_clause(const char *key, const char *value, struct rule *rule,
                       struct mlops_error *err)
{
    if (str_equal(key, "severity"))
        return take_severity(value, rule, err);
    if (str_equal(key, "against"))
        return take_base(value, rule, err);
    if (str_equal(key, "slo"))
        return take_objective(value, rule, err);
    int64_t *duration = str_equal(key, "over")      ? &rule->over_ns
                        : str_equal(key, "short")   ? &rule->short_ns
                        : str_equal(key, "for")     ? &rule->for_ns
                        : str_equal(key, "recover") ? &rule->recover_ns
                                                    : NULL;
    if (!duration)
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s' is not one of over, short, for, recover, against, slo, severity",
                          key);
    TRY(mlops_duration_parse(value, duration, err));
    if (rule->over_ns <= 0)
        return mlops_fail(err, MLOPS_INVALID, "nothing can be measured over '%s'", value);
    return MLOPS_OK;
}

/* What clauses mean together. */
static int check_whole(struct rule *rule, struct mlops_error *err)
{
    bool burns = str_equal(measures[rule->measure].name, "burn_rate");
    if (rule->ratio && rule->base == BASE_NONE)
        return mlops_fail(err, MLOPS_INVALID, "a limit in times needs 'against': of what?");
    if (burns && rule->objective == 0)
        return mlops_fail(err, MLOPS_INVALID, "burn_rate needs an objective, such as 'slo 99.9%%'");
    if (burns && rule->short_ns == 0)
        rule->short_ns =
            rule->over_ns / SHORT_PART > MINUTE_NS ? rule->over_ns / SHORT_PART : MINUTE_NS;
    if (rule->short_ns && (measures[rule->measure].detector || measures[rule->measure].estimates ||
                           rule->base != BASE_NONE))
        return mlops_fail(err, MLOPS_INVALID, "such a rule has no short window");
    if (rule->short_ns > rule->over_ns)
        return mlops_fail(err, MLOPS_INVALID, "the short window is longer than the long one");
    return MLOPS_OK;
}

static int parse_words(char **words, size_t count, struct rule *rule, struct mlops_error *err)
{
    if (count < 3 || count % 2 == 0) {
        mlops_fail(err, MLOPS_INVALID,
                   "a rule is a measure, a comparison, a limit, and what is "
                   "said about it in pairs");
        return mlops_hint(err, "such as 'latency_p99 <= 250ms over 5m for 2m severity critical'");
    }
    TRY(take_measure(words[0], rule, err));
    TRY(take_comparison(words[1], rule, err));
    TRY(take_limit(words[2], rule, err));
    for (size_t i = 3; i < count; i += 2)
        TRY(take_clause(words[i], words[i + 1], rule, err));
    return check_whole(rule, err);
}

int rule_parse(const char *name, const char *text, struct rule *rule, struct mlops_error *err)
{
    _cleanup_(free_string) char *copy = xstrdup(text);
    char *words[WORDS_MAX], *state = NULL;
    size_t count = 0;

    *rule = (struct rule){.over_ns = HOUR_NS, .severity = "warning"};
    TRY(name_check("rule", name, err));
    if (strlen(text) > TEXT_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the rule '%s' is longer than %d bytes", name,
                          TEXT_MAX);
    str_copy(rule->name, sizeof(rule->name), name);
    for (char *word = strtok_r(copy, " \t\n", &state); word && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\n", &state))
        words[count++] = word;
    if (parse_words(words, count, rule, err))
        return mlops_wrap(err, "rule %s", name);
    rule->text = xstrdup(text);
    return MLOPS_OK;
}

void rule_clear(struct rule *rule)
{
    free(rule->text);
    rule->text = NULL;
}

struct mlops_monitor_measure rule_measure(const struct rule *rule,
                                          const struct mlops_monitor_group *group)
{
    if (!measures[rule->measure].read ||
        (measures[rule->measure].labels && group->performance.labelled == 0) ||
        (measures[rule->measure].estimates && group->estimate.events == 0))
        return exact(NAN);
    struct mlops_monitor_measure measure = measures[rule->measure].read(group);
    if (rule->objective > 0) { /* how many times faster the budget of errors goes than it may */
        double budget = 1 - rule->objective;
        measure.value /= budget;
        measure.low /= budget;
        measure.high /= budget;
    }
    return measure;
}

bool rule_estimates(const struct rule *rule)
{
    return measures[rule->measure].estimates;
}

bool rule_detector(const struct rule *rule, enum detector_kind *kind)
{
    *kind = measures[rule->measure].detector;
    return !measures[rule->measure].read;
}

struct mlops_monitor_measure rule_change(const struct rule *rule,
                                         const struct mlops_monitor_measure *now,
                                         const struct mlops_monitor_measure *then)
{
    if (rule->ratio)
        return exact(then->value > 0 ? now->value / then->value : NAN);
    double change = now->value - then->value;
    if (!(now->low < now->high) || !(then->low <= then->high))
        return exact(change);
    return (struct mlops_monitor_measure){
        change, change - hypot(now->value - now->low, then->high - then->value),
        change + hypot(now->high - now->value, then->value - then->low)};
}

bool rule_holds(const struct rule *rule, double value)
{
    double beyond = rule->at_most ? value - rule->limit : rule->limit - value;
    return rule->strict ? beyond < 0 : beyond <= 0;
}

const char *rule_measure_name(const struct rule *rule)
{
    return measures[rule->measure].name;
}
