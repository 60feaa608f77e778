/* tests/unit/drift/test_drift.c - a table against the snapshot of a bundle: which snapshot, which
 * columns, what is refused. Verdicts are tested in test_compare.c. */
#include "bundle/fixture.h"

#include <mlops/drift.h>

/* Rows of a table: ts, hour (0 … 23), amount (about 50 + shift), country. */
static char *rows(const char *header, int count, double shift, const char *last)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s\n", header);
    for (int i = 0; i < count; i++)
        buffer_printf(&text, "2026-01-%02d,%d,%g,%s%s\n", 1 + i % 28, i % 24, i * 37 % 101 + shift,
                      i % 3 ? "DE" : "FR", last);
    return buffer_steal(&text);
}

static void given_table(struct fixture *f, const char *path, char *text)
{
    given_file(f, path, text);
    free(text);
}

/* Package a project with this `data:` section; its bundle id into `id`. */
static void given_bundle(struct fixture *f, const char *data, char id[MLOPS_BUNDLE_ID_SIZE])
{
    struct mlops_package result;
    _cleanup_(free_string) char *yaml =
        xprintf("model: fraud\ncode: train.py\n%s%s", *data ? "data:\n" : "", data);
    given_file(f, "mlops.yaml", yaml);
    given_file(f, "train.py", "");
    given_table(f, "train.csv", rows("ts,hour,amount,country,y", 600, 0, ",1"));
    given_table(f, "later.csv", rows("ts,hour,amount,country,y", 600, 70, ",1"));
    assert_ok(f, package(f, &result));
    str_copy(id, MLOPS_BUNDLE_ID_SIZE, result.bundle);
}

static int drift(struct fixture *f, const char *id, const char *data, const char *current,
                 struct mlops_drift_report *report)
{
    _cleanup_(free_string) char *path = path_join(f->project, current);
    return mlops_drift(f->registry,
                       &(struct mlops_drift_options){.ref = id, .current = path, .data = data},
                       report, &f->err);
}

#define TRAIN "  train: {path: train.csv, target: y, time: hour, role: reference}\n"
#define LATER "  later: {path: later.csv, target: y}\n"

static void the_reference_is_compared_by_default(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, LATER TRAIN, id);
    assert_ok(f, drift(f, id, NULL, "train.csv", &report));
    assert_string_equal("train", report.data);
    assert_false(report.drift);
    assert_int_equal(600, report.rows);
    assert_int_equal(2, report.column_count); /* not ts, which is a time, hour, or y */
    assert_string_equal(id, report.version.bundle);
    mlops_drift_report_clear(&report);

    assert_ok(f, drift(f, id, NULL, "later.csv", &report));
    assert_true(report.drift && report.share == 0.5);
    assert_string_equal("amount", report.columns[0].name);
    assert_string_equal("numeric", report.columns[0].type);
    assert_string_equal("ks", report.columns[0].method);
    assert_string_equal(
        "median 50 -> 120; 69.3 % beyond the range, up to 170 where 100 was the most",
        report.columns[0].detail);
    assert_string_equal("", report.columns[1].detail);
    mlops_drift_report_clear(&report);
    assert_string_equal("", f->warnings);
}

static void a_snapshot_can_be_named(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, LATER TRAIN, id);
    assert_ok(f, drift(f, id, "later", "later.csv", &report));
    assert_string_equal("later", report.data);
    assert_false(report.drift);
    assert_int_equal(3, report.column_count); /* hour is the time of the other snapshot only */
    mlops_drift_report_clear(&report);
    assert_fails(f, MLOPS_NOT_FOUND, drift(f, id, "test", "later.csv", &report));
    assert_message(f, "this version has no data snapshot called 'test'");
    assert_hint(f, "it has later, train: name one with --data");
}

static void one_snapshot_needs_no_role_and_of_many_one_must_be_named(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, LATER, id);
    assert_ok(f, drift(f, id, NULL, "later.csv", &report));
    mlops_drift_report_clear(&report);
    given_bundle(f, LATER "  train: {path: train.csv}\n", id);
    assert_fails(f, MLOPS_INVALID, drift(f, id, NULL, "later.csv", &report));
    assert_message(f, "no data snapshot has the role 'reference'");
    assert_hint(f, "it has later, train: name one with --data");
    given_bundle(f, "", id);
    assert_fails(f, MLOPS_NOT_FOUND, drift(f, id, NULL, "later.csv", &report));
    assert_message(f, "this version has no data snapshot to compare with");
}

static void target_and_time_may_be_absent_or_different(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, TRAIN, id);
    given_table(f, "now.csv", rows("ts,hour,amount,country", 300, 0, ""));
    given_file(f, "bare.csv", "country,amount\nDE,50\nFR,3\n");
    given_table(f, "odd.csv", rows("ts,y,amount,country,hour", 300, 0, ",noon"));
    static const char *const tables[] = {"now.csv", "bare.csv", "odd.csv"};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        assert_ok(f, drift(f, id, NULL, tables[i], &report));
        assert_int_equal(2, report.column_count);
        assert_false(report.drift);
        mlops_drift_report_clear(&report);
    }
    assert_string_equal("", f->warnings);
}

static void columns_that_are_missing_are_all_named(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, TRAIN, id);
    given_file(f, "now.csv", "ts,price\n2026-01-01,1\n");
    assert_fails(f, MLOPS_INVALID, drift(f, id, NULL, "now.csv", &report));
    assert_says(f, "now.csv lacks columns that the snapshot 'train' has: 'amount', 'country'");
}

/* Whatever is in a column that is not compared: it only has to be a field. */
static void other_columns_are_warned_of_and_may_hold_anything(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    struct buffer text = {0};
    given_bundle(f, TRAIN, id);
    buffer_puts(&text, "amount,note,country,id\n");
    for (int i = 0; i < 10000; i++)
        buffer_printf(&text, "%d,%s,%s,%d\n", i * 37 % 101, i < 9000 ? "1" : "call back",
                      i % 3 ? "DE" : "FR", i);
    given_table(f, "now.csv", buffer_steal(&text));
    assert_ok(f, drift(f, id, NULL, "now.csv", &report));
    assert_int_equal(10000, report.rows);
    assert_int_equal(2, report.column_count);
    assert_string_equal("not in the snapshot 'train' and so not compared: columns 'note', 'id'\n",
                        f->warnings);
    mlops_drift_report_clear(&report);
}

static void a_cell_of_another_type_is_a_finding_with_its_row(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, TRAIN, id);
    given_file(f, "now.csv", "amount,country\n1,DE\nlots,FR\n");
    assert_ok(f, drift(f, id, NULL, "now.csv", &report));
    assert_true(report.drift && report.columns[0].drift && report.columns[0].misfits == 1);
    assert_string_equal("amount", report.columns[0].name);
    /* and no more: one value in fifty is as far from the middle */
    assert_string_equal("1 cell is of another type than integer, the first in row 2",
                        report.columns[0].detail);
    mlops_drift_report_clear(&report);

    struct buffer text = {0};
    buffer_puts(&text, "amount,country\n1,DE\nlots,FR\n");
    for (int i = 0; i < 30; i++)
        buffer_printf(&text, "1,%s\n", i % 3 ? "DE" : "FR");
    given_table(f, "now.csv", buffer_steal(&text));
    assert_ok(f, drift(f, id, NULL, "now.csv", &report));
    assert_string_equal(
        "1 cell is of another type than integer, the first in row 2; median 50 -> 1",
        report.columns[0].detail);
    mlops_drift_report_clear(&report);
}

static void what_cannot_be_read_is_refused_with_its_place(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_drift_report report;
    given_bundle(f, TRAIN, id);
    given_file(f, "now.csv", "amount,country\n1,DE\n1\n");
    assert_fails(f, MLOPS_INVALID, drift(f, id, NULL, "now.csv", &report));
    assert_says(f, "now.csv:3: 1 field where the header has 2");
    assert_fails(f, MLOPS_NOT_FOUND, drift(f, id, NULL, "none.csv", &report));
    assert_fails(f, MLOPS_NOT_FOUND, drift(f, "fraud@9", NULL, "train.csv", &report));
}

static void a_wrong_method_is_told_before_anything_is_read(void **state)
{
    struct fixture *f = *state;
    struct mlops_drift_report report;
    struct mlops_drift_options options = {
        .ref = "none", .current = "/none.csv", .numeric_method = "chi"};
    assert_fails(f, MLOPS_INVALID, mlops_drift(f->registry, &options, &report, &f->err));
    assert_message(f, "'chi' is not a method for numeric columns");
    assert_hint(f, "use one of ks, jensen_shannon, psi, wasserstein, total_variation, hellinger, "
                   "l_infinity, energy, cramer_von_mises, anderson_darling, chi_square, g, z, "
                   "fisher");
    options = (struct mlops_drift_options){.ref = "none", .current = "-", .threshold = -1};
    assert_fails(f, MLOPS_INVALID, mlops_drift(f->registry, &options, &report, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(the_reference_is_compared_by_default),
        bundle_test(a_snapshot_can_be_named),
        bundle_test(one_snapshot_needs_no_role_and_of_many_one_must_be_named),
        bundle_test(target_and_time_may_be_absent_or_different),
        bundle_test(columns_that_are_missing_are_all_named),
        bundle_test(other_columns_are_warned_of_and_may_hold_anything),
        bundle_test(a_cell_of_another_type_is_a_finding_with_its_row),
        bundle_test(what_cannot_be_read_is_refused_with_its_place),
        bundle_test(a_wrong_method_is_told_before_anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
