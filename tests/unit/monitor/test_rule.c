/* tests/unit/monitor/test_rule.c - rules as text: what they mean, and what is none. */
#include "test.h"

#include "monitor/rule.h"
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
        cmocka_unit_test(performance_is_known_with_labels_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
