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

enum kind { BINARY, WEIGHTED, DECIDED, MULTI, CHANCES, LABELS, REGRESSION, RANKING, KINDS };
static const int shares[KINDS] = {400, 150, 100, 110, 50, 60, 100, 30};
enum { ALL = 1000, CLASSES = 7, WIDTH = 5 };

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
    double scores[ROWS_MAX], truth[ROWS_MAX], weights[ROWS_MAX], chances[ROWS_MAX * CLASSES];
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

/* What stands in the middle of a column instead of a number: NaN or an infinity; 0: nothing. */
static double poison;

static bool is_poisoned(void)
{
    return isnan(poison) || isinf(poison);
}

static void spoil(double *column, size_t count)
{
    if (is_poisoned())
        column[count / 2] = poison;
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
    if (is_poisoned()) { /* with one class scikit-learn looks at few scores */
        rows->count += rows->count == 1;
        rows->labels[0] = true;
        rows->labels[1] = false;
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

/* Some are 0, some are equal; all are sums of powers of two, so that half of them is exact. */
static void make_weights(int number, struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        rows->weights[i] = i > 0 && next() % 9 == 0 ? 0
                           : number % 4 == 0        ? 2.5
                                                    : (double)(1 + next() % 64) / 16;
}

static void make_chances(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        double total = 0, *chances = rows->chances + i * CLASSES;
        for (size_t c = 0; c < CLASSES; c++)
            total += chances[c] = next() % 4 == 0 ? 0 : uniform();
        for (size_t c = 0; c < CLASSES; c++)
            chances[c] = total > 0 ? chances[c] / total : 1.0 / CLASSES;
    }
}

static void print_case(struct buffer *text, enum kind kind, const struct rows *rows, int number)
{
    static const char *const names[] = {"binary",  "weighted", "decided",    "multi",
                                        "chances", "labels",   "regression", "ranking"};
    size_t count = kind == LABELS ? rows->count / WIDTH : rows->count;
    buffer_printf(text, "%s %zu %d\n", names[kind], count, number);
    for (size_t i = 0; i < count; i++) {
        if (kind == BINARY)
            buffer_printf(text, "%d %.17g", rows->labels[i], rows->scores[i]);
        else if (kind == WEIGHTED)
            buffer_printf(text, "%d %.17g %.17g", rows->labels[i], rows->scores[i],
                          rows->weights[i]);
        else if (kind == DECIDED)
            buffer_printf(text, "%d %d", rows->labels[i], rows->decided[i]);
        else if (kind == MULTI || kind == CHANCES)
            buffer_printf(text, "%u %u %.17g", rows->classes[i], rows->guesses[i],
                          rows->weights[i]);
        else if (kind == REGRESSION)
            buffer_printf(text, "%.17g %.17g %.17g", rows->truth[i], rows->scores[i],
                          rows->weights[i]);
        else if (kind == RANKING)
            buffer_printf(text, "%u %u %.17g", rows->classes[i], rows->guesses[i], rows->scores[i]);
        for (size_t c = 0; kind == CHANCES && c < CLASSES; c++)
            buffer_printf(text, " %.17g", rows->chances[i * CLASSES + c]);
        for (size_t c = 0; kind == LABELS && c < WIDTH; c++)
            buffer_printf(text, "%d %d ", rows->labels[i * WIDTH + c],
                          rows->decided[i * WIDTH + c]);
        if (kind == LABELS)
            buffer_printf(text, "%.17g", rows->weights[i]);
        buffer_puts(text, "\n");
    }
}

static int measure_binary(int number, enum kind kind, struct rows *rows, struct metric_list *list,
                          struct mlops_error *err)
{
    make_binary(number, rows);
    make_weights(number, rows);
    spoil(kind == WEIGHTED && number % 2 ? rows->weights : rows->scores, rows->count);
    const struct metric_options options = {.threshold = 0.5,
                                           .beta = 2,
                                           .at_fpr = kind == DECIDED ? 0 : 0.1,
                                           .lift_share = 0.1,
                                           .costs = true,
                                           .cost_fp = 5,
                                           .cost_fn = 120};
    const struct binary_rows binary = {.labels = rows->labels,
                                       .scores = kind == DECIDED ? NULL : rows->scores,
                                       .decisions = kind == DECIDED ? rows->decided : NULL,
                                       .weights = kind == WEIGHTED ? rows->weights : NULL,
                                       .count = rows->count};
    return metrics_binary(&binary, &options, list, err);
}

static int measure_classes(int number, enum kind kind, struct rows *rows, struct metric_list *list,
                           struct mlops_error *err)
{
    static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6"};
    make_multi(number, rows);
    make_weights(number, rows);
    make_chances(rows);
    spoil(rows->chances, rows->count);
    const struct class_rows classes = {.labels = rows->classes,
                                       .predictions = rows->guesses,
                                       .probabilities = kind == CHANCES ? rows->chances : NULL,
                                       .weights = number % 2 ? rows->weights : NULL,
                                       .count = rows->count,
                                       .classes = CLASSES,
                                       .names = names};
    return metrics_multiclass(&classes, &(struct metric_options){0}, list, err);
}

static int measure_labels(int number, struct rows *rows, struct metric_list *list,
                          struct mlops_error *err)
{
    static const char *const names[] = {"0", "1", "2", "3", "4"};
    make_binary(number, rows);
    make_weights(number, rows);
    if (rows->count < WIDTH)
        rows->count = WIDTH;
    const struct label_rows sets = {.labels = rows->labels,
                                    .predictions = rows->decided,
                                    .weights = number % 2 ? rows->weights : NULL,
                                    .count = rows->count / WIDTH,
                                    .width = WIDTH,
                                    .names = names};
    return metrics_multilabel(&sets, &(struct metric_options){0}, list, err);
}

static int measure_regression(int number, struct rows *rows, struct metric_list *list,
                              struct mlops_error *err)
{
    make_regression(number, rows);
    make_weights(number, rows);
    spoil(number % 2 ? rows->truth : rows->scores, rows->count);
    const struct number_rows numbers = {.labels = rows->truth,
                                        .predictions = rows->scores,
                                        .weights = number % 2 ? rows->weights : NULL,
                                        .count = rows->count};
    return metrics_regression(&numbers, &(struct metric_options){.quantile = 0.9}, list, err);
}

/* Groups of two items and more: scikit-learn refuses those of one. */
static int measure_ranking(int number, struct rows *rows, struct metric_list *list,
                           struct mlops_error *err)
{
    rows->count = 2 * (1 + next() % 200);
    for (size_t i = 0; i < rows->count; i++) {
        rows->classes[i] = (uint32_t)(i / 2 * 2 / (number % 3 == 0 ? 2 : 20));
        rows->guesses[i] = (uint32_t)(next() % 4);
        rows->truth[i] = rows->guesses[i];
        rows->scores[i] = number % 4 == 0 ? (double)(next() % 3) : uniform();
    }
    spoil(rows->scores, rows->count);
    const struct ranked_rows ranked = {.groups = rows->classes,
                                       .relevance = rows->truth,
                                       .scores = rows->scores,
                                       .count = rows->count,
                                       .group_count = rows->classes[rows->count - 1] + 1};
    const struct metric_options options = {.cutoff = number % 2 ? 5 : 0};
    return metrics_ranking(&ranked, &options, list, err);
}

static int measure_kind(int number, enum kind kind, struct buffer *text, struct metric_list *list,
                        struct mlops_error *err)
{
    static struct rows rows;
    int code = kind <= DECIDED      ? measure_binary(number, kind, &rows, list, err)
               : kind <= CHANCES    ? measure_classes(number, kind, &rows, list, err)
               : kind == LABELS     ? measure_labels(number, &rows, list, err)
               : kind == REGRESSION ? measure_regression(number, &rows, list, err)
                                    : measure_ranking(number, &rows, list, err);
    print_case(text, kind, &rows, number);
    return code;
}

/* Append the case to what Python reads, and measure it. */
static void measure(int number, struct buffer *text, struct metric_list *list)
{
    struct mlops_error err = {0};
    enum kind kind = 0;
    for (int before = number; before >= shares[kind]; kind++)
        before -= shares[kind];
    if (measure_kind(number, kind, text, list, &err))
        fail_msg("case %d: %s", number, err.message);
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
        bool same = (isnan(expected) && isnan(found->value)) || expected == found->value ||
                    fabs(expected - found->value) <= 1e-12 * fabs(expected) + 1e-14;
        if (!same)
            fail_msg("case %d: %s is %.17g, scikit-learn says %.17g", number, name, found->value,
                     expected);
        c = end + strspn(end, " ");
    }
    size_t counts = metric_list_find(list, "groups") ? 2 : 1; /* all but n and groups */
    if (list->count - counts != compared)
        fail_msg("case %d: %zu of %zu metrics were compared", number, compared,
                 list->count - counts);
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
        process_run(&(struct process_options){.argv = argv, .output_max = 64 << 20}, result, &err);
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

/* A number that is none is no row to be left out, and no 0, on either side. */
static void what_scikit_learn_refuses_is_refused_here(void **state)
{
    static const enum kind kinds[] = {BINARY, WEIGHTED, CHANCES, REGRESSION, RANKING};
    static const double values[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    _cleanup_(buffer_clear) struct buffer cases = {0};
    _cleanup_(process_result_clear) struct process_result result = {0};
    size_t count = 0;
    if (!has_sklearn())
        skip();
    for (int number = 20; number < 60; number++)
        for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
            struct metric_list list = {0};
            struct mlops_error err = {0};
            if (number % 10 == 0) /* of a row or two */
                continue;
            poison = values[number % 3];
            int code = measure_kind(number, kinds[i], &cases, &list, &err);
            if (code != MLOPS_INVALID)
                fail_msg("kind %d, case %d: %d %s", kinds[i], number, code, err.message);
            metric_list_clear(&list);
            count++;
        }
    poison = 0;
    ask_sklearn(&cases, &result);
    const char *line = result.output.data;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(line, "refused", 7) != 0)
            fail_msg("case %zu: scikit-learn says %.100s", i, line);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal('\0', *line);
    assert_true(count > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_cases_agree_with_scikit_learn),
        cmocka_unit_test(what_scikit_learn_refuses_is_refused_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
