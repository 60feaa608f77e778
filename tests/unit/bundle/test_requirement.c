/* tests/unit/bundle/test_requirement.c - demands on metrics. */
#include "test.h"

#include "bundle/requirement.h"
#include <math.h>

static struct requirement parsed(const char *text)
{
    struct requirement requirement;
    struct mlops_error err = {0};
    if (requirement_parse(text, &requirement, &err))
        fail_msg("%s", err.message);
    return requirement;
}

static void a_bound_is_a_comparison_and_a_number(void **state)
{
    (void)state;
    struct requirement r = parsed(">= 0.85");
    assert_string_equal(">=", r.comparison);
    assert_string_equal("", r.stage);
    assert_true(r.offset == 0.85);
    r = parsed("<0.025");
    assert_string_equal("<", r.comparison);
    assert_true(r.offset == 0.025);
    r = parsed("  ==  -1e-3  ");
    assert_string_equal("==", r.comparison);
    assert_true(r.offset == -0.001);
    assert_true(parsed("> .5").offset == 0.5);
    assert_true(parsed("> 5.").offset == 5);
    assert_true(parsed("<=+7").offset == 7);
}

static void a_bound_may_be_relative_to_a_stage(void **state)
{
    (void)state;
    struct requirement r = parsed(">= production - 0.01");
    assert_string_equal("production", r.stage);
    assert_true(r.offset == -0.01);
    r = parsed("<=staging+ 2");
    assert_string_equal("staging", r.stage);
    assert_true(r.offset == 2);
    r = parsed("> eu-west_1");
    assert_string_equal("eu-west_1", r.stage);
    assert_true(r.offset == 0);
    assert_true(parsed(">= 0.5+0.25").offset == 0.75);
}

static void what_is_no_requirement_says_what_was_expected(void **state)
{
    static const char *const wrong[][2] = {
        {"", "'' is not a requirement: one of >= > <= < == was expected"},
        {"0.85", "'0.85' is not a requirement: one of >= > <= < == was expected"},
        {"=> 1", "'=> 1' is not a requirement: one of >= > <= < == was expected"},
        {">= 1 at 95", "'>= 1 at 95' is not a requirement: a confidence such as 95% after 'at' was "
                       "expected"},
        {">= 1 at 100%", "'>= 1 at 100%' is not a requirement: a confidence such as 95% after 'at' "
                         "was expected"},
        {"== 1 at 95%",
         "'== 1 at 95%' is not a requirement: a bound that is a number, with >= > <= "
         "or <, before 'at' was expected"},
        {">= production at 95%", "'>= production at 95%' is not a requirement: a bound that is a "
                                 "number, with >= > <= or <, "
                                 "before 'at' was expected"},
        {">= 1 at 95% sure", "'>= 1 at 95% sure' is not a requirement: nothing more was expected"},
        {"= 1", "'= 1' is not a requirement: one of >= > <= < == was expected"},
        {">=", "'>=' is not a requirement: a number or the name of a stage was expected"},
        {">= Production",
         "'>= Production' is not a requirement: a number or the name of a stage was expected"},
        {">= -", "'>= -' is not a requirement: a number or the name of a stage was expected"},
        {">= +inf", "'>= +inf' is not a requirement: a number or the name of a stage was expected"},
        {">= 1e999",
         "'>= 1e999' is not a requirement: a number or the name of a stage was expected"},
        {">= 1e308 + 1e308",
         "'>= 1e308 + 1e308' is not a requirement: a smaller number was expected"},
        {">= production -",
         "'>= production -' is not a requirement: a number after + or - was expected"},
        {">= production - -1",
         "'>= production - -1' is not a requirement: a number after + or - was expected"},
        {">= production - staging",
         "'>= production - staging' is not a requirement: a number after + or - was expected"},
        {">= production 0.1",
         "'>= production 0.1' is not a requirement: nothing more was expected"},
        {">= 0x10", "'>= 0x10' is not a requirement: nothing more was expected"},
        {">= 1,5", "'>= 1,5' is not a requirement: nothing more was expected"},
        {">= 0.5 %", "'>= 0.5 %' is not a requirement: nothing more was expected"},
        {">= latest", "'>= latest' is not a requirement: 'latest' is not a stage"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct requirement r;
        struct mlops_error err = {0};
        assert_int_equal(MLOPS_INVALID, requirement_parse(wrong[i][0], &r, &err));
        assert_string_equal(wrong[i][1], err.message);
        assert_true(err.hint[0] != '\0');
    }
}

static void the_name_of_a_stage_has_a_limit(void **state)
{
    char text[3 + MLOPS_STAGE_MAX + 2] = ">= ";
    struct requirement r;
    struct mlops_error err = {0};
    (void)state;
    memset(text + 3, 'a', MLOPS_STAGE_MAX);
    text[3 + MLOPS_STAGE_MAX] = '\0';
    assert_int_equal(MLOPS_OK, requirement_parse(text, &r, &err));
    text[3 + MLOPS_STAGE_MAX] = 'a';
    text[4 + MLOPS_STAGE_MAX] = '\0';
    assert_int_equal(MLOPS_INVALID, requirement_parse(text, &r, &err));
}

static void a_value_is_held_against_its_bound(void **state)
{
    static const struct {
        const char *comparison;
        bool below, equal, above;
    } table[] = {{">=", false, true, true},
                 {">", false, false, true},
                 {"<=", true, true, false},
                 {"<", true, false, false},
                 {"==", false, true, false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        struct requirement r = {0};
        str_copy(r.comparison, sizeof(r.comparison), table[i].comparison);
        assert_int_equal(table[i].below, requirement_met(&r, 0.4, 0.5));
        assert_int_equal(table[i].equal, requirement_met(&r, 0.5, 0.5));
        assert_int_equal(table[i].above, requirement_met(&r, 0.6, 0.5));
        assert_false(requirement_met(&r, (double)NAN, 0.5));
        assert_false(requirement_met(&r, 0.5, (double)NAN));
    }
}

static void another_version_on_the_same_rows_is_asked_for_in_words(void **state)
{
    (void)state;
    struct requirement r = parsed("not worse than production by 0.005 at 95%");
    assert_int_equal(REQUIREMENT_NOT_WORSE, r.kind);
    assert_string_equal("production", r.stage);
    assert_string_equal("production", r.ref);
    assert_true(r.offset == 0.005 && r.confidence == 0.95);
    r = parsed("  better   than @12 at 99%");
    assert_int_equal(REQUIREMENT_BETTER, r.kind);
    assert_string_equal("", r.stage);
    assert_string_equal("@12", r.ref);
    assert_true(r.offset == 0 && r.confidence == 0.99);
    r = parsed("not worse than fraud@staging~1 by 1e-3");
    assert_string_equal("", r.stage);
    assert_string_equal("fraud@staging~1", r.ref);
    assert_true(r.confidence == 0);
}

static void what_is_compared_with_is_told_as_a_whole_reference(void **state)
{
    static const char *const refs[][2] = {{"production", "fraud@production"},
                                          {"production~1", "fraud@production~1"},
                                          {"@3", "fraud@3"},
                                          {"other@3", "other@3"},
                                          {"sha256:0123456789ab", "sha256:0123456789ab"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(refs); i++) {
        _cleanup_(free_string) char *whole = requirement_reference("fraud", refs[i][0]);
        assert_string_equal(refs[i][1], whole);
    }
}

static void a_comparison_that_is_not_one_is_refused(void **state)
{
    static const char *const wrong[] = {
        "not worse than",
        "not worse production",
        "worse than production",
        "better than production by",
        "better than production by -0.1",
        "better than production at 95",
        "better than production at 50%",
        "better than production at 100%",
        "better than production by 0.1 at 95% or so",
        "better than Production",
        "better than 3",
        "betterthan production",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct requirement r;
        struct mlops_error err = {0};
        if (requirement_parse(wrong[i], &r, &err) != MLOPS_INVALID)
            fail_msg("'%s' was taken", wrong[i]);
        assert_true(err.hint[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_is_a_comparison_and_a_number),
        cmocka_unit_test(a_bound_may_be_relative_to_a_stage),
        cmocka_unit_test(what_is_no_requirement_says_what_was_expected),
        cmocka_unit_test(the_name_of_a_stage_has_a_limit),
        cmocka_unit_test(a_value_is_held_against_its_bound),
        cmocka_unit_test(another_version_on_the_same_rows_is_asked_for_in_words),
        cmocka_unit_test(what_is_compared_with_is_told_as_a_whole_reference),
        cmocka_unit_test(a_comparison_that_is_not_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
