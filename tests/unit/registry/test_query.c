/* tests/unit/registry/test_query.c - conditions on versions: what parses, what holds. */
#include "registry/fixture.h"

#include "registry/query.h"

/* A version with depth 6, auc 0.91, name "deep", in staging and production; no other field. */
static void look_up(void *context, size_t index, struct mlops_value *value)
{
    static char deep[] = "deep", staging[] = "staging", production[] = "production";
    static char digest[] =
        "sha256:1f3a59c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static char *const stages[] = {production, staging};
    const char *field = query_field(context, index);

    *value = (struct mlops_value){.kind = MLOPS_VALUE_NONE};
    if (str_equal(field, "params.depth"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_INT, .number = 6};
    else if (str_equal(field, "metrics.auc"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_FLOAT, .number = 0.91};
    else if (str_equal(field, "params.fast"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_BOOL, .number = 1};
    else if (str_equal(field, "params.name"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_TEXT, .text = deep};
    else if (str_equal(field, "bundle"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_TEXT, .text = digest};
    else if (str_equal(field, "created"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_TIME, .time_ns = 1777766400000000000};
    else if (str_equal(field, "age"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_INT, .number = 3 * 86400e9};
    else if (str_equal(field, "stage"))
        *value = (struct mlops_value){.kind = MLOPS_VALUE_SET, .texts = stages, .text_count = 2};
}

static bool holds(const char *text)
{
    struct mlops_error err = {0};
    _cleanup_(query_free_ptr) struct query *query = NULL;

    if (query_parse(text, strlen(text), &query, &err))
        fail_msg("%s: %s", text, err.message);
    return query_judge(query, look_up, query);
}

static void comparisons_are_by_number_or_by_text(void **state)
{
    (void)state;
    assert_true(holds("metrics.auc > 0.9"));
    assert_false(holds("metrics.auc > 0.91"));
    assert_true(holds("metrics.auc>=.91"));
    assert_true(holds("metrics.auc < 1e0"));
    assert_true(holds("params.depth <= 6"));
    assert_true(holds("params.depth = 6.0"));
    assert_true(holds("params.depth == 6"));
    assert_true(holds("params.depth != 7"));
    assert_true(holds("params.name = deep"));
    assert_true(holds("params.name = 'deep'"));
    assert_true(holds("params.name < \"deeper\""));
    assert_true(holds("params.fast = true"));
    assert_false(holds("params.fast = false"));
    assert_false(holds("params.depth = '6'")); /* a number is never what a text says */
    assert_true(holds("params.depth != deep"));
}

static void what_is_not_there_holds_for_nothing(void **state)
{
    (void)state;
    assert_false(holds("metrics.f1 > 0"));
    assert_false(holds("metrics.f1 != 0"));
    assert_true(holds("not metrics.f1 > 0"));
    assert_false(holds("metrics.f1"));
    assert_true(holds("metrics.auc"));
    assert_true(holds("stage"));
}

static void and_binds_closer_than_or_and_not_closer_than_both(void **state)
{
    (void)state;
    assert_true(holds("params.depth = 6 or params.depth = 7 and params.depth = 8"));
    assert_false(holds("(params.depth = 6 or params.depth = 7) and params.depth = 8"));
    assert_false(holds("not params.depth = 6 and params.depth = 6"));
    assert_true(holds("not (params.depth = 6 and params.depth = 7)"));
    assert_true(holds("NOT not params.depth = 6 AND params.fast = true OR params.depth = 1"));
}

static void patterns_times_ages_digests_and_stages(void **state)
{
    (void)state;
    assert_true(holds("params.name ~ '^de+p$'"));
    assert_true(holds("params.name ~ ee"));
    assert_false(holds("params.name ~ '^e'"));
    assert_true(holds("created >= 2026-05-03"));
    assert_false(holds("created > 2026-05-03T00:00:00Z"));
    assert_true(holds("age < 7d and age > 12h"));
    assert_true(holds("bundle = sha256:1f3a59c0"));
    assert_false(holds("bundle = sha256:1f3a59c1"));
    assert_true(holds("stage = staging"));
    assert_false(holds("stage = dev"));
    assert_false(holds("stage != staging"));
    assert_true(holds("stage != dev"));
    assert_true(holds("stage ~ ^prod"));
    assert_true(holds("stage ~ '^pro[a-z]{6,7}$'"));
}

static void quotes_stand_for_themselves_when_doubled(void **state)
{
    (void)state;
    assert_true(holds("params.name != 'it''s'"));
    assert_true(holds("`params.name` = deep"));
    assert_false(holds("`params.a b` = deep"));
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "the condition is empty"},
        {"metrics.auc >", "character 14: a value is expected, not the end"},
        {"metrics.auc > 0.9 params.depth", "character 19: 'and' or 'or' is expected"},
        {"metrics.auc > high", "character 15: 'metrics.auc' is compared with a number"},
        {"(metrics.auc > 1", "character 17: the ( at character 1 is not closed"},
        {"metric.auc > 1", "character 1: versions have no field 'metric.auc'"},
        {"auc > 1", "character 1: versions have no field 'auc'"},
        {"params.a = 'x", "character 12: the ' is never closed"},
        {"params.a ~ '('", "character 12: '(' is no regular expression: a group that is never "},
        {"params.a ~ '(a)\\1'", "character 12: '(a)\\1' is no regular expression: an unknown"},
        {"params.a ~ '[[:alpha:]]'", "a class by its name"},
        {"params.a ~ 'a++++++++++++++++++++++++++++++++++++++++'", "a repetition of a repetition"},
        {"metrics.auc ~ 0.9", "character 15: ~ is for texts"},
        {"created > yesterday", "character 11: 'yesterday' is not a time"},
        {"age > long", "character 7: 'long' is not a duration"},
        {"and", "character 1: versions have no field 'and'"},
        {"= 3", "character 1: a field such as metrics.auc is expected, not '='"},
        {"metrics.", "character 1: versions have no field"},
        {"not", "character 4: a field such as metrics.auc is expected, not the end"},
        {"params.a = 1)", "character 13: 'and' or 'or' is expected, not ')'"},
        {"params.\xff = 1", "not UTF-8"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct query *query = NULL;
        assert_fails(f, MLOPS_INVALID,
                     query_parse(cases[i].text, strlen(cases[i].text), &query, &f->err));
        assert_says(f, cases[i].message);
        assert_null(query);
    }
}

static void the_nearest_field_is_offered(void **state)
{
    struct fixture *f = *state;
    struct query *query = NULL;

    assert_fails(f, MLOPS_INVALID, query_parse("metric.auc > 1", 14, &query, &f->err));
    assert_hint(f, "did you mean 'metrics.auc'?");
    assert_fails(f, MLOPS_INVALID, query_parse("stagee = x", 10, &query, &f->err));
    assert_hint(f, "did you mean 'stage'?");
}

static void depth_and_length_have_limits(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct query *query = NULL;

    for (int i = 0; i < 100000; i++)
        buffer_putc(&text, '(');
    assert_fails(f, MLOPS_INVALID, query_parse(text.data, 1000, &query, &f->err));
    assert_says(f, "nested deeper");
    assert_fails(f, MLOPS_INVALID, query_parse(text.data, text.length, &query, &f->err));
    assert_says(f, "longer than");
    buffer_reset(&text);
    buffer_puts(&text, "params.a");
    for (int i = 0; i < 1000; i++)
        buffer_puts(&text, " and params.a");
    assert_fails(f, MLOPS_INVALID, query_parse(text.data, text.length, &query, &f->err));
    assert_says(f, "more than 1000 comparisons");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_by_number_or_by_text),
        cmocka_unit_test(what_is_not_there_holds_for_nothing),
        cmocka_unit_test(and_binds_closer_than_or_and_not_closer_than_both),
        cmocka_unit_test(patterns_times_ages_digests_and_stages),
        cmocka_unit_test(quotes_stand_for_themselves_when_doubled),
        folder_test(what_is_wrong_is_said_with_its_place),
        folder_test(the_nearest_field_is_offered),
        folder_test(depth_and_length_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
