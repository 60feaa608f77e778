/* tests/unit/loop/test_trigger.c - when a model is due for training, and what is no trigger. */
#include "test.h"

#include "base/util.h"
#include "loop/trigger.h"

#define DAY_NS 86400000000000LL

static void triggers_are_words(void **state)
{
    struct triggers triggers;
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(0, triggers_parse("drift performance alert=slow* alert=x labels=5000 every=30d "
                                       "cooldown=2d budget=4/30d at-most=2 data=7d decide=5d",
                                       &triggers, &err));
    assert_true(triggers.drift && triggers.performance && triggers.pattern_count == 2 &&
                triggers.labels == 5000 && triggers.every_ns == 30 * DAY_NS &&
                triggers.cooldown_ns == 2 * DAY_NS && triggers.budget == 4 &&
                triggers.budget_ns == 30 * DAY_NS && triggers.at_most == 2 && triggers.data_ns == 7 * DAY_NS &&
                triggers.decide_ns == 5 * DAY_NS);
    triggers_clear(&triggers);
    assert_int_equal(0, triggers_parse(NULL, &triggers, &err)); /* the limits that hold anyway */
    assert_true(triggers.cooldown_ns == DAY_NS && triggers.at_most == 1 && triggers.budget == 0);
    triggers_clear(&triggers);
}

static void what_is_no_trigger_is_refused(void **state)
{
    static const char *const texts[] = {
        "",         "cooldown=1d",     "drfit",         "drift=1",      "labels",
        "labels=0", "labels=-1",       "labels=5x",     "every=",       "every=soon",
        "decide=",  "decide",
        "alert=",   "drift budget=4",  "drift budget=/1d", "drift budget=0/1d", "drift at-most=0",
        "drift at-most=1001",          "labels=99999999999999999999"};
    struct triggers triggers;
    struct mlops_error err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        err = (struct mlops_error){0};
        if (triggers_parse(texts[i], &triggers, &err) != MLOPS_INVALID)
            fail_msg("'%s' is taken for triggers", texts[i]);
        triggers_clear(&triggers);
    }
}

/* What is due with these triggers; NULL: nothing. */
static char *judged(const char *text, const struct circumstances *circumstances)
{
    struct triggers triggers;
    struct mlops_error err = {0};
    assert_int_equal(0, triggers_parse(text, &triggers, &err));
    char *why = triggers_judge(&triggers, circumstances);
    triggers_clear(&triggers);
    return why;
}

static bool is_due(const char *text, const struct circumstances *circumstances)
{
    _cleanup_(free_string) char *why = judged(text, circumstances);
    return why;
}

static void one_trigger_suffices(void **state)
{
    struct mlops_alert alert = {.rule = "moved",
                                .stage = "production",
                                .state = MLOPS_ALERT_OPEN,
                                .what = (char[]){"drift_week is 0.4; the rule: …"}};
    const struct mlops_alert_list none = {0}, one = {&alert, 1};
    struct circumstances quiet = {
        .alerts = &none, .stage = "production", .last_ns = 10 * DAY_NS, .now_ns = 20 * DAY_NS};
    struct circumstances alerting = quiet;
    (void)state;
    alerting.alerts = &one;
    assert_false(is_due("drift performance alert=* labels=1 every=11d", &quiet));
    assert_true(is_due("drift every=10d", &quiet));
    quiet.labelled = 5;
    assert_true(is_due("labels=5", &quiet));
    assert_false(is_due("labels=6", &quiet));
    assert_true(is_due("drift", &alerting));
    assert_true(is_due("alert=mov*", &alerting));
    assert_false(is_due("performance", &alerting));
    assert_false(is_due("alert=mov", &alerting));
    alert.silenced = true;
    assert_false(is_due("drift", &alerting));
    alert.silenced = false;
    alert.state = MLOPS_ALERT_PENDING;
    assert_false(is_due("drift", &alerting));
    alert.state = MLOPS_ALERT_OPEN;
    alerting.stage = "staging";
    assert_false(is_due("drift", &alerting));
    alerting.stage = "production";
    alert.what = (char[]){"recall is 0.4"};
    assert_true(is_due("performance", &alerting));
    assert_false(is_due("drift", &alerting));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triggers_are_words),
        cmocka_unit_test(what_is_no_trigger_is_refused),
        cmocka_unit_test(one_trigger_suffices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
