/* tests/unit/monitor/test_rule.c - rules as text: what they mean, and what is none. */
#include "test.h"

#include "monitor/rule.h"
#include "stats/interval.h"
#include <math.h>
#include <string.h>

static int parse(const char *text, struct rule *rule, struct mlops_error *err)
{
    rule_clear(rule);
    *err = (struct mlops_error){0};
    return rule_parse("slow", text, rule, err);
}

static void a_rule_says_what_must_hold(void **state)
{
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    (void)state;
    assert_int_equal(0, parse("latency_p99 <= 0.25s for 2m severity critical over 5m recover 1h",
                              &rule, &err));
    assert_string_equal("latency_p99", rule_measure_name(&rule));
    assert_true(rule.limit == 250 && rule.over_ns == 300000000000 && rule.for_ns == 120000000000 &&
                rule.recover_ns == 3600000000000);
    assert_string_equal("critical", rule.severity);
    assert_true(rule_holds(&rule, 250) && !rule_holds(&rule, 250.1));
    assert_int_equal(0, parse(" error_rate\t< 0.5% ", &rule, &err));
    assert_true(rule.limit == 0.005 && rule.over_ns == 3600000000000);
    assert_true(rule_holds(&rule, 0) && !rule_holds(&rule, 0.005));
    assert_string_equal("warning", rule.severity);
    assert_int_equal(0, parse("recall > .8", &rule, &err));
    assert_true(rule_holds(&rule, 0.9) && !rule_holds(&rule, 0.8) && !rule_holds(&rule, 0.7));
    assert_int_equal(0, parse("events >= 1e3", &rule, &err));
    assert_true(rule_holds(&rule, 1000) && !rule_holds(&rule, 999));
    rule_clear(&rule);
}

static void what_is_no_rule_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "recall", "recall >=", "recall = 1", "recall >== 1", "recall >= inf", "recall >= nan",
        "recall >= %", "recall >= 5m", "latency_p99 <= 5q", "recall >= 1 over", "recall >= 1 ever 1h",
        "recall <= 1x", "drift <= 1 against week", "adwin < 1 against week", "burn_rate <= 1",
        "burn_rate <= 1 slo 1", "burn_rate <= 1 slo 0", "recall >= 0.9 slo 99%", "recall >= 1 against @0",
        "recall >= 1 against @-3", "recall >= 1 against @3x", "recall >= 1 against monday",
        "recall >= 1 against 0s", "latency_p99 <= 1x against training", "recall >= 1 short 2h",
        "recall >= 1 over 0s", "recall >= 1 over 0", "recall >= 1 severity bad", "x >= 1",
        "recall >= 1 over 1h over 1h over 1h over 1h over 1h over 1h over 1h over 1h over",
    };
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    char longest[600];
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (parse(texts[i], &rule, &err) != MLOPS_INVALID)
            fail_msg("'%s' is taken for a rule", texts[i]);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(MLOPS_INVALID, parse(longest, &rule, &err));
    assert_int_equal(MLOPS_INVALID, rule_parse("a b", "recall > 0", &rule, &err));
    rule_clear(&rule);
}

static void a_rule_may_be_held_against_what_was(void **state)
{
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    (void)state;
    assert_int_equal(0, parse("latency_p99 <= 1.5x against week", &rule, &err));
    assert_true(rule.ratio && rule.limit == 1.5 && rule.base == BASE_BEFORE &&
                rule.base_ns == 604800000000000);
    assert_int_equal(0, parse("positives <= 5% against 24h", &rule, &err));
    assert_true(!rule.ratio && rule.limit == 0.05 && rule.base_ns == 86400000000000);
    assert_int_equal(0, parse("recall >= -0.02 against training", &rule, &err));
    assert_true(rule.base == BASE_TRAINING && rule.limit == -0.02);
    assert_int_equal(0, parse("error_rate <= 0 against @12", &rule, &err));
    assert_true(rule.base == BASE_VERSION && rule.base_version == 12);
    rule_clear(&rule);
}

/* Differences of proportions with score intervals: Newcombe 1998, Statistics in Medicine 17:873-890,
 * table II, method 10: 56/70 - 48/80 gives 0.0524 to 0.3339; 9/10 - 3/10 gives 0.1705 to 0.8090. */
static void a_change_has_newcombes_interval(void **state)
{
    static const struct {
        double a, m, b, n, low, high;
    } cases[] = {{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}};
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    (void)state;
    assert_int_equal(0, parse("error_rate <= 0 against week", &rule, &err));
    for (size_t i = 0; i < 2; i++) {
        struct interval x = interval_wilson(cases[i].a, cases[i].m, 0.95),
                        y = interval_wilson(cases[i].b, cases[i].n, 0.95);
        struct mlops_monitor_measure now = {cases[i].a / cases[i].m, x.low, x.high},
                                     then = {cases[i].b / cases[i].n, y.low, y.high};
        struct mlops_monitor_measure change = rule_change(&rule, &now, &then);
        assert_true(fabs(change.low - cases[i].low) < 5e-5);
        assert_true(fabs(change.high - cases[i].high) < 5e-5);
    }
    assert_int_equal(0, parse("latency_p99 <= 1.5x against week", &rule, &err));
    struct mlops_monitor_measure now = {300, 300, 300}, then = {200, 200, 200}, none = {NAN, NAN, NAN};
    assert_true(rule_change(&rule, &now, &then).value == 1.5);
    assert_true(isnan(rule_change(&rule, &now, &none).value));
    rule_clear(&rule);
}

/* The Site Reliability Workbook, table 5-8: 2 % of a 30-day budget in an hour is a rate of 14.4. */
static void a_burn_rate_is_of_the_budget_of_errors(void **state)
{
    struct mlops_monitor_group group = {.events = 100000, .errors = 1440};
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    enum detector_kind kind;
    (void)state;
    assert_int_equal(0, parse("burn_rate <= 14 over 1h slo 99.9%", &rule, &err));
    assert_true(fabs(rule_measure(&rule, &group).value - 14.4) < 1e-9);
    assert_true(rule.short_ns == 300000000000); /* a twelfth of the long one */
    assert_int_equal(0, parse("burn_rate <= 1 over 3d short 6h slo 0.99", &rule, &err));
    assert_true(rule.short_ns == 21600000000000 && fabs(rule_measure(&rule, &group).value - 1.44) < 1e-9);
    assert_false(rule_detector(&rule, &kind));
    assert_int_equal(0, parse("hddm_a < 1 over 1d", &rule, &err));
    assert_true(rule_detector(&rule, &kind) && kind == DETECTOR_HDDM_A);
    rule_clear(&rule);
}

static void performance_is_known_with_labels_alone(void **state)
{
    struct mlops_monitor_group group = {.events = 10, .errors = 1, .latency_ms = {1, 2, 3, 4}};
    struct rule rule = {.text = NULL};
    struct mlops_error err;
    (void)state;
    assert_int_equal(0, parse("recall > 0.5", &rule, &err));
    assert_true(isnan(rule_measure(&rule, &group).value));
    group.performance.labelled = 3;
    group.performance.recall.value = 0.75;
    assert_true(rule_measure(&rule, &group).value == 0.75);
    assert_int_equal(0, parse("drift <= 0", &rule, &err));
    assert_true(isnan(rule_measure(&rule, &group).value)); /* there is no training profile */
    assert_int_equal(0, parse("error_rate <= 0", &rule, &err));
    struct mlops_monitor_measure measure = rule_measure(&rule, &group);
    assert_true(measure.value == 0.1 && measure.low < 0.1 && measure.high > 0.1);
    assert_int_equal(0, parse("latency_p99 <= 1", &rule, &err));
    assert_true(rule_measure(&rule, &group).value == 3);
    rule_clear(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_says_what_must_hold),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(a_rule_may_be_held_against_what_was),
        cmocka_unit_test(a_change_has_newcombes_interval),
        cmocka_unit_test(a_burn_rate_is_of_the_budget_of_errors),
        cmocka_unit_test(performance_is_known_with_labels_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
