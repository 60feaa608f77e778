/* tests/unit/drift/test_slices.c - rows counted by spans of time and by values; rows chosen by
 * season. */
#include "drift/season.h"
#include "drift/slices.h"
#include "test.h"
#include <math.h>

#define HOUR_NS 3600000000000LL
#define DAY_NS (24 * HOUR_NS)
#define ROWS 20000

/* Columns: ts, amount, country. */
static struct column_schema columns[] = {{(char *)(uintptr_t) "ts", COLUMN_TIME},
                                         {(char *)(uintptr_t) "amount", COLUMN_FLOAT},
                                         {(char *)(uintptr_t) "country", COLUMN_CATEGORY}};
static const struct table_schema schema = {columns, 3};
static const char *const names[] = {"amount", "country"};

static int64_t times[ROWS];
static double amounts[ROWS];
static struct text_view countries[ROWS];
static uint8_t none_missing[ROWS], some_missing[ROWS];
static struct column cells[3];
static struct batch table;

static const struct batch *given_table(size_t rows, int64_t step_ns)
{
    static const char *const of[] = {"DE", "FR", "DE", "IT"};
    for (size_t i = 0; i < rows; i++) {
        times[i] = -3 * DAY_NS + (int64_t)i * step_ns;
        amounts[i] = (double)(i * 37 % 101);
        countries[i] = (struct text_view){of[i % 4], 2};
        some_missing[i] = i % 10 == 0 ? MISSING_EMPTY : MISSING_NOT;
    }
    cells[0] = (struct column){COLUMN_TIME, rows, none_missing, NULL, times, NULL};
    cells[1] = (struct column){COLUMN_FLOAT, rows, some_missing, amounts, NULL, NULL};
    cells[2] = (struct column){COLUMN_CATEGORY, rows, none_missing, NULL, NULL, countries};
    table = (struct batch){cells, 3, rows};
    return &table;
}

static struct profile *given_profile(const struct batch *batch)
{
    struct profile *profile = profile_new(&schema);
    profile_update(profile, batch);
    return profile;
}

static void spans_have_every_row_once_however_many_they_would_be(void **state)
{
    (void)state;
    static const int64_t steps[] = {1, 1000000000, HOUR_NS, 7 * HOUR_NS, 400 * DAY_NS};
    for (size_t s = 0; s < ARRAY_LENGTH(steps); s++) {
        size_t count, rows = steps[s] > DAY_NS ? 200 : ROWS, all = 0;
        const struct batch *batch = given_table(rows, steps[s]);
        _cleanup_(profile_free_ptr) struct profile *profile = given_profile(batch);
        _cleanup_(slices_close_ptr) struct slices *slices =
            slices_new_spans(profile, &schema, names, 2, "ts");
        slices_add(slices, batch, 1);
        const struct slice *spans = slices_all(slices, &count);
        assert_in_range(count, 1, SLICES_SPANS_MAX);
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || spans[i].from_ns >= spans[i - 1].to_ns);
            all += spans[i].rows;
            for (size_t column = 0; column < 2; column++) {
                size_t width, offset = slices_cells(slices, column, &width), sum = 0;
                for (size_t cell = 0; cell < width; cell++)
                    sum += spans[i].counts[offset + cell];
                assert_int_equal(spans[i].rows, sum);
            }
        }
        assert_int_equal(rows, all);
        assert_true(spans[0].from_ns <= times[0] && spans[count - 1].to_ns > times[rows - 1]);
    }
}

static void the_reference_has_its_own_shares(void **state)
{
    (void)state;
    size_t count;
    const struct batch *batch = given_table(ROWS, HOUR_NS);
    _cleanup_(profile_free_ptr) struct profile *profile = given_profile(batch);
    _cleanup_(slices_close_ptr) struct slices *slices =
        slices_new_values(profile, &schema, names, 2, "country");
    slices_add(slices, batch, 1);
    const struct slice *of = slices_all(slices, &count);
    assert_int_equal(5, count); /* DE, FR, IT, all others, missing */
    assert_string_equal("DE", of[0].value);
    assert_int_equal(ROWS / 2, of[0].rows);
    assert_int_equal(0, of[3].rows + of[4].rows);
    for (size_t column = 0; column < 2; column++) {
        double shares[SLICES_CELLS_MAX];
        size_t width, offset = slices_cells(slices, column, &width);
        slices_reference(slices, column, shares);
        for (size_t cell = 0; cell < width; cell++) {
            uint64_t sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += of[i].counts[offset + cell];
            assert_true(fabs((double)sum / ROWS - shares[cell]) < 0.013); /* KLL_RANK_BOUND */
        }
        assert_true(fabs(shares[width - 1] - (column == 0 ? 0.1 : 0)) < 1e-12);
    }
}

static void a_season_takes_rows_with_the_mix_of_the_current_table(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct season season;
    struct season_memory memory = {0};
    const struct batch *batch = given_table(ROWS, HOUR_NS);
    _cleanup_(profile_free_ptr) struct profile *reference = given_profile(batch);
    struct column nights[] = {cells[0], cells[1], cells[2]};
    int64_t night[900];
    for (size_t i = 0; i < 900; i++) /* two of three at 1 o'clock, the others at 2 */
        night[i] = (int64_t)i * DAY_NS + (i % 3 ? 1 : 2) * HOUR_NS;
    for (size_t i = 0; i < 3; i++)
        nights[i].rows = 900;
    nights[0].times = night;
    _cleanup_(profile_free_ptr) struct profile *current =
        given_profile(&(struct batch){nights, 3, 900});
    assert_int_equal(
        0, season_make("hour", &reference->columns[0], &current->columns[0], &season, &err));
    season_take(&season, batch, 0, &memory);
    size_t at[24] = {0};
    for (size_t i = 0; i < memory.batch.rows; i++)
        at[(memory.batch.columns[0].times[i] + 300 * DAY_NS) / HOUR_NS % 24]++;
    assert_int_equal(memory.batch.rows, at[1] + at[2]);
    assert_in_range(at[1], ROWS / 24, ROWS / 24 + 1); /* all of them */
    assert_in_range(at[2], ROWS / 48 - 60, ROWS / 48 + 60);
    season_memory_clear(&memory);
    assert_int_equal(MLOPS_INVALID, season_make("moon", &reference->columns[0],
                                                &current->columns[0], &season, &err));
    assert_int_equal(MLOPS_INVALID, season_make("hour", &reference->columns[1],
                                                &current->columns[0], &season, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_have_every_row_once_however_many_they_would_be),
        cmocka_unit_test(the_reference_has_its_own_shares),
        cmocka_unit_test(a_season_takes_rows_with_the_mix_of_the_current_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
