/* tests/unit/drift/test_compare.c - verdicts on pairs of profiles. */
#include "test.h"

#include "bundle/drift_settings.h"
#include "drift/compare.h"
#include "drift/method.h"
#include <math.h>
#include <stdio.h>

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
        uint8_t missing[] = {uniform() < shape->missing}, present[] = {false};
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

/* Statistics that grow with the rows multiply the errors of the sketches by as much. */
static void errors_of_sketches_are_no_drift(void **state)
{
    static const char *const growing[] = {"chi_square", "g", "cramer_von_mises",
                                          "anderson_darling"};
    (void)state;
    seed = 9;
    for (size_t m = 0; m < ARRAY_LENGTH(growing); m++) {
        struct compare_options options = {
            .numeric_method = growing[m], .far = 0.05, .any_effect = true};
        struct mlops_drift_report report = compare(60000, 60000, &plain, &options);
        assert_true(report.calibrated);
        if (column(&report, "x")->drift)
            fail_msg("%s: %g above %g", growing[m], column(&report, "x")->statistic,
                     column(&report, "x")->threshold);
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

/* ---- columns of many values ------------------------------------------------------------------ */

/* A profile of one text column of `rows` rows, the value of each drawn by `draw_value`. */
static struct profile *draw_texts(size_t rows, const char *prefix, double (*draw_value)(void))
{
    struct column_schema schema = {(char *)(uintptr_t) "c", COLUMN_CATEGORY};
    struct profile *profile = profile_new(&(struct table_schema){&schema, 1});
    for (size_t i = 0; i < rows; i++) {
        static const uint8_t present[] = {false};
        char text[32];
        int length = snprintf(text, sizeof(text), "%s%.0f", prefix, floor(draw_value()));
        struct text_view view = {text, (uint32_t)length};
        struct column cell = {COLUMN_CATEGORY, 1, present, NULL, NULL, &view};
        profile_update(profile, &(struct batch){&cell, 1, 1});
    }
    return profile;
}

static double identifier(void)
{
    return 1e12 * uniform();
}
static double merchant(void)
{
    return pow(5000, uniform()); /* a long tail */
}
static double branch(void)
{
    return 500 * uniform(); /* each as often as the others */
}

static struct mlops_drift_column compare_texts(struct profile *reference, struct profile *current,
                                               const char *method)
{
    struct mlops_error err = {0};
    struct mlops_drift_report report = {0};
    struct compare_options options = {.categorical_method = method};
    assert_int_equal(0, profiles_compare(reference, current, &options, &report, &err));
    assert_int_equal(1, report.column_count);
    struct mlops_drift_column result = report.columns[0];
    free(report.columns);
    for (size_t i = 0; i < result.bar_count; i++)
        free(result.bars[i].label);
    free(result.bars);
    free(result.name);
    free(result.type);
    free(result.method);
    profile_free(reference);
    profile_free(current);
    return result; /* with its detail, which the caller frees */
}

static void columns_of_many_values_do_not_drift_by_chance(void **state)
{
    (void)state;
    static double (*const draws[])(void) = {identifier, merchant, branch};
    static const size_t sizes[][2] = {{500, 40},    {500, 2000}, {2000, 300},
                                      {2000, 2000}, {5000, 300}, {2000, 20000}};
    seed = 6;
    for (size_t d = 0; d < ARRAY_LENGTH(draws); d++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (size_t m = 0; m < ARRAY_LENGTH(categorical); m++) {
                struct mlops_drift_column c =
                    compare_texts(draw_texts(sizes[s][0], "v", draws[d]),
                                  draw_texts(sizes[s][1], "v", draws[d]), categorical[m]);
                if (c.drift)
                    fail_msg("draw %zu, %zu rows against %zu, %s: %g > %g; %s", d, sizes[s][1],
                             sizes[s][0], categorical[m], c.statistic, c.threshold, c.detail);
                free(c.detail);
            }
}

/* As when a key gets another format: every value is new, though none is frequent. */
static void values_that_all_changed_their_names_drift(void **state)
{
    (void)state;
    seed = 7;
    for (size_t m = 0; m < ARRAY_LENGTH(categorical); m++) {
        struct mlops_drift_column c = compare_texts(
            draw_texts(2000, "S-", branch), draw_texts(2000, "store ", branch), categorical[m]);
        assert_true(c.drift);
        assert_non_null(strstr(c.detail, "new: 'store "));
        assert_non_null(strstr(c.detail, "in 100.0 % of rows"));
        free(c.detail);
        c = compare_texts(draw_texts(50000, "S-", merchant), draw_texts(50000, "store ", merchant),
                          categorical[m]);
        assert_true(c.drift); /* more values than a sketch keeps */
        free(c.detail);
    }
}

static void a_few_rows_of_a_new_value_are_enough_where_that_cannot_be_chance(void **state)
{
    (void)state;
    struct shape odd = plain;
    struct compare_options options = {0};
    odd.fresh = "zz";
    seed = 8;
    struct mlops_drift_report report = compare(5000, 50, &odd, &options); /* five rows */
    const struct mlops_drift_column *c = column(&report, "c");
    assert_true(c->drift);
    assert_string_equal("new: 'zz' in 10.0 % of rows", c->detail);
    mlops_drift_report_clear(&report);
}

static void values_are_shown_clean(void **state)
{
    (void)state;
    struct shape odd = plain;
    struct compare_options options = {0};
    odd.fresh = "\033[2J\xff";
    seed = 9;
    struct mlops_drift_report report = compare(5000, 3000, &odd, &options);
    assert_non_null(strstr(column(&report, "c")->detail, "new: '?[2J?'"));
    mlops_drift_report_clear(&report);
}

/* ---- numbers that are hard ------------------------------------------------------------------- */

static struct profile *draw_numbers(size_t rows, double (*draw_number)(void))
{
    struct column_schema schema = {(char *)(uintptr_t) "x", COLUMN_FLOAT};
    struct profile *profile = profile_new(&(struct table_schema){&schema, 1});
    for (size_t i = 0; i < rows; i++) {
        static const uint8_t present[] = {false};
        double number = draw_number();
        struct column cell = {COLUMN_FLOAT, 1, present, &number, NULL, NULL};
        profile_update(profile, &(struct batch){&cell, 1, 1});
    }
    return profile;
}

static double often_infinite(void)
{
    return uniform() < 0.05 ? INFINITY : uniform() < 0.05 ? -INFINITY : normal();
}
static double heavy_tailed(void)
{
    return exp(2 * normal());
}
static double constant(void)
{
    return 3;
}

static void hard_numbers_do_not_drift_by_chance(void **state)
{
    (void)state;
    static double (*const draws[])(void) = {often_infinite, heavy_tailed, constant};
    static const size_t sizes[][2] = {{500, 40}, {500, 500}, {3000, 100}, {3000, 20000}};
    seed = 10;
    for (size_t d = 0; d < ARRAY_LENGTH(draws); d++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (size_t m = 0; m < ARRAY_LENGTH(numeric); m++) {
                struct mlops_error err = {0};
                struct mlops_drift_report report = {0};
                struct compare_options options = {.numeric_method = numeric[m]};
                _cleanup_(profile_free_ptr) struct profile *reference =
                    draw_numbers(sizes[s][0], draws[d]);
                _cleanup_(profile_free_ptr) struct profile *current =
                    draw_numbers(sizes[s][1], draws[d]);
                assert_int_equal(0, profiles_compare(reference, current, &options, &report, &err));
                if (report.drift)
                    fail_msg("draw %zu, %zu rows, %s: %g > %g", d, sizes[s][1], numeric[m],
                             report.columns[0].statistic, report.columns[0].threshold);
                assert_true(isfinite(report.columns[0].statistic));
                assert_true(isfinite(report.columns[0].threshold));
                mlops_drift_report_clear(&report);
            }
}

static void a_change_of_spread_alone_is_told_by_the_quantile_that_moved(void **state)
{
    (void)state;
    struct shape wider = {.mean = 10, .scale = 6, .missing = 0.1, .first = 0.7};
    struct compare_options options = {0};
    seed = 12;
    struct mlops_drift_report report = compare(5000, 5000, &wider, &options);
    assert_true(column(&report, "x")->drift && !column(&report, "c")->drift);
    assert_non_null(strstr(column(&report, "x")->detail, " -> "));
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

/* Two thresholds for one pair of large tables: what chance reaches is small beside the effect, so
 * that it need not be drawn where the effect is what counts. */
static void chance_is_drawn_only_where_it_may_decide(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct mlops_drift_report report = {0};
    seed = 12;
    _cleanup_(profile_free_ptr) struct profile *large = draw(240000, &plain);
    struct compare_options options = {.far = 0.01};
    assert_int_equal(0, profiles_compare(large, large, &options, &report, &err));
    assert_true(report.calibrated && !isnan(report.domain_auc));
    for (size_t i = 0; i < report.column_count; i++)
        assert_true(report.columns[i].threshold == 0.1);
    mlops_drift_report_clear(&report);
    options.any_effect = true;
    report = (struct mlops_drift_report){0};
    assert_int_equal(0, profiles_compare(large, large, &options, &report, &err));
    assert_true(report.calibrated);
    for (size_t i = 0; i < report.column_count; i++)
        assert_true(report.columns[i].threshold > 0 && report.columns[i].threshold < 0.025);
    mlops_drift_report_clear(&report);
}

/* The project file's reader stands in a room below the methods and has a list of its own. */
static void the_project_file_knows_just_the_methods_that_there_are(void **state)
{
    (void)state;
    for (const char *const *name = drift_method_names; *name; name++) {
        const struct drift_method *method;
        struct mlops_error err = {0};
        assert_true(method_find(*name, true, &method, &err) == MLOPS_OK ||
                    method_find(*name, false, &method, &err) == MLOPS_OK);
    }
    for (int is_numeric = 0; is_numeric < 2; is_numeric++) { /* the hint names all that there are */
        const struct drift_method *method;
        struct mlops_error err = {0};
        char *state_of = NULL;
        assert_int_equal(MLOPS_INVALID, method_find("none", is_numeric, &method, &err));
        assert_non_null(strstr(err.hint, "use one of "));
        for (char *word = strtok_r(err.hint + strlen("use one of "), ", ", &state_of); word;
             word = strtok_r(NULL, ", ", &state_of)) {
            const char *const *name = drift_method_names;
            while (*name && !str_equal(*name, word))
                name++;
            assert_non_null(*name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_method_cries_wolf_at_any_size),
        cmocka_unit_test(errors_of_sketches_are_no_drift),
        cmocka_unit_test(every_method_sees_a_shift),
        cmocka_unit_test(missing_values_and_new_categories_are_named),
        cmocka_unit_test(columns_of_many_values_do_not_drift_by_chance),
        cmocka_unit_test(values_that_all_changed_their_names_drift),
        cmocka_unit_test(a_few_rows_of_a_new_value_are_enough_where_that_cannot_be_chance),
        cmocka_unit_test(values_are_shown_clean),
        cmocka_unit_test(hard_numbers_do_not_drift_by_chance),
        cmocka_unit_test(a_change_of_spread_alone_is_told_by_the_quantile_that_moved),
        cmocka_unit_test(the_threshold_can_be_chosen_and_columns_left_out),
        cmocka_unit_test(columns_without_values_do_not_break_it),
        cmocka_unit_test(chance_is_drawn_only_where_it_may_decide),
        cmocka_unit_test(the_project_file_knows_just_the_methods_that_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
