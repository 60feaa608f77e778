/* tests/unit/drift/test_pair.c - cells of two columns, and values that the reference never had. */
#include "test.h"

#include "drift/pair.h"
#include <math.h>
#include <stdio.h>

static void near(double expected, double value)
{
    if (!(fabs(expected - value) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.17g expected, %.17g found", expected, value);
}

/* A profile of one column. Numbers are rows of 0 … count-1; texts "<prefix><i % distinct>". */
static struct profile *column_of(const char *prefix, int count, int distinct)
{
    struct column_schema schema = {(char *)(uintptr_t) "c",
                                   prefix ? COLUMN_CATEGORY : COLUMN_INTEGER};
    struct profile *profile = profile_new(&(struct table_schema){&schema, 1});
    static const uint8_t present[] = {false};
    for (int i = 0; i < count; i++) {
        char text[32];
        double number = i % distinct;
        int length = snprintf(text, sizeof(text), "%s%d", prefix ? prefix : "", i % distinct);
        struct text_view view = {text, (uint32_t)length};
        struct column cell = {schema.type,          1, present, prefix ? NULL : &number, NULL,
                              prefix ? &view : NULL};
        profile_update(profile, &(struct batch){&cell, 1, 1});
    }
    return profile;
}

struct fixture {
    struct profile *reference, *current;
    struct pair pair;
};

static void given(struct fixture *f, struct profile *reference, struct profile *current)
{
    f->reference = reference;
    f->current = current;
    pair_make(&f->pair, &reference->columns[0], &current->columns[0]);
    double p = 0, q = 0;
    for (size_t i = 0; i < f->pair.cells; i++) {
        assert_true(f->pair.p[i] >= 0 && f->pair.q[i] >= 0);
        assert_true(pair_expected_rows(&f->pair, i) >= PAIR_CELL_MIN);
        p += f->pair.p[i];
        q += f->pair.q[i];
    }
    if (f->pair.cells > 0) { /* no row is lost */
        near(f->pair.n, p);
        near(f->pair.m, q);
    }
}

static void done(struct fixture *f)
{
    pair_clear(&f->pair);
    profile_free(f->reference);
    profile_free(f->current);
}

static void numbers_fall_between_twentieths_of_the_reference(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of(NULL, 400, 400), column_of(NULL, 400, 200));
    assert_int_equal(20, f.pair.cells);
    for (size_t i = 0; i < 20; i++) {
        near(20, f.pair.p[i]);
        near(i < 10 ? 40 : 0, f.pair.q[i]);
    }
    done(&f);
    given(&f, column_of(NULL, 400, 3), column_of(NULL, 400, 3)); /* a cell a value */
    assert_int_equal(3, f.pair.cells);
    near(134, f.pair.p[0]);
    done(&f);
}

static void cells_are_joined_until_they_are_full(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of(NULL, 400, 400), column_of(NULL, 50, 50));
    assert_true(f.pair.cells >= 2 && f.pair.cells <= 5);
    done(&f);
    given(&f, column_of(NULL, 400, 400), column_of(NULL, 5, 5));
    assert_int_equal(0, f.pair.cells); /* five rows say nothing */
    done(&f);
    given(&f, column_of("v", 1000, 4), column_of("v", 1000, 4));
    assert_int_equal(4, f.pair.cells);
    done(&f);
}

/* Cells of values that hardly repeat hold as much of the one as of the other, whichever values each
 * happens to have: nothing can be said of them. */
static void identifiers_are_spread_over_both_alike(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of("a", 900, 900), column_of("b", 900, 900));
    assert_true(f.pair.cells > 20);
    double chi_square = 0;
    for (size_t i = 0; i < f.pair.cells; i++) {
        double difference = f.pair.p[i] - f.pair.q[i];
        chi_square += difference * difference / (f.pair.p[i] + f.pair.q[i]);
    }
    assert_true(chi_square < 1.5 * (double)f.pair.cells);
    assert_true(f.pair.novelty.known);
    near(1, f.pair.novelty.share);
    near(1, f.pair.novelty.expected); /* two rows of one identifier were never seen */
    done(&f);
}

/* The probability of a value with k of the n + m rows to be in none but the m is (1/2)^k here. */
static void new_values_are_held_against_what_chance_brings(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of("a", 900, 450), column_of("b", 900, 450));
    near(1, f.pair.novelty.share);
    near(0.5, f.pair.novelty.expected); /* 900 values of two rows each: 900 · 2 · (1/2)² of 900 */
    /* 450 of 900 values where a quarter was to be expected. Chernoff's bound is the divergence of
     * the two coins: -900 (0.5 ln 2 + 0.5 ln(2/3)) */
    near(-900 * (0.5 * log(2) + 0.5 * log(2.0 / 3)), f.pair.novelty.log_chance);
    done(&f);
    given(&f, column_of("a", 900, 30), column_of("a", 900, 30));
    near(0, f.pair.novelty.share);
    near(0, f.pair.novelty.log_chance); /* nothing new is no surprise */
    done(&f);
}

static void sketches_that_lost_values_cannot_tell_what_is_new(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of("a", 3000, 3000), column_of("b", 900, 900));
    assert_false(f.pair.novelty.known);
    assert_true(f.pair.cells <= 1); /* of nothing but rare values nothing can be said */
    done(&f);
}

static void an_empty_side_has_no_cells(void **state)
{
    (void)state;
    struct fixture f;
    given(&f, column_of("a", 100, 5), column_of("a", 0, 1));
    assert_int_equal(0, f.pair.cells);
    done(&f);
    given(&f, column_of(NULL, 0, 1), column_of(NULL, 100, 5));
    assert_int_equal(0, f.pair.cells);
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_fall_between_twentieths_of_the_reference),
        cmocka_unit_test(cells_are_joined_until_they_are_full),
        cmocka_unit_test(identifiers_are_spread_over_both_alike),
        cmocka_unit_test(new_values_are_held_against_what_chance_brings),
        cmocka_unit_test(sketches_that_lost_values_cannot_tell_what_is_new),
        cmocka_unit_test(an_empty_side_has_no_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
