/* lib/loop/trigger.c - "drift performance alert=slow* labels=5000 every=30d cooldown=1d
 * budget=4/30d". */
#include "loop/trigger.h"
#include "base/util.h"
#include <errno.h>
#include <fnmatch.h>
#include <mlops/text.h>

#define TEXT_MAX 1024
#define DAY_NS 86400000000000LL
#define AT_MOST_MAX 1000

/* ---- text ----------------------------------------------------------------------------------- */

static int take_number(const char *key, const char *text, uint64_t *number, struct mlops_error *err)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *number > 0 && *number <= INT64_MAX)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' of %s is no whole number of at least 1", text, key);
}

static int take_duration(const char *key, const char *text, int64_t *duration_ns,
                         struct mlops_error *err)
{
    if (mlops_duration_parse(text, duration_ns, err))
        return mlops_wrap(err, "%s", key);
    return MLOPS_OK;
}

/* "4/30d" */
static int take_budget(const char *text, struct triggers *triggers, struct mlops_error *err)
{
    const char *slash = strchr(text, '/');
    if (!slash)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no budget: write 4/30d", text);
    _cleanup_(free_string) char *number = xstrndup(text, (size_t)(slash - text));
    TRY(take_number("budget", number, &triggers->budget, err));
    return take_duration("budget", slash + 1, &triggers->budget_ns, err);
}

static int take_pattern(const char *pattern, struct triggers *triggers, struct mlops_error *err)
{
    if (!*pattern || triggers->pattern_count == TRIGGER_PATTERNS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "there are 1 to %d patterns of rules",
                          TRIGGER_PATTERNS_MAX);
    triggers->patterns[triggers->pattern_count++] = xstrdup(pattern);
    return MLOPS_OK;
}

static int take_word(const char *word, struct triggers *triggers, struct mlops_error *err)
{
    static const char *const keys[] = {"drift", "performance", "alert",  "labels",
                                       "every", "cooldown",    "budget", "at-most",
                                       "data",  "decide",      NULL};
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : NULL;
    _cleanup_(free_string) char *key = xstrndup(word, length);
    if (!value && str_equal(key, "drift"))
        return triggers->drift = true, MLOPS_OK;
    if (!value && str_equal(key, "performance"))
        return triggers->performance = true, MLOPS_OK;
    if (value && str_equal(key, "alert"))
        return take_pattern(value, triggers, err);
    if (value && str_equal(key, "labels"))
        return take_number(key, value, &triggers->labels, err);
    if (value && str_equal(key, "at-most"))
        return take_number(key, value, &triggers->at_most, err);
    if (value && str_equal(key, "every"))
        return take_duration(key, value, &triggers->every_ns, err);
    if (value && str_equal(key, "cooldown"))
        return take_duration(key, value, &triggers->cooldown_ns, err);
    if (value && str_equal(key, "data"))
        return take_duration(key, value, &triggers->data_ns, err);
    if (value && str_equal(key, "decide"))
        return take_duration(key, value, &triggers->decide_ns, err);
    if (value && str_equal(key, "budget"))
        return take_budget(value, triggers, err);
    const char *near = mlops_suggest(key, keys);
    if (near && str_equal(near, key))
        mlops_fail(err, MLOPS_INVALID,
                   value ? "'%s' takes no value" : "'%s' is no trigger without a value", near);
    else
        mlops_fail(err, MLOPS_INVALID, "'%s' is no trigger%s%s%s", word,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    return mlops_hint(err, "such as 'drift labels=5000 every=30d cooldown=1d budget=4/30d'");
}

int triggers_parse(const char *text, struct triggers *triggers, struct mlops_error *err)
{
    _cleanup_(free_string) char *copy = xstrdup(text ? text : "");
    char *state = NULL;
    *triggers = (struct triggers){.cooldown_ns = DAY_NS, .at_most = 1};
    if (strlen(copy) > TEXT_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the triggers are longer than %d bytes", TEXT_MAX);
    for (char *word = strtok_r(copy, " \t\n", &state); word; word = strtok_r(NULL, " \t\n", &state))
        TRY(take_word(word, triggers, err));
    if (triggers->at_most > AT_MOST_MAX)
        return mlops_fail(err, MLOPS_INVALID, "at most %d may run at once", AT_MOST_MAX);
    if (!text || triggers->drift || triggers->performance || triggers->pattern_count ||
        triggers->labels || triggers->every_ns || triggers->decide_ns)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' has limits alone: nothing would ever be due", text);
}

void triggers_clear(struct triggers *triggers)
{
    for (size_t i = 0; i < triggers->pattern_count; i++)
        free(triggers->patterns[i]);
    *triggers = (struct triggers){.drift = false};
}

/* ---- judgement ------------------------------------------------------------------------------ */

/* An alert's text begins with its measure. */
static bool speaks_of(const struct mlops_alert *alert, const char *const *measures)
{
    size_t length = strcspn(alert->what, " ");
    for (; *measures; measures++)
        if (strlen(*measures) == length && strncmp(alert->what, *measures, length) == 0)
            return true;
    return false;
}

static bool is_reason(const struct triggers *triggers, const struct mlops_alert *alert)
{
    static const char *const drift[] = {"drift", "drift_week", "drift_outputs", NULL};
    static const char *const performance[] = {
        "accuracy", "precision", "recall", "fpr",   "auc",          "brier", "adwin", "ddm",
        "eddm",     "hddm_a",    "hddm_w", "kswin", "page_hinkley", "shift", NULL};
    if ((triggers->drift && speaks_of(alert, drift)) ||
        (triggers->performance && speaks_of(alert, performance)))
        return true;
    for (size_t i = 0; i < triggers->pattern_count; i++)
        if (fnmatch(triggers->patterns[i], alert->rule, 0) == 0)
            return true;
    return false;
}

char *triggers_judge(const struct triggers *triggers, const struct circumstances *circumstances)
{
    for (size_t i = 0; i < circumstances->alerts->count; i++) {
        const struct mlops_alert *alert = &circumstances->alerts->items[i];
        if (alert->state == MLOPS_ALERT_OPEN && !alert->silenced &&
            str_equal(alert->stage, circumstances->stage) && is_reason(triggers, alert))
            return xprintf("the alert %s is open: %s", alert->rule, alert->what);
    }
    if (triggers->labels && circumstances->labelled >= triggers->labels)
        return xprintf("%llu %s labelled since it was trained",
                       (unsigned long long)circumstances->labelled,
                       circumstances->labelled == 1 ? "event was" : "events were");
    if (triggers->every_ns && circumstances->now_ns - circumstances->last_ns >= triggers->every_ns)
        return xprintf("it was trained %.3g days ago",
                       (double)(circumstances->now_ns - circumstances->last_ns) / (double)DAY_NS);
    return NULL;
}
