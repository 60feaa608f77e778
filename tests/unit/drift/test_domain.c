/* tests/unit/drift/test_domain.c - rows told apart by how columns go together. */
#include "test.h"

#include "drift/domain.h"
#include <math.h>

static uint64_t seed;
static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        sum += (double)(seed >> 11) / 9007199254740992.0;
    }
    return sum;
}

/* Two columns of mean 0 and deviation 1 that go together by `correlation`, and a text. */
static struct profile *draw(size_t rows, double correlation)
{
    static struct column_schema columns[] = {{(char *)(uintptr_t) "x", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "y", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "c", COLUMN_CATEGORY}};
    struct profile *profile = profile_new(&(struct table_schema){columns, 3});
    for (size_t i = 0; i < rows; i++) {
        static const uint8_t present[] = {false};
        double x = normal(), y = correlation * x + sqrt(1 - correlation * correlation) * normal();
        struct text_view text = {normal() > 0 ? "a" : "b", 1};
        struct column cells[] = {{COLUMN_FLOAT, 1, present, &x, NULL, NULL},
                                 {COLUMN_FLOAT, 1, present, &y, NULL, NULL},
                                 {COLUMN_CATEGORY, 1, present, NULL, NULL, &text}};
        profile_update(profile, &(struct batch){cells, 3, 1});
    }
    return profile;
}

static const char *const names[] = {"x", "y", "c"};

static struct domain classify_at(size_t n, double before, size_t m, double after, double far)
{
    _cleanup_(profile_free_ptr) struct profile *reference = draw(n, before);
    _cleanup_(profile_free_ptr) struct profile *current = draw(m, after);
    return domain_classify(reference, current, names, ARRAY_LENGTH(names), far, true);
}

static struct domain classify(size_t n, double before, size_t m, double after)
{
    return classify_at(n, before, m, after, 0.01);
}

static void columns_that_go_together_otherwise_are_seen(void **state)
{
    (void)state;
    seed = 1;
    struct domain domain = classify(3000, 0.9, 1000, 0);
    assert_true(domain.auc > 0.7 && domain.auc > domain.auc_threshold);
    assert_true(domain.bond > domain.bond_threshold);
    assert_string_equal("x", domain.pair[0]);
    assert_string_equal("y", domain.pair[1]);
    assert_true(fabs(domain.correlations[0] - 0.9) < 0.03 && fabs(domain.correlations[1]) < 0.15);
    /* too weak for a classifier: only the pair tells */
    domain = classify(3000, 0.3, 1000, -0.05);
    assert_true(domain.bond > domain.bond_threshold);
}

static bool is_drift(const struct domain *domain)
{
    return domain->auc > domain->auc_threshold || domain->bond > domain->bond_threshold;
}

/* 200 pairs of tables of one source at 10 %: 20 are to be expected. With 10 and 33 the binomial
 * leaves 1 % on either side. */
static void rows_of_one_source_alarm_as_often_as_stated(void **state)
{
    (void)state;
    size_t alarms = 0;
    seed = 2;
    for (int trial = 0; trial < 200; trial++) {
        struct domain domain = classify_at(300, 0.5, 100, 0.5, 0.1);
        assert_true(domain.auc > 0.3 && domain.auc < 0.7);
        alarms += is_drift(&domain);
    }
    assert_in_range(alarms, 10, 33);
}

/* Few different rows, each many times: the same rows are in both samples. */
static struct profile *draw_repeated(size_t rows)
{
    static struct column_schema columns[] = {{(char *)(uintptr_t) "x", COLUMN_INTEGER},
                                             {(char *)(uintptr_t) "y", COLUMN_INTEGER}};
    struct profile *profile = profile_new(&(struct table_schema){columns, 2});
    for (size_t i = 0; i < rows; i++) {
        static const uint8_t present[] = {false};
        double x = floor(3 * normal()), y = floor(x + 4 * normal());
        struct column cells[] = {{COLUMN_INTEGER, 1, present, &x, NULL, NULL},
                                 {COLUMN_INTEGER, 1, present, &y, NULL, NULL}};
        profile_update(profile, &(struct batch){cells, 2, 1});
    }
    return profile;
}

static void rows_that_come_again_do_not_alarm_more_often(void **state)
{
    static const char *const two[] = {"x", "y"};
    (void)state;
    size_t alarms = 0;
    seed = 4;
    for (int trial = 0; trial < 100; trial++) {
        _cleanup_(profile_free_ptr) struct profile *reference = draw_repeated(1500);
        _cleanup_(profile_free_ptr) struct profile *current = draw_repeated(500);
        struct domain domain = domain_classify(reference, current, two, 2, 0.1, true);
        alarms += is_drift(&domain);
    }
    assert_in_range(alarms, 3, 19); /* 0.5 % on either side */
}

/* `times` rows each of x = y for x below 60, and one besides of x = 30, y = 0 where it is `odd`. */
static struct profile *draw_diagonal(size_t times, bool odd)
{
    static struct column_schema columns[] = {{(char *)(uintptr_t) "x", COLUMN_INTEGER},
                                             {(char *)(uintptr_t) "y", COLUMN_INTEGER}};
    struct profile *profile = profile_new(&(struct table_schema){columns, 2});
    for (size_t i = 0; i < 60 * times + odd; i++) {
        static const uint8_t present[] = {false};
        double x = i < 60 * times ? (double)(i % 60) : 30, y = i < 60 * times ? x : 0;
        struct column cells[] = {{COLUMN_INTEGER, 1, present, &x, NULL, NULL},
                                 {COLUMN_INTEGER, 1, present, &y, NULL, NULL}};
        profile_update(profile, &(struct batch){cells, 2, 1});
    }
    return profile;
}

/* The current table has 1 % of all rows, so that the one row that is like no other is in it by
 * chance in 1 % of cases: more often than the 0.3 % that are stated. */
static void a_row_that_chance_puts_there_is_no_drift(void **state)
{
    static const char *const two[] = {"x", "y"};
    (void)state;
    _cleanup_(profile_free_ptr) struct profile *reference = draw_diagonal(100, false);
    _cleanup_(profile_free_ptr) struct profile *current = draw_diagonal(1, true);
    struct domain domain = domain_classify(reference, current, two, 2, 0.003, false);
    assert_true(domain.correlations[0] > 0.99 && domain.correlations[1] < 0.99);
    assert_false(is_drift(&domain));
}

static void few_rows_say_nothing(void **state)
{
    (void)state;
    seed = 3;
    assert_true(isnan(classify(600, 0, 20, 0).auc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_that_go_together_otherwise_are_seen),
        cmocka_unit_test(rows_of_one_source_alarm_as_often_as_stated),
        cmocka_unit_test(rows_that_come_again_do_not_alarm_more_often),
        cmocka_unit_test(a_row_that_chance_puts_there_is_no_drift),
        cmocka_unit_test(few_rows_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
