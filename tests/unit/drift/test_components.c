/* tests/unit/drift/test_components.c - reconstruction errors and isolated rows of two profiles.
 * tests/interop/components.py compares the figures with NannyML's and scikit-learn's. */
#include "test.h"

#include "drift/components.h"
#include <math.h>

static uint64_t seed;
static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        sum += (double)(seed >> 11) / 0x1p53;
    }
    return sum;
}

struct kind {
    double correlation; /* of x and y */
    double far;         /* share of rows that lie off the line on which x and y are */
    bool tails;         /* of z: its exponential */
};

static void add_row(struct profile *profile, const struct kind *kind, double chance)
{
    static const uint8_t present[] = {false};
    double r = kind->correlation, x = normal(), y = r * x + sqrt(1 - r * r) * normal();
    double z = kind->tails ? exp(1.5 * normal()) : normal();
    if (chance < kind->far) {
        x = 2.5;
        y = -2.5;
    }
    struct text_view text = {normal() > 1 ? "a" : "b", 1};
    struct column cells[] = {{COLUMN_FLOAT, 1, present, &x, NULL, NULL},
                             {COLUMN_FLOAT, 1, present, &y, NULL, NULL},
                             {COLUMN_FLOAT, 1, present, &z, NULL, NULL},
                             {COLUMN_CATEGORY, 1, present, NULL, NULL, &text}};
    profile_update(profile, &(struct batch){cells, ARRAY_LENGTH(cells), 1});
}

static struct profile *draw(size_t rows, struct kind kind)
{
    static struct column_schema columns[] = {{(char *)(uintptr_t) "x", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "y", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "z", COLUMN_FLOAT},
                                             {(char *)(uintptr_t) "c", COLUMN_CATEGORY}};
    struct profile *profile = profile_new(&(struct table_schema){columns, ARRAY_LENGTH(columns)});
    for (size_t i = 0; i < rows; i++)
        add_row(profile, &kind, (double)i / (double)rows);
    return profile;
}

static const char *const names[] = {"x", "y", "z", "c"};

static struct components compare(size_t n, struct kind before, size_t m, struct kind after,
                                 double far)
{
    _cleanup_(profile_free_ptr) struct profile *reference = draw(n, before);
    _cleanup_(profile_free_ptr) struct profile *current = draw(m, after);
    struct components found =
        components_compare(reference, current, names, ARRAY_LENGTH(names), far);
    for (size_t i = 0; found.isolated_by && i < ARRAY_LENGTH(names); i++)
        if (str_equal(names[i], found.isolated_by))
            found.isolated_by = names[i]; /* which outlives the profiles */
    return found;
}

static bool error_moved(struct components found)
{
    return found.error_current < found.error_low || found.error_current > found.error_high;
}

static void a_lost_correlation_raises_the_error(void **state)
{
    (void)state;
    seed = 1;
    struct components found =
        compare(2000, (struct kind){.correlation = 0.95}, 500, (struct kind){0}, 0.01);
    assert_true(found.error_current > found.error_high);
    found = compare(2000, (struct kind){.correlation = 0.5}, 500,
                    (struct kind){.correlation = 0.99}, 0.01);
    assert_true(error_moved(found));
}

static void rows_off_the_line_are_isolated_though_no_column_is(void **state)
{
    (void)state;
    seed = 2;
    const struct kind line = {.correlation = 0.98};
    struct components found =
        compare(2000, line, 500, (struct kind){.correlation = 0.98, .far = 0.05}, 0.01);
    assert_true(found.isolated_current > found.isolated_high);
    assert_true(found.isolated_current >= 0.05);
    assert_true(found.isolated_reference < 0.02);
    assert_true(found.isolated_by && strpbrk(found.isolated_by, "xy"));
    found = compare(2000, line, 500, line, 0.01);
    assert_true(found.isolated_current < found.isolated_high);
}

/* 400 pairs of one source at 5 %, heavy tails half of the time: 20 are to be expected. With 11 and
 * 33 the binomial leaves 1 % on either side; the effects that do not matter only take some away. */
static void chance_alone_alarms_as_often_as_stated(void **state)
{
    size_t errors = 0, isolated = 0;
    (void)state;
    seed = 3;
    for (int trial = 0; trial < 400; trial++) {
        struct kind kind = {.correlation = 0.6, .tails = trial % 2};
        struct components found = compare(300, kind, 100, kind, 0.05);
        errors += error_moved(found);
        isolated += found.isolated_current > found.isolated_high;
    }
    assert_in_range(errors, 0, 33);
    assert_in_range(isolated, 0, 33);
}

static void few_rows_say_nothing(void **state)
{
    (void)state;
    seed = 4;
    struct components found = compare(40, (struct kind){0}, 100, (struct kind){0}, 0.01);
    assert_true(isnan(found.error_current) && isnan(found.isolated_current));
    assert_false(error_moved(found)); /* NaN is beyond no bound */
    found = compare(100, (struct kind){0}, 40, (struct kind){0}, 0.01);
    assert_true(isnan(found.error_current));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_correlation_raises_the_error),
        cmocka_unit_test(rows_off_the_line_are_isolated_though_no_column_is),
        cmocka_unit_test(chance_alone_alarms_as_often_as_stated),
        cmocka_unit_test(few_rows_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
