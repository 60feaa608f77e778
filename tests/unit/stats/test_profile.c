/* tests/unit/stats/test_profile.c - profiles of tables: counts, moments, merging, bytes. */
#include "test.h"

#include "base/file.h"
#include "stats/association.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/profile.h"
#include "stats/row_sample.h"
#include <math.h>

static struct column_schema columns[] = {{(char *)(uintptr_t) "n", COLUMN_FLOAT},
                                         {(char *)(uintptr_t) "s", COLUMN_CATEGORY},
                                         {(char *)(uintptr_t) "b", COLUMN_BOOL},
                                         {(char *)(uintptr_t) "t", COLUMN_TIME}};
static const struct table_schema schema = {columns, ARRAY_LENGTH(columns)};

/* The rows of these values, `from` up to `to`, into a profile. */
static const double numbers[] = {1.5, -2, 7, 7, 3.25, 1e3, -4, 0};
static const uint8_t missing[] = {0, 0, 0, 0, 0, 0, 0, MISSING_EMPTY};
#define ROWS ARRAY_LENGTH(numbers)

static struct profile *profile_of(size_t from, size_t to)
{
    static const double bools[] = {1, 0, 1, 1, 0, 0, 0, 0};
    static const int64_t times[] = {5, 6, 7, 8, 9, 1, 2, 0};
    static const struct text_view texts[] = {{"a", 1}, {"b", 1}, {"a", 1}, {"a", 1},
                                             {"c", 1}, {"", 0},  {"b", 1}, {"", 0}};
    struct column batch_columns[] = {
        {COLUMN_FLOAT, to - from, missing + from, numbers + from, NULL, NULL},
        {COLUMN_CATEGORY, to - from, missing + from, NULL, NULL, texts + from},
        {COLUMN_BOOL, to - from, missing + from, bools + from, NULL, NULL},
        {COLUMN_TIME, to - from, missing + from, NULL, times + from, NULL}};
    struct batch batch = {batch_columns, ARRAY_LENGTH(batch_columns), to - from};
    struct profile *profile = profile_new(&schema);
    profile_update(profile, &batch);
    return profile;
}

static void near(double expected, double value)
{
    if (!(fabs(expected - value) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g expected, %.17g found", expected, value);
}

/* Sums of squares and cubes from numpy over the seven values that are there. */
static void check(const struct profile *profile)
{
    const struct column_profile *n = profile_column(profile, "n");
    assert_int_equal(8, profile->rows);
    assert_int_equal(8, n->count);
    assert_int_equal(1, n->missing);
    near(-4, n->min);
    near(1000, n->max);
    near(144.67857142857142, n->mean);
    near(853607.5892857142, n->m2);
    near(608305701.3520408, n->m3);
    assert_true(fabs(hll_estimate(n->distinct) - 6) < 0.1);
    assert_int_equal(7, kll_count(n->quantiles));
    const struct column_profile *s = profile_column(profile, "s");
    assert_int_equal(3, frequent_count(s->frequent, "a"));
    assert_int_equal(1, frequent_count(s->frequent, ""));
    assert_int_equal(3, frequent_count(profile_column(profile, "b")->frequent, "true"));
    near(1, profile_column(profile, "t")->min);
    near(9, profile_column(profile, "t")->max);
    assert_null(profile_column(profile, "x"));
}

static void a_profile_says_what_the_rows_were(void **state)
{
    (void)state;
    _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS);
    check(profile);
}

static void two_parts_merge_to_the_whole_wherever_they_are_cut(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    for (size_t cut = 0; cut <= ROWS; cut++) {
        _cleanup_(profile_free_ptr) struct profile *first = profile_of(0, cut);
        _cleanup_(profile_free_ptr) struct profile *second = profile_of(cut, ROWS);
        assert_int_equal(0, profile_merge(second, first, &err));
        check(second);
    }
}

static void bytes_bring_back_the_same_profile(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS);
    _cleanup_(profile_free_ptr) struct profile *back = NULL;
    _cleanup_(buffer_clear) struct buffer bytes = {0}, again = {0};
    profile_encode(profile, &bytes);
    assert_int_equal(0, profile_decode(bytes.data, bytes.length, &back, &err));
    check(back);
    profile_encode(back, &again);
    assert_int_equal(bytes.length, again.length);
    assert_memory_equal(bytes.data, again.data, bytes.length);
}

static void a_profile_that_was_hashed_elsewhere_merges_with_its_like_only(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS);
    _cleanup_(profile_free_ptr) struct profile *here = profile_of(0, ROWS);
    _cleanup_(profile_free_ptr) struct profile *back = NULL, *damaged = NULL;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    profile->hashing = PROFILE_HASHED_BY_POSTGRESQL;
    profile_encode(profile, &bytes);
    assert_int_equal(4, bytes.data[8]); /* the format */
    assert_int_equal(0, profile_decode(bytes.data, bytes.length, &back, &err));
    assert_int_equal(PROFILE_HASHED_BY_POSTGRESQL, back->hashing);
    check(back);
    assert_int_equal(MLOPS_INVALID, profile_merge(here, back, &err));
    assert_int_equal(0, profile_merge(profile, back, &err));
    bytes.data[28] = 2; /* by whom nobody knows */
    assert_int_equal(MLOPS_INVALID, profile_decode(bytes.data, bytes.length, &damaged, &err));
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS);
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    profile_encode(profile, &bytes);
    for (size_t length = 0; length < bytes.length; length += length < 200 ? 1 : 61) {
        struct profile *back = NULL;
        assert_int_equal(MLOPS_INVALID, profile_decode(bytes.data, length, &back, &err));
        assert_null(back);
    }
    for (size_t at = 0; at < bytes.length; at += at < 200 ? 1 : 61)
        for (int bit = 0; bit < 8; bit++) {
            struct profile *back = NULL;
            bytes.data[at] ^= (char)(1 << bit);
            if (profile_decode(bytes.data, bytes.length, &back, &err) == 0)
                profile_free(back);
            bytes.data[at] ^= (char)(1 << bit);
        }
}

static void infinite_values_do_not_spoil_the_moments(void **state)
{
    (void)state;
    static const double values[] = {1, INFINITY, 3};
    static const uint8_t none[3] = {false};
    struct column_schema one = {(char *)(uintptr_t) "n", COLUMN_FLOAT};
    struct column column = {COLUMN_FLOAT, 3, none, values, NULL, NULL};
    _cleanup_(profile_free_ptr) struct profile *profile =
        profile_new(&(struct table_schema){&one, 1});
    profile_update(profile, &(struct batch){&column, 1, 3});
    near(2, profile->columns[0].mean);
    near(2, profile->columns[0].m2);
    assert_int_equal(1, profile->columns[0].infinite);
    assert_true(isinf(profile->columns[0].max));
}

/* Made by the mlops of 2026-11-27 of the four rows that the test of its columns names. */
static void a_profile_of_format_1_is_read_and_written_as_it_was(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer bytes = {0}, again = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    _cleanup_(profile_free_ptr) struct profile *fresh = profile_of(0, ROWS);
    assert_int_equal(
        0, file_read(SOURCE_ROOT "/tests/unit/stats/profile_v1.bin", 1 << 20, &bytes, &err));
    assert_int_equal(0, profile_decode(bytes.data, bytes.length, &profile, &err));
    const struct column_profile *n = profile_column(profile, "n");
    assert_int_equal(4, profile->rows);
    assert_false(n->extended);
    assert_null(profile->sample);
    assert_int_equal(1, n->missing);
    near(6.5 / 3, n->mean);
    assert_int_equal(2, frequent_count(profile_column(profile, "s")->frequent, "a"));
    profile_encode(profile, &again);
    assert_int_equal(bytes.length, again.length);
    assert_memory_equal(bytes.data, again.data, bytes.length);
    /* with a newer one it merges to what both have */
    assert_int_equal(0, profile_merge(fresh, profile, &err));
    assert_int_equal(ROWS + 4, fresh->rows);
    assert_null(fresh->sample);
    assert_false(profile_column(fresh, "n")->extended);
    near((7 * 144.67857142857142 + 6.5) / 10, profile_column(fresh, "n")->mean);
}

/* Made by the mlops of 2026-11-29 of four rows: n is 1.5, -2, 7 and nothing. */
static void a_profile_of_format_2_or_3_is_read_and_written_as_one_of_4(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer two = {0}, three = {0};
    assert_int_equal(
        0, file_read(SOURCE_ROOT "/tests/unit/stats/profile_v2.bin", 1 << 20, &two, &err));
    assert_int_equal(2, two.data[8]);
    /* the third has by whom it was hashed behind rows and ragged ones */
    buffer_append(&three, two.data, 28);
    buffer_append(&three, (const char[]){PROFILE_HASHED_BY_POSTGRESQL, 0, 0, 0}, 4);
    buffer_append(&three, two.data + 28, two.length - 28);
    three.data[8] = 3;
    for (int format = 2; format <= 3; format++) {
        const struct buffer *bytes = format == 2 ? &two : &three;
        _cleanup_(profile_free_ptr) struct profile *profile = NULL, *back = NULL;
        _cleanup_(buffer_clear) struct buffer again = {0};
        assert_int_equal(0, profile_decode(bytes->data, bytes->length, &profile, &err));
        assert_int_equal(format == 3, profile->hashing);
        profile_encode(profile, &again);
        assert_int_equal(4, again.data[8]);
        assert_int_equal(0, profile_decode(again.data, again.length, &back, &err));
        assert_int_equal(format == 3, back->hashing);
        const struct column_profile *n = profile_column(back, "n");
        assert_true(n->extended && n->mean_low == 0);
        near(6.5 / 3, n->mean);
        near(-1.5, column_kurtosis(n));
        assert_int_equal(0, profile_merge(back, profile, &err));
        assert_int_equal(8, back->rows);
        near(6.5 / 3, profile_column(back, "n")->mean);
    }
    /* nobody is who the third names as soon as it is rows of our own */
    struct profile *none = NULL;
    three.data[28] = PROFILE_HASHED_HERE;
    assert_int_equal(MLOPS_INVALID, profile_decode(three.data, three.length, &none, &err));
}

/* A thousand values about 1e12, in two parts that are kept on disk between: what a double rounds
 * off a mean there is 1e-5 of the deviation, which is that of 0 to 999 in steps of 2^-8. */
static void parts_that_were_kept_merge_as_if_they_had_not(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct column_schema one = {(char *)(uintptr_t) "n", COLUMN_FLOAT};
    struct profile *parts[2] = {0};
    static const uint8_t none[1000] = {0};
    double values[1000];
    for (size_t i = 0; i < 1000; i++)
        values[i] = 1e12 + (double)i / 256;
    for (size_t i = 0; i < 2; i++) {
        size_t rows = i == 0 ? 333 : 667;
        struct column column = {COLUMN_FLOAT, rows, none, values + i * 333, NULL, NULL};
        _cleanup_(profile_free_ptr) struct profile *part =
            profile_new(&(struct table_schema){&one, 1});
        _cleanup_(buffer_clear) struct buffer bytes = {0};
        profile_update(part, &(struct batch){&column, 1, rows});
        profile_encode(part, &bytes);
        assert_int_equal(0, profile_decode(bytes.data, bytes.length, &parts[i], &err));
        assert_true(parts[i]->columns[0].mean_low == part->columns[0].mean_low);
    }
    assert_int_equal(0, profile_merge(parts[0], parts[1], &err));
    const struct column_profile *n = &parts[0]->columns[0];
    near(1000.0 * 1001 / 12 / 65536, column_variance(n));
    assert_true(fabs(column_skewness(n)) < 1e-12);
    near(-1.2 * (1e6 + 1) / (1e6 - 1), column_kurtosis(n));
    profile_free(parts[0]);
    profile_free(parts[1]);
}

static void what_changes_the_mean_is_not_what_it_was_rounded_by(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    static const double wrong[] = {1, -1e-13, NAN, INFINITY};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS), *back = NULL;
        _cleanup_(buffer_clear) struct buffer bytes = {0};
        profile->columns[0].mean_low = wrong[i];
        profile_encode(profile, &bytes);
        assert_int_equal(MLOPS_INVALID, profile_decode(bytes.data, bytes.length, &back, &err));
    }
}

static void a_profile_tells_what_is_missing_how_long_texts_are_and_when_it_was(void **state)
{
    (void)state;
    _cleanup_(profile_free_ptr) struct profile *profile = profile_of(0, ROWS);
    const struct column_profile *n = profile_column(profile, "n");
    assert_int_equal(1, n->absence[MISSING_EMPTY]);
    assert_int_equal(0, n->zeros); /* the zero is missing */
    assert_int_equal(2, n->negatives);
    const struct column_profile *s = profile_column(profile, "s");
    assert_int_equal(0, s->length_min);
    assert_int_equal(1, s->length_max);
    assert_int_equal(6, s->length_sum);
    assert_int_equal(6, frequent_count(s->patterns, "a"));
    const struct column_profile *t = profile_column(profile, "t");
    assert_int_equal(1, t->first_ns);
    assert_int_equal(9, t->last_ns);
    assert_int_equal(7, t->hours[0]);
    assert_int_equal(7, t->weekdays[3]);
    /* scipy.stats.skew and kurtosis of the seven numbers, and numpy's var(ddof=1) */
    near(142267.93154761905, column_variance(n));
    near(2.0407203976166968, column_skewness(n));
    near(2.1655330634570484, column_kurtosis(n));
}

/* The columns a (0…9 again and again), b = 2a, c = "x" for even a and "y" for odd. */
static struct profile *related(size_t rows)
{
    static struct column_schema three[] = {{(char *)(uintptr_t) "a", COLUMN_INTEGER},
                                           {(char *)(uintptr_t) "b", COLUMN_FLOAT},
                                           {(char *)(uintptr_t) "c", COLUMN_CATEGORY}};
    struct profile *profile = profile_new(&(struct table_schema){three, 3});
    for (size_t i = 0; i < rows; i++) {
        double a = (double)(i % 10), b = 2 * a;
        struct text_view c = {i % 2 ? "y" : "x", 1};
        static const uint8_t none[1] = {0};
        struct column cells[] = {{COLUMN_INTEGER, 1, none, &a, NULL, NULL},
                                 {COLUMN_FLOAT, 1, none, &b, NULL, NULL},
                                 {COLUMN_CATEGORY, 1, none, NULL, NULL, &c}};
        profile_update(profile, &(struct batch){cells, 3, 1});
    }
    return profile;
}

static void rows_that_came_before_and_columns_that_go_together_are_told(void **state)
{
    (void)state;
    _cleanup_(profile_free_ptr) struct profile *profile = related(1000);
    assert_int_equal(10, row_sample_rows(profile->sample));
    near(0.99, row_sample_duplicates(profile->sample));
    struct association found = profile_association(profile, 0, 1);
    assert_int_equal(ASSOCIATION_PEARSON, found.kind);
    near(1, found.value);
    found = profile_association(profile, 0, 2);
    assert_int_equal(ASSOCIATION_RATIO, found.kind);
    assert_int_equal(ASSOCIATION_CRAMER_V, profile_association(profile, 2, 2).kind);
    assert_true(profile_association(profile, 2, 2).value > 0.9);
    size_t count;
    struct frequent_item *items = frequent_items(profile->columns[0].values, &count);
    assert_int_equal(10, count);
    assert_int_equal(100, items[0].count);
    free(items);
}

static void columns_merge_to_a_type_that_holds_both(void **state)
{
    (void)state;
    static const enum column_type types[][3] = {
        {COLUMN_INTEGER, COLUMN_FLOAT, COLUMN_FLOAT},
        {COLUMN_BOOL, COLUMN_INTEGER, COLUMN_INTEGER},
        {COLUMN_CATEGORY, COLUMN_TEXT, COLUMN_TEXT},
    };
    struct mlops_error err = {0};
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(types); i++) {
        static const double number = 1;
        static const struct text_view text = {"a", 1};
        static const uint8_t none[1] = {0};
        struct profile *both[2];
        for (size_t side = 0; side < 2; side++) {
            enum column_type type = types[i / 2][(side + i) % 2];
            bool numeric = column_is_numeric(type);
            struct column_schema one = {(char *)(uintptr_t) "n", type};
            struct column cell = {
                type, 1, none, numeric ? &number : NULL, NULL, numeric ? NULL : &text};
            both[side] = profile_new(&(struct table_schema){&one, 1});
            profile_update(both[side], &(struct batch){&cell, 1, 1});
        }
        _cleanup_(buffer_clear) struct buffer bytes = {0};
        _cleanup_(profile_free_ptr) struct profile *back = NULL;
        assert_int_equal(0, profile_merge(both[0], both[1], &err));
        assert_int_equal(types[i / 2][2], both[0]->columns[0].type);
        assert_int_equal(2, both[0]->rows);
        profile_encode(both[0], &bytes);
        assert_int_equal(0, profile_decode(bytes.data, bytes.length, &back, &err));
        profile_free(both[0]);
        profile_free(both[1]);
    }
}

static void times_and_numbers_do_not_merge_unless_one_is_empty(void **state)
{
    (void)state;
    static const int64_t time = 5;
    static const double number = 1;
    static const uint8_t none[1] = {0}, all[1] = {MISSING_NULL};
    struct column_schema one = {(char *)(uintptr_t) "n", COLUMN_TIME};
    struct column_schema other = {(char *)(uintptr_t) "n", COLUMN_FLOAT};
    struct mlops_error err = {0};
    _cleanup_(profile_free_ptr) struct profile *times =
        profile_new(&(struct table_schema){&one, 1});
    _cleanup_(profile_free_ptr) struct profile *without =
        profile_new(&(struct table_schema){&other, 1});
    struct column cell = {COLUMN_FLOAT, 1, all, &number, NULL, NULL};
    profile_update(without, &(struct batch){&cell, 1, 1});
    struct column when = {COLUMN_TIME, 1, none, NULL, &time, NULL};
    profile_update(times, &(struct batch){&when, 1, 1});
    assert_int_equal(0, profile_merge(times, without, &err));
    assert_int_equal(1, times->columns[0].absence[MISSING_NULL]);
    assert_int_equal(0, profile_merge(without, times, &err));
    assert_int_equal(COLUMN_TIME, without->columns[0].type);
    assert_int_equal(5, without->columns[0].first_ns);
    _cleanup_(profile_free_ptr) struct profile *full =
        profile_new(&(struct table_schema){&other, 1});
    cell.missing = none;
    profile_update(full, &(struct batch){&cell, 1, 1});
    assert_int_equal(MLOPS_INVALID, profile_merge(full, times, &err));
    assert_string_equal("column 'n' is float in one profile and time in another", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_says_what_the_rows_were),
        cmocka_unit_test(two_parts_merge_to_the_whole_wherever_they_are_cut),
        cmocka_unit_test(bytes_bring_back_the_same_profile),
        cmocka_unit_test(a_profile_that_was_hashed_elsewhere_merges_with_its_like_only),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
        cmocka_unit_test(infinite_values_do_not_spoil_the_moments),
        cmocka_unit_test(a_profile_of_format_1_is_read_and_written_as_it_was),
        cmocka_unit_test(a_profile_of_format_2_or_3_is_read_and_written_as_one_of_4),
        cmocka_unit_test(parts_that_were_kept_merge_as_if_they_had_not),
        cmocka_unit_test(what_changes_the_mean_is_not_what_it_was_rounded_by),
        cmocka_unit_test(a_profile_tells_what_is_missing_how_long_texts_are_and_when_it_was),
        cmocka_unit_test(rows_that_came_before_and_columns_that_go_together_are_told),
        cmocka_unit_test(columns_merge_to_a_type_that_holds_both),
        cmocka_unit_test(times_and_numbers_do_not_merge_unless_one_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
