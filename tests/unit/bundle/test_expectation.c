/* tests/unit/bundle/test_expectation.c - what data suites may expect, and how they are refused. */
#include "test.h"

#include "base/buffer.h"
#include "base/json.h"
#include "bundle/project.h"

#define HEAD                                                                                       \
    "model: m\n"                                                                                   \
    "data:\n"                                                                                      \
    "  train: {path: t.csv}\n"                                                                     \
    "  new: {path: n.csv}\n"                                                                       \
    "tests:\n"                                                                                     \
    "  s:\n"                                                                                       \
    "    kind: data\n"

static int parse(const char *suite, struct project *project, struct mlops_error *err)
{
    _cleanup_(free_string) char *text = xprintf(HEAD "%s", suite);
    memset(err, 0, sizeof(*err));
    return project_parse(text, strlen(text), "mlops.yaml", project, err);
}

static void a_whole_suite_is_read_and_comes_back_from_json(void **state)
{
    static const char *const names[] = {"columns and types of train",
                                        "rows: at least 10",
                                        "a, b: unique together",
                                        "c: unique",
                                        "a: type integer, for 99.5 %",
                                        "a: at most 1 % missing",
                                        "a: from -1 to 1.5, for 99.5 %",
                                        "b: never missing",
                                        "b: one of x, y, 3",
                                        "b: matches ^x",
                                        "t: at least 2026-01-02",
                                        "t: newest not older than 30d",
                                        "no drift from train",
                                        "at most 0.1 % of the rows are in train, by a, b"};
    struct project project, again;
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(
        MLOPS_OK,
        parse("    data: new\n"
              "    schema: train\n"
              "    rows: {min: 10}\n"
              "    unique: [[a, b], [c]]\n"
              "    columns:\n"
              "      a: {type: integer, missing: 1%, min: -1, max: 1.5, mostly: 99.5%}\n"
              "      b: {not_null: true, accepted_values: [x, y, 3], matches: '^x'}\n"
              "      t: {min: 2026-01-02, max_age: 30d}\n"
              "    skew: {against: train, except: [a], false_alarms: 5%}\n"
              "    leakage: {against: train, by: [a, b], max_share: 0.1%}\n",
              &project, &err));
    cJSON *json = project_to_json(&project);
    assert_int_equal(MLOPS_OK, project_from_json(json, &again, &err));
    const struct expectations *all = &again.suites[0].expectations;
    assert_int_equal(ARRAY_LENGTH(names), all->count);
    assert_string_equal("new", all->data);
    for (size_t i = 0; i < all->count; i++)
        assert_string_equal(names[i], all->items[i].name);
    assert_true(all->items[4].tolerated > 0.0049 && all->items[4].tolerated < 0.0051);
    assert_true(all->items[10].times);
    assert_true(all->items[12].far == 0.05);
    cJSON *twice = project_to_json(&again);
    assert_true(cJSON_Compare(json, twice, true));
    cJSON_Delete(json);
    cJSON_Delete(twice);
    project_clear(&project);
    project_clear(&again);
}

static void what_makes_no_sense_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *suite, *message;
    } cases[] = {
        {"    columns: {a: {unique: true}}\n", "mlops.yaml:6: a data suite needs 'data'"},
        {"    data: new\n", "a data suite expects nothing"},
        {"    data: newer\n    rows: {min: 1}\n", "there is no snapshot called 'newer'"},
        {"    data: new\n    schema: tain\n", "there is no snapshot called 'tain'"},
        {"    data: new\n    run: x\n    rows: {min: 1}\n", "mlops.yaml:9: 'run' is for suites"},
        {"    data: new\n    network: true\n    rows: {min: 1}\n", "'network' is for suites"},
        {"    data: new\n    columns:\n      a: {typ: integer}\n",
         "mlops.yaml:10: unknown key 'typ' (did you mean 'type'?)"},
        {"    data: new\n    columns:\n      a: {type: intger}\n", "did you mean 'integer'?"},
        {"    data: new\n    columns:\n      a: {min: 2, max: 1}\n", "no value lies between"},
        {"    data: new\n    columns:\n      a: {min: 2, max: 2026-01-01}\n", "no value lies between"},
        {"    data: new\n    columns:\n      a: {min: soon}\n", "must be a number or a time"},
        {"    data: new\n    columns:\n      a: {not_null: false}\n", "can only be true"},
        {"    data: new\n    columns:\n      a: {missing: 2}\n", "must be a share"},
        {"    data: new\n    columns:\n      a: {mostly: 99%, unique: true}\n", "'mostly' goes with"},
        {"    data: new\n    columns:\n      a: {matches: '('}\n", "is no regular expression"},
        {"    data: new\n    columns:\n      a: {accepted_values: []}\n", "is empty"},
        {"    data: new\n    columns:\n      a: {max_age: 3}\n", "must be a text"},
        {"    data: new\n    columns:\n      a: 3\n", "must be a map"},
        {"    data: new\n    columns: [a]\n", "'columns' must be a map"},
        {"    data: new\n    rows: {min: 1.5}\n", "must be a whole number"},
        {"    data: new\n    rows: {}\n", "must have a 'min' or a 'max'"},
        {"    data: new\n    skew: {}\n", "'skew' has no 'against'"},
        {"    data: new\n    skew: {against: train, false_alarms: 90%}\n", "must lie between"},
        {"    data: new\n    leakage: {against: train, max_share: 2}\n", "must be a share"},
        {"    data: new\n    unique: [[a], [a]]\n", "is expected twice"},
    };
    struct project project;
    struct mlops_error err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(MLOPS_INVALID, parse(cases[i].suite, &project, &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("'%s' is not in '%s'", cases[i].message, err.message);
    }
    static const char unit[] = "model: m\ntests: {u: {kind: unit, run: x, skew: {}}}";
    assert_int_equal(MLOPS_INVALID,
                     project_parse(unit, sizeof(unit) - 1, "mlops.yaml", &project, &err));
    assert_non_null(strstr(err.message, "'skew' is for suites of the kind 'data'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_suite_is_read_and_comes_back_from_json),
        cmocka_unit_test(what_makes_no_sense_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
