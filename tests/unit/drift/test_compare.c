/* tests/unit/drift/test_compare.c - verdicts on pairs of profiles. */
#include "test.h"

#include "drift/compare.h"
#include <math.h>

static uint64_t seed;
static double uniform(void)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(seed >> 11) / 9007199254740992.0;
}

/* Sum of twelve uniforms: normal enough, mean 0, variance 1. */
static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform();
    return sum;
}

struct shape {
    double mean, scale; /* of the numeric column */
    double missing;     /* share of it */
    double first;       /* share of the category "a"; the rest is "b" */
    const char *fresh;  /* a category for every tenth row, or NULL */
};

static struct profile *draw(size_t rows, const struct shape *shape)
{
    static struct column_schema columns[] = {{(char *)(uintptr_t) "x", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "c", COLUMN_CATEGORY},
                                             {(char *)(uintptr_t) "t", COLUMN_TIME}};
    struct profile *profile = profile_new(&(struct table_schema){columns, 3});
    for (size_t i = 0; i < rows; i++) {
        double number = shape->mean + shape->scale * normal();
        bool missing[] = {uniform() < shape->missing}, present[] = {false};
        int64_t time = (int64_t)i;
        struct text_view text =
            uniform() < shape->first ? (struct text_view){"a", 1} : (struct text_view){"b", 1};
        if (shape->fresh && i % 10 == 0)
            text = (struct text_view){shape->fresh, (uint32_t)strlen(shape->fresh)};
        struct column cells[] = {{COLUMN_FLOAT, 1, missing, &number, NULL, NULL},
                                 {COLUMN_CATEGORY, 1, present, NULL, NULL, &text},
                                 {COLUMN_TIME, 1, present, NULL, &time, NULL}};
        profile_update(profile, &(struct batch){cells, 3, 1});
    }
    return profile;
}

static const struct shape plain = {.mean = 10, .scale = 2, .missing = 0.1, .first = 0.7};

static struct mlops_drift_report compare(size_t reference_rows, size_t rows,
                                         const struct shape *shape,
                                         const struct compare_options *options)
{
    struct mlops_error err = {0};
    struct mlops_drift_report report = {0};
    _cleanup_(profile_free_ptr) struct profile *reference = draw(reference_rows, &plain);
    _cleanup_(profile_free_ptr) struct profile *current = draw(rows, shape);
    assert_int_equal(0, profiles_compare(reference, current, options, &report, &err));
    assert_int_equal(2, report.column_count); /* time is left out */
    return report;
}

static const struct mlops_drift_column *column(const struct mlops_drift_report *report,
                                               const char *name)
{
    for (size_t i = 0; i < report->column_count; i++)
        if (str_equal(report->columns[i].name, name))
            return &report->columns[i];
    fail();
    return NULL;
}

static const char *const numeric[] = {"ks", "jensen_shannon", "psi", "wasserstein",
                                      "total_variation"};
static const char *const categorical[] = {"jensen_shannon", "psi", "total_variation"};

static void no_method_cries_wolf_at_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {5, 20, 100, 1000, 20000};
    seed = 1;
    for (size_t m = 0; m < ARRAY_LENGTH(numeric); m++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (int trial = 0; trial < (sizes[s] > 1000 ? 2 : 20); trial++) {
                struct compare_options options = {.numeric_method = numeric[m],
                                                  .categorical_method = categorical[m % 3]};
                struct mlops_drift_report report = compare(5000, sizes[s], &plain, &options);
                if (report.drift)
                    fail_msg("%s at %zu rows: %s", numeric[m], sizes[s], report.columns[0].name);
                mlops_drift_report_clear(&report);
            }
}

static void every_method_sees_a_shift(void **state)
{
    (void)state;
    struct shape shifted = plain;
    shifted.mean = 11.5;
    shifted.first = 0.4;
    seed = 2;
    for (size_t m = 0; m < ARRAY_LENGTH(numeric); m++) {
        struct compare_options options = {.numeric_method = numeric[m],
                                          .categorical_method = categorical[m % 3]};
        struct mlops_drift_report report = compare(5000, 3000, &shifted, &options);
        assert_true(report.drift);
        assert_true(report.share == 1);
        assert_true(column(&report, "x")->drift && column(&report, "c")->drift);
        assert_string_equal(numeric[m], column(&report, "x")->method);
        assert_non_null(strstr(column(&report, "x")->detail, "median"));
        assert_non_null(strstr(column(&report, "c")->detail, "%"));
        mlops_drift_report_clear(&report);
    }
}

static void missing_values_and_new_categories_are_named(void **state)
{
    (void)state;
    struct shape odd = plain;
    struct compare_options options = {0};
    odd.missing = 0.3;
    odd.fresh = "zz";
    seed = 3;
    struct mlops_drift_report report = compare(5000, 3000, &odd, &options);
    const struct mlops_drift_column *x = column(&report, "x"), *c = column(&report, "c");
    assert_true(x->drift && c->drift);
    assert_true(x->statistic < x->threshold); /* the values themselves have not moved */
    assert_true(fabs(x->missing_reference - 0.1) < 0.02 && fabs(x->missing_current - 0.3) < 0.03);
    assert_non_null(strstr(x->detail, "missing 1"));
    assert_non_null(strstr(c->detail, "new: 'zz'"));
    mlops_drift_report_clear(&report);
}

static void the_threshold_can_be_chosen_and_columns_left_out(void **state)
{
    (void)state;
    struct shape shifted = plain;
    struct mlops_error err = {0};
    static const char *const leave_out[] = {"c", NULL};
    struct compare_options options = {.threshold = 0.9, .leave_out = leave_out};
    shifted.mean = 11.5;
    seed = 4;
    _cleanup_(profile_free_ptr) struct profile *reference = draw(2000, &plain);
    _cleanup_(profile_free_ptr) struct profile *current = draw(2000, &shifted);
    struct mlops_drift_report report = {0};
    assert_int_equal(0, profiles_compare(reference, current, &options, &report, &err));
    assert_int_equal(1, report.column_count);
    assert_false(report.drift);
    assert_true(report.columns[0].threshold == 0.9);
    mlops_drift_report_clear(&report);
    options.numeric_method = "chi";
    assert_int_equal(MLOPS_INVALID, profiles_compare(reference, current, &options, &report, &err));
    assert_string_equal("'chi' is not a method for numeric columns", err.message);
    options = (struct compare_options){.categorical_method = "ks"};
    assert_int_equal(MLOPS_INVALID, profiles_compare(reference, current, &options, &report, &err));
}

static void columns_without_values_do_not_break_it(void **state)
{
    (void)state;
    struct shape empty = plain;
    struct compare_options options = {0};
    empty.missing = 1.1;
    seed = 5;
    struct mlops_drift_report report = compare(500, 500, &empty, &options);
    const struct mlops_drift_column *x = column(&report, "x");
    assert_true(x->drift && x->missing_current == 1 && isfinite(x->statistic));
    mlops_drift_report_clear(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_method_cries_wolf_at_any_size),
        cmocka_unit_test(every_method_sees_a_shift),
        cmocka_unit_test(missing_values_and_new_categories_are_named),
        cmocka_unit_test(the_threshold_can_be_chosen_and_columns_left_out),
        cmocka_unit_test(columns_without_values_do_not_break_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
