/* tests/unit/stats/test_metrics_sklearn.c - a thousand random and adversarial cases, each metric
 * compared with what Debian's scikit-learn says (sklearn_metrics.py beside this file). */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "stats/metrics.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

#define PYTHON "/usr/bin/python3"
#define ROWS_MAX 20000

enum { BINARY = 600, DECIDED = 100, MULTI = 150, REGRESSION = 150 };
enum { ALL = BINARY + DECIDED + MULTI + REGRESSION };

static uint64_t seed = 1;
static uint64_t next(void)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return seed >> 33;
}
static double uniform(void)
{
    return (double)next() / 2147483648.0;
}

/* One case: rows of a label and a score or prediction. */
struct rows {
    size_t count;
    bool labels[ROWS_MAX], decided[ROWS_MAX];
    double scores[ROWS_MAX], truth[ROWS_MAX];
    uint32_t classes[ROWS_MAX], guesses[ROWS_MAX];
};

static size_t choose_count(int number)
{
    return number % 10 == 0   ? 1 + next() % 3
           : number % 97 == 1 ? ROWS_MAX - next() % 100
                              : 1 + next() % 300;
}

static double choose_score(int kind, bool label)
{
    switch (kind) {
    case 0: /* all equal */
        return 0.5;
    case 1: /* few values, many ties */
        return (double)(next() % 5) / 4;
    case 2: /* certain, and so sometimes certainly wrong */
        return next() % 2 ? 0.0 : 1.0;
    case 3: /* neighbouring doubles */
        return 0.5 + (double)(next() % 4) * DBL_EPSILON;
    case 4: /* all sizes down to the smallest */
        return ldexp(uniform(), -(int)(next() % 1074));
    case 5: /* no probability */
        return (uniform() - 0.5) * 20;
    case 6: /* a perfect model */
        return label ? 0.75 + uniform() / 4 : uniform() / 4;
    case 7: /* the opposite of one */
        return label ? uniform() / 4 : 0.75 + uniform() / 4;
    case 8: /* zeros of both signs */
        return next() % 2 ? 0.0 : -0.0;
    default:
        return uniform();
    }
}

static void make_binary(int number, struct rows *rows)
{
    rows->count = choose_count(number);
    for (size_t i = 0; i < rows->count; i++) {
        rows->labels[i] = number % 13 == 0   ? true
                          : number % 17 == 0 ? false
                          : number % 11 == 0 ? next() % 100 == 0
                                             : next() % 3 == 0;
        rows->decided[i] = number % 3 == 0 ? false : next() % 3 == 0;
        rows->scores[i] = choose_score(number % 12, rows->labels[i]);
    }
}

static void make_multi(int number, struct rows *rows)
{
    rows->count = choose_count(number);
    for (size_t i = 0; i < rows->count; i++) {
        rows->classes[i] = (uint32_t)(next() % (unsigned)(1 + number % 7));
        rows->guesses[i] = number % 5 == 0   ? rows->classes[i]
                           : number % 8 == 0 ? 6
                                             : (uint32_t)(next() % 7);
    }
}

static void make_regression(int number, struct rows *rows)
{
    double offset = number % 6 == 0 ? 1e9 : 0;
    rows->count = choose_count(number);
    for (size_t i = 0; i < rows->count; i++) {
        rows->truth[i] = offset + (number % 9 == 0 ? 3 : uniform() * 1000 - 300);
        rows->scores[i] = number % 11 == 0 ? rows->truth[i] : rows->truth[i] + uniform() * 70 - 30;
    }
}

/* Append the case to what Python reads, and measure it. */
static void measure(int number, struct buffer *text, struct metric_list *list)
{
    static struct rows rows;
    struct mlops_error err = {0};
    if (number < BINARY) {
        make_binary(number, &rows);
        buffer_printf(text, "binary %zu\n", rows.count);
        for (size_t i = 0; i < rows.count; i++)
            buffer_printf(text, "%d %.17g\n", rows.labels[i], rows.scores[i]);
        assert_int_equal(
            0, metrics_binary(rows.labels, rows.scores, NULL, rows.count, 0.5, list, &err));
    } else if (number < BINARY + DECIDED) {
        make_binary(number, &rows);
        buffer_printf(text, "decided %zu\n", rows.count);
        for (size_t i = 0; i < rows.count; i++)
            buffer_printf(text, "%d %d\n", rows.labels[i], rows.decided[i]);
        assert_int_equal(
            0, metrics_binary(rows.labels, NULL, rows.decided, rows.count, 0.5, list, &err));
    } else if (number < BINARY + DECIDED + MULTI) {
        make_multi(number, &rows);
        buffer_printf(text, "multi %zu\n", rows.count);
        for (size_t i = 0; i < rows.count; i++)
            buffer_printf(text, "%u %u\n", rows.classes[i], rows.guesses[i]);
        assert_int_equal(0,
                         metrics_multiclass(rows.classes, rows.guesses, rows.count, 7, list, &err));
    } else {
        make_regression(number, &rows);
        buffer_printf(text, "regression %zu\n", rows.count);
        for (size_t i = 0; i < rows.count; i++)
            buffer_printf(text, "%.17g %.17g\n", rows.truth[i], rows.scores[i]);
        assert_int_equal(0, metrics_regression(rows.truth, rows.scores, rows.count, list, &err));
    }
}

/* `line` holds every metric that scikit-learn gives, "name=value name=value …". */
static void compare(const struct metric_list *list, const char *line, int number)
{
    size_t compared = 0;
    for (const char *c = line; *c && *c != '\n'; compared++) {
        char name[64], *end;
        int length;
        assert_int_equal(1, sscanf(c, "%63[^=]=%n", name, &length));
        const struct metric *found = metric_list_find(list, name);
        if (!found)
            fail_msg("case %d: there is no %s", number, name);
        double expected = strtod(c + length, &end);
        bool same = (isnan(expected) && isnan(found->value)) ||
                    fabs(expected - found->value) <= 1e-12 * fmax(1, fabs(expected));
        if (!same)
            fail_msg("case %d: %s is %.17g, scikit-learn says %.17g", number, name, found->value,
                     expected);
        c = end + strspn(end, " ");
    }
    assert_int_equal(list->count - 1, compared); /* all but n */
}

static bool has_sklearn(void)
{
    const char *const argv[] = {PYTHON, "-c", "import sklearn", NULL};
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result = {0};
    return process_run(&(struct process_options){.argv = argv}, &result, &err) == 0 &&
           result.exit_status == 0;
}

static void ask_sklearn(const struct buffer *cases, struct process_result *result)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *folder = NULL;
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-metrics", &folder, &err));
    _cleanup_(free_string) char *input = path_join(folder, "cases");
    assert_int_equal(0, file_write_durable(input, cases->data, cases->length, 0644, &err));
    const char *const argv[] = {PYTHON, SOURCE_ROOT "/tests/unit/stats/sklearn_metrics.py", input,
                                NULL};
    int code =
        process_run(&(struct process_options){.argv = argv, .output_max = 16 << 20}, result, &err);
    assert_int_equal(0, tree_remove(folder, &err));
    assert_int_equal(0, code);
    if (result->exit_status != 0)
        fail_msg("%s", result->output.data);
}

static void a_thousand_cases_agree_with_scikit_learn(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer cases = {0};
    _cleanup_(process_result_clear) struct process_result result = {0};
    if (!has_sklearn()) {
        print_message("skipped: " PYTHON " has no sklearn (apt install python3-sklearn)\n");
        skip();
    }
    struct metric_list *lists = xcalloc(ALL, sizeof(*lists));
    for (int number = 0; number < ALL; number++)
        measure(number, &cases, &lists[number]);
    ask_sklearn(&cases, &result);
    const char *line = result.output.data;
    for (int number = 0; number < ALL; number++) {
        compare(&lists[number], line, number);
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
        metric_list_clear(&lists[number]);
    }
    assert_int_equal('\0', *line);
    free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_cases_agree_with_scikit_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
