/* tests/unit/stats/test_profile.c - profiles of tables: counts, moments, merging, bytes. */
#include "test.h"

#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/profile.h"
#include <math.h>

static struct column_schema columns[] = {{(char *)(uintptr_t) "n", COLUMN_FLOAT},
                                         {(char *)(uintptr_t) "s", COLUMN_CATEGORY},
                                         {(char *)(uintptr_t) "b", COLUMN_BOOL},
                                         {(char *)(uintptr_t) "t", COLUMN_TIME}};
static const struct table_schema schema = {columns, ARRAY_LENGTH(columns)};

/* The rows of these values, `from` up to `to`, into a profile. */
static const double numbers[] = {1.5, -2, 7, 7, 3.25, 1e3, -4, 0};
static const bool missing[] = {false, false, false, false, false, false, false, true};
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
    static const bool none[3] = {false};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_says_what_the_rows_were),
        cmocka_unit_test(two_parts_merge_to_the_whole_wherever_they_are_cut),
        cmocka_unit_test(bytes_bring_back_the_same_profile),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
        cmocka_unit_test(infinite_values_do_not_spoil_the_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
