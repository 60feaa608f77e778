/* tests/unit/monitor/test_silence.c - which alerts a silence is about. */
#include "test.h"

#include "base/util.h"
#include "monitor/silence.h"

static void all_matchers_must_match(void **state)
{
    const struct mlops_alert alert = {
        .rule = "slow-answers", .stage = "production", .severity = "warning", .version = 12};
    (void)state;
    assert_true(silence_matches("rule=slow-answers", &alert));
    assert_true(silence_matches("rule=slow*", &alert));
    assert_true(silence_matches("rule=*", &alert));
    assert_true(silence_matches("version=12 severity!=critical", &alert));
    assert_true(silence_matches("stage=[op]*", &alert));
    assert_false(silence_matches("rule=slow", &alert));
    assert_false(silence_matches("rule=slow* severity=critical", &alert));
    assert_false(silence_matches("rule!=slow*", &alert));
    assert_false(silence_matches("version=1", &alert));
    assert_false(silence_matches("", &alert));
    assert_false(silence_matches("ghost=*", &alert)); /* what is damaged silences nothing */
}

static void what_matches_nothing_is_refused(void **state)
{
    static const char *const texts[] = {"",     "rule",       "rule=",   "rule!",        "=x",
                                        "!=x",  "rule!=",     "rules=x", "rul=x",        "rule=a b",
                                        "RULE=slow*", "segment=mobile"};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(0, silence_check_matcher("rule=slow*", &err));
    assert_int_equal(0, silence_check_matcher("version!=3", &err));
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (silence_check_matcher(texts[i], &err) != MLOPS_INVALID)
            fail_msg("'%s' is taken for a matcher", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_matchers_must_match),
        cmocka_unit_test(what_matches_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
