/* tests/unit/trial/test_predictions.c - predictions read cell by cell; what does not fit is named
 * with file and line. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "trial/predictions.h"
#include <math.h>

struct fixture {
    char *folder, *path;
    struct predictions_report report;
    struct mlops_error err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "test-predictions", &f->folder, &f->err));
    f->path = path_join(f->folder, "p.csv");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    predictions_report_clear(&f->report);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

#define BINARY                                                                                     \
    ((struct project_suite){.task = (char[]){"binary"},                                            \
                            .label = (char[]){"y"},                                                \
                            .score = (char[]){"p"},                                                \
                            .threshold = 0.5})
#define DECIDED                                                                                    \
    ((struct project_suite){.task = (char[]){"binary"},                                            \
                            .label = (char[]){"y"},                                                \
                            .prediction = (char[]){"d"},                                           \
                            .threshold = 0.5})
#define MULTICLASS                                                                                 \
    ((struct project_suite){                                                                       \
        .task = (char[]){"multiclass"}, .label = (char[]){"y"}, .prediction = (char[]){"d"}})
#define REGRESSION                                                                                 \
    ((struct project_suite){                                                                       \
        .task = (char[]){"regression"}, .label = (char[]){"y"}, .prediction = (char[]){"d"}})

static int measure_bytes(struct fixture *f, struct project_suite suite, const void *csv,
                         size_t length)
{
    predictions_report_clear(&f->report);
    f->err = (struct mlops_error){0};
    assert_int_equal(0, file_write_durable(f->path, csv, length, 0644, &f->err));
    return predictions_measure(&(struct predictions_tables){.predictions = f->path}, &suite,
                               &f->report, &f->err);
}

static void given(struct fixture *f, struct project_suite suite, const char *csv)
{
    if (measure_bytes(f, suite, csv, strlen(csv)))
        fail_msg("%s", f->err.message);
}

/* The message without the folder's name must be `message`. */
static void refused(struct fixture *f, struct project_suite suite, const char *csv,
                    const char *message)
{
    assert_int_equal(MLOPS_INVALID, measure_bytes(f, suite, csv, strlen(csv)));
    assert_int_equal(0, f->report.metrics.count);
    char *at = strstr(f->err.message, f->folder);
    assert_non_null(at);
    memmove(at, at + strlen(f->folder) + 1, strlen(at + strlen(f->folder) + 1) + 1);
    assert_string_equal(message, f->err.message);
}

static double value(const struct fixture *f, const char *name)
{
    const struct metric *metric = metric_list_find(&f->report.metrics, name);
    if (!metric)
        fail_msg("there is no metric '%s'", name);
    return metric->value;
}

static void assert_counts(const struct fixture *f, double tp, double fp, double tn, double fn)
{
    assert_true(value(f, "tp") == tp);
    assert_true(value(f, "fp") == fp);
    assert_true(value(f, "tn") == tn);
    assert_true(value(f, "fn") == fn);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void labels_may_be_numbers_or_truths_in_any_writing(void **state)
{
    struct fixture *f = *state;
    given(f, BINARY, "p,y\n0.9,1\n0.8,0\n0.1,0\n0.2,1\n");
    assert_counts(f, 1, 1, 1, 1);
    assert_null(f->report.positive);
    given(f, BINARY, "y,p\nTrue,0.9\nfalse,0.8\nFALSE,1e-1\n1.0,0.2\n0e5,.3\n");
    assert_counts(f, 1, 1, 2, 1);
    given(f, DECIDED, "y,d\nTrue,1\n0,true\nfalse,0.0\n1,1\n");
    assert_counts(f, 2, 1, 1, 0);
}

static void of_two_texts_the_one_that_sorts_last_is_positive(void **state)
{
    struct fixture *f = *state;
    given(f, BINARY, "p,y\n0.9,yes\n0.8,no\n0.1,no\n0.2,yes\n0.7,yes\n");
    assert_counts(f, 2, 1, 1, 1);
    assert_string_equal("yes", f->report.positive);
    given(f, DECIDED, "y,d\nlegit,fraud\nfraud,fraud\nlegit,legit\n");
    assert_counts(f, 1, 0, 1, 1);
    assert_string_equal("legit", f->report.positive);
    given(f, DECIDED, "y,d\na,a\na,b\n"); /* one class of labels, both in predictions */
    assert_counts(f, 0, 1, 1, 0);
}

static void all_of_one_class_are_read_too(void **state)
{
    struct fixture *f = *state;
    given(f, BINARY, "p,y\n0.9,0\n0.8,0\n");
    assert_counts(f, 0, 2, 0, 0);
    assert_true(isnan(value(f, "auc")));
    given(f, BINARY, "p,y\n0.9,1\n0.1,1\n");
    assert_counts(f, 1, 0, 0, 1);
    refused(
        f, BINARY, "p,y\n0.9,ok\n0.1,ok\n",
        "p.csv: 'ok' is the only class, so that nobody can tell whether it is the positive one");
}

static void predictions_go_before_the_threshold_of_scores(void **state)
{
    struct fixture *f = *state;
    struct project_suite both = BINARY;
    both.prediction = (char[]){"d"};
    given(f, both, "p,d,y\n0.9,0,1\n0.1,1,0\n");
    assert_counts(f, 0, 1, 0, 1);
    assert_true(value(f, "auc") == 1);
    both.threshold = 0.95;
    both.prediction = NULL;
    given(f, both, "p,d,y\n0.9,0,1\n0.96,1,0\n");
    assert_counts(f, 0, 1, 0, 1);
}

static void other_columns_may_hold_anything(void **state)
{
    struct fixture *f = *state;
    struct buffer csv = {0};
    buffer_puts(&csv, "id,p,note,y\n");
    for (int i = 0; i < 9000; i++) /* more than the rows by which types are inferred */
        buffer_printf(&csv, "%s%d,0.%d,,%d\n", i < 8500 ? "" : "x", i, i % 10, i % 2);
    buffer_puts(&csv, "\"line\nbreak\",0.5,\"a,b\",1\n");
    given(f, BINARY, csv.data);
    assert_true(value(f, "n") == 9001);
    buffer_clear(&csv);
}

static void classes_of_many_are_told_apart_by_value_and_text(void **state)
{
    struct fixture *f = *state;
    given(f, MULTICLASS, "y,d\n1,1.0\n2,2\n3,2\n10,1e1\n");
    assert_true(value(f, "accuracy") == 0.75);
    given(f, MULTICLASS, "y,d\ncat,cat\ndog,Dog\n7,7\nbird,cat\n");
    assert_true(value(f, "accuracy") == 0.5);
    given(f, MULTICLASS, "y,d\n\"a,b\",\"a,b\"\n\xc3\xa9,\xc3\xa9\n");
    assert_true(value(f, "accuracy") == 1);
    given(f, MULTICLASS, "y,d\nonly,only\n");
    assert_true(value(f, "f1_macro") == 1);
}

static void a_class_that_comes_late_is_a_class_still(void **state)
{
    struct fixture *f = *state;
    struct buffer csv = {0};
    buffer_puts(&csv, "y,d\n");
    for (int i = 0; i < 20000; i++)
        buffer_printf(&csv, "%d,%d\n", i % 5, i % 5);
    buffer_puts(&csv, "five,five\nsix,five\n");
    given(f, MULTICLASS, csv.data);
    assert_true(value(f, "n") == 20002);
    assert_true(value(f, "accuracy") == 20001.0 / 20002);
    buffer_clear(&csv);
}

static void values_of_a_regression_are_read(void **state)
{
    struct fixture *f = *state;
    given(f, REGRESSION, "y,d\n1,1.5\n-2e3,-2000\n0,0\n");
    assert_true(fabs(value(f, "mae") - 0.5 / 3) < 1e-15);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_cell_that_is_missing_or_no_number_is_named_with_its_line(void **state)
{
    struct fixture *f = *state;
    refused(f, BINARY, "p,y\n0.9,1\n,0\n", "p.csv:3: column 'p': the value is missing");
    refused(f, BINARY, "p,y\n0.9,1\n0.5,NA\n", "p.csv:3: column 'y': the value is missing");
    refused(f, BINARY, "p,y\n0.9,1\n\n0.5,0\nnan,0\n", "p.csv:5: column 'p': the value is missing");
    refused(f, BINARY, "p,y\n0.9,1\nhigh,0\n",
            "p.csv:3: 'high' in column 'p' is not of its type, float");
    refused(f, BINARY, "p,y\n0.9,1\n-inf,0\n", "p.csv:3: column 'p': -inf is not a finite number");
    refused(f, REGRESSION, "y,d\n1,1\n1e400,2\n",
            "p.csv:3: column 'y': inf is not a finite number");
    refused(f, REGRESSION, "y,d\n1,1\nfast,2\n",
            "p.csv:3: 'fast' in column 'y' is not of its type, float");
}

static void a_cell_late_in_the_file_is_named_with_its_line(void **state)
{
    struct fixture *f = *state;
    struct buffer csv = {0};
    buffer_puts(&csv, "p,y\n");
    for (int i = 0; i < 30000; i++)
        buffer_printf(&csv, "0.5,%d\n", i == 29000 ? 2 : i % 2);
    refused(f, BINARY, csv.data, "p.csv:29002: column 'y': '2' is neither 0 nor 1");
    buffer_clear(&csv);
}

static void labels_that_are_not_two_classes_are_refused(void **state)
{
    struct fixture *f = *state;
    refused(f, BINARY, "p,y\n0.9,1\n0.8,-1\n", "p.csv:3: column 'y': '-1' is neither 0 nor 1");
    refused(f, BINARY, "p,y\n0.9,0.5\n", "p.csv:2: column 'y': '0.5' is neither 0 nor 1");
    refused(f, BINARY, "p,y\n0.9,1\n0.8,yes\n",
            "p.csv:3: column 'y': '1' and 'yes' are not 0 and 1, nor two texts");
    refused(f, DECIDED, "y,d\na,b\nb,a\na,c\n",
            "p.csv:4: column 'd': 'c' is a third class beside 'a' and 'b'");
    assert_string_equal("a binary task has two classes; for more say 'task: multiclass'",
                        f->err.hint);
}

static void columns_that_are_not_there_or_stand_for_two_are_refused(void **state)
{
    struct fixture *f = *state;
    refused(f, BINARY, "score,y\n0.9,1\n", "p.csv has no column 'p'");
    assert_string_equal("its columns are score, y", f->err.hint);
    refused(f, BINARY, "p,label\n0.9,1\n", "p.csv has no column 'y'");
    struct project_suite twice = DECIDED;
    twice.prediction = (char[]){"y"};
    refused(f, twice, "y,d\n1,1\n",
            "p.csv: label, score and prediction must be columns of their own, and 'y' stands for "
            "two of them");
}

static void files_that_are_no_tables_are_refused(void **state)
{
    struct fixture *f = *state;
    struct project_suite suite = BINARY;
    refused(f, BINARY, "", "p.csv is empty: not even a header");
    refused(f, BINARY, "p,y\n", "p.csv has a header and no rows");
    refused(f, BINARY, "p,y\n0.1,1\n0.2\n", "p.csv:3: 1 field where the header has 2");
    assert_int_equal(0, tree_remove(f->path, &f->err));
    assert_int_equal(MLOPS_NOT_FOUND,
                     predictions_measure(&(struct predictions_tables){.predictions = f->path},
                                         &suite, &f->report, &f->err));
}

/* ---- ids --------------------------------------------------------------------------------- */

static void no_two_rows_are_called_alike(void **state)
{
    struct fixture *f = *state;
    struct project_suite suite = BINARY;
    static char id[] = "id";
    suite.measurement.id = id;
    given(f, suite, "id,p,y\n1,0.9,1\n1.0,0.8,0\n01,0.1,0\n");
    refused(f, suite, "id,p,y\na,0.9,1\nb,0.8,0\nc,0.1,0\nb,0.1,0\n",
            "p.csv: the id 'b' stands in two rows, 2 and 4");
    refused(f, suite, "id,p,y\na,0.9,1\n,0.8,0\n", "p.csv:3: column 'id': the value is missing");
    refused(f, suite, "p,y\n0.9,1\n0.8,0\n", "p.csv has no column 'id'");
}

/* Read `csv` in the order of `like`. */
static int read_like(struct fixture *f, const struct project_suite *suite, const char *csv,
                     const struct predictions *like, struct predictions **read)
{
    f->err = (struct mlops_error){0};
    assert_int_equal(0, file_write_durable(f->path, csv, strlen(csv), 0644, &f->err));
    return predictions_read(&(struct predictions_tables){.predictions = f->path}, suite, like, read,
                            &f->err);
}

static void rows_come_in_the_order_of_those_that_they_are_compared_with(void **state)
{
    struct fixture *f = *state;
    struct project_suite suite = BINARY;
    static char id[] = "id";
    suite.measurement.id = id;
    struct predictions *ours = NULL, *theirs = NULL;
    assert_int_equal(0, read_like(f, &suite, "id,p,y\na,0.9,1\nb,0.8,0\nc,0.1,1\n", NULL, &ours));
    assert_int_equal(0, read_like(f, &suite, "y,id,p\n1,c,0.3\n1,a,0.1\n0,b,0.2\n", ours, &theirs));
    assert_int_equal(0, predictions_match(ours, theirs, &f->err));
    for (size_t row = 0; row < 3; row++)
        assert_true(fabs(predictions_scores(theirs)[row] - 0.1 * (double)(row + 1)) < 1e-15);
    predictions_free(TAKE_PTR(theirs));
    assert_int_equal(MLOPS_INVALID,
                     read_like(f, &suite, "id,p,y\na,0.9,1\nb,0.8,0\nd,0.1,1\n", ours, &theirs));
    assert_string_equal("the id 'c' of our predictions (row 3) is not in theirs", f->err.message);
    assert_int_equal(
        MLOPS_INVALID,
        read_like(f, &suite, "id,p,y\nc,0.9,1\nd,0.8,0\nb,0.1,1\na,1,1\n", ours, &theirs));
    assert_string_equal("the id 'd' of theirs (row 2) is not in our predictions", f->err.message);
    /* what an id is called by has another label there */
    assert_int_equal(0, read_like(f, &suite, "id,p,y\nc,0.9,0\nb,0.8,0\na,0.1,1\n", ours, &theirs));
    assert_int_equal(MLOPS_INVALID, predictions_match(ours, theirs, &f->err));
    assert_string_equal("row 3 has another label there", f->err.message);
    predictions_free(theirs);
    predictions_free(ours);
}

/* A unit of a ranking is a query, and must be the same one in both. */
static void queries_are_the_same_in_both_whatever_their_order(void **state)
{
    struct fixture *f = *state;
    static char task[] = "ranking", y[] = "y", p[] = "p", q[] = "q", id[] = "id";
    struct project_suite suite = {.task = task, .label = y, .score = p};
    suite.measurement.group = q;
    suite.measurement.id = id;
    struct predictions *ours = NULL, *theirs = NULL;
    assert_int_equal(0, read_like(f, &suite,
                                  "id,q,p,y\n1,A,0.9,1\n2,A,0.8,0\n3,B,0.1,1\n4,B,0.7,0\n5,C,1,1\n",
                                  NULL, &ours));
    assert_int_equal(0, read_like(f, &suite,
                                  "id,q,p,y\n4,B,0.7,0\n5,C,1,1\n3,B,0.1,1\n2,A,0.8,0\n1,A,0.9,1\n",
                                  ours, &theirs));
    assert_int_equal(0, predictions_match(ours, theirs, &f->err));
    for (size_t unit = 0; unit < 3; unit++) {
        struct metric_list a = {0}, b = {0};
        assert_int_equal(0, predictions_measure_units(ours, &unit, 1, &a, &f->err));
        assert_int_equal(0, predictions_measure_units(theirs, &unit, 1, &b, &f->err));
        double one = metric_list_find(&a, "ndcg")->value, two = metric_list_find(&b, "ndcg")->value;
        assert_true(one == two);
        assert_true(unit == 1 ? one < 1 : one == 1);
        metric_list_clear(&a);
        metric_list_clear(&b);
    }
    predictions_free(theirs);
    predictions_free(ours);
}

/* Bytes at random: each is measured or refused, never more. */
static void no_bytes_do_harm(void **state)
{
    struct fixture *f = *state;
    static const char alphabet[] = "01.,\n\"pyd-e\xff\0 atrue";
    uint64_t seed = 1;
    for (int i = 0; i < 3000; i++) {
        char csv[64] = "p,y\n";
        size_t length = 4;
        for (size_t end = 4 + (size_t)(i % 60); length < end; length++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            csv[length] = alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
        }
        int code = measure_bytes(f, BINARY, csv, length);
        assert_true(code == MLOPS_OK || code == MLOPS_INVALID);
    }
}

#define predictions_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        predictions_test(labels_may_be_numbers_or_truths_in_any_writing),
        predictions_test(of_two_texts_the_one_that_sorts_last_is_positive),
        predictions_test(all_of_one_class_are_read_too),
        predictions_test(predictions_go_before_the_threshold_of_scores),
        predictions_test(other_columns_may_hold_anything),
        predictions_test(classes_of_many_are_told_apart_by_value_and_text),
        predictions_test(a_class_that_comes_late_is_a_class_still),
        predictions_test(values_of_a_regression_are_read),
        predictions_test(a_cell_that_is_missing_or_no_number_is_named_with_its_line),
        predictions_test(a_cell_late_in_the_file_is_named_with_its_line),
        predictions_test(labels_that_are_not_two_classes_are_refused),
        predictions_test(columns_that_are_not_there_or_stand_for_two_are_refused),
        predictions_test(files_that_are_no_tables_are_refused),
        predictions_test(no_two_rows_are_called_alike),
        predictions_test(rows_come_in_the_order_of_those_that_they_are_compared_with),
        predictions_test(queries_are_the_same_in_both_whatever_their_order),
        predictions_test(no_bytes_do_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
