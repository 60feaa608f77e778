/* lib/quality/values.c - cells held against types, ranges, lists and patterns as they are
 * written. */
#include "quality/values.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/regex.h"
#include "table/infer.h"
#include "table/missing.h"
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>

/* An accepted value, in the order of its bytes, so that it is found by halves. */
struct accepted {
    struct text_view text;
    double number;
};

/* One expectation of one column; of a schema there is one for each column. */
struct check {
    const struct expectation *expectation;
    struct mlops_expectation_result *result;
    enum column_type type; /* that values must be of */
    bool strict;           /* then 1.5 is no integer */
    size_t column;         /* in what is read */
    struct regex *regex;
    struct accepted *accepted;
    size_t accepted_count;
    int64_t newest_ns;
};

struct reading {
    struct check *checks;
    size_t count;
    uint64_t rows;
    const char **names; /* that are read */
    size_t name_count;
    const atomic_bool *stop;
};

static void reading_clear(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        regex_free(reading->checks[i].regex);
        free(reading->checks[i].accepted);
    }
    free(reading->checks);
    free(reading->names);
}

/* ---- one value ------------------------------------------------------------------------------- */

static bool is_whole_number(struct text_view cell)
{
    double value;
    size_t at = cell.length > 0 && (cell.data[0] == '-' || cell.data[0] == '+');
    size_t digits = at;
    while (digits < cell.length && cell.data[digits] >= '0' && cell.data[digits] <= '9')
        digits++;
    if (digits > at && digits == cell.length)
        return true;
    return number_parse(cell.data, cell.length, &value) && value == floor(value) && isfinite(value);
}

static bool is_of_type(const struct check *check, struct text_view cell)
{
    double number;
    int64_t time_ns;
    if (check->strict && check->type == COLUMN_INTEGER)
        return is_whole_number(cell);
    return cell_convert(cell, check->type, &number, &time_ns);
}

static bool is_in_range(const struct expectation *expectation, struct text_view cell)
{
    double number;
    int64_t time_ns;
    cell = cell_trimmed(cell);
    if (!expectation->times)
        return number_parse(cell.data, cell.length, &number) && number >= expectation->least &&
               number <= expectation->most;
    if (!cell_convert(cell, COLUMN_TIME, &number, &time_ns))
        return false;
    /* the bounds are whole seconds, which a double holds exactly */
    return (isinf(expectation->least) || time_ns >= (int64_t)expectation->least) &&
           (isinf(expectation->most) || time_ns <= (int64_t)expectation->most);
}

static int compare_texts(const struct text_view *a, const struct text_view *b)
{
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->data, b->data, shorter);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_accepted(const void *a, const void *b)
{
    return compare_texts(&((const struct accepted *)a)->text, &((const struct accepted *)b)->text);
}

static bool is_accepted(const struct check *check, struct text_view cell)
{
    const struct accepted wanted = {.text = cell};
    double number;
    if (bsearch(&wanted, check->accepted, check->accepted_count, sizeof(wanted), compare_accepted))
        return true;
    if (!number_parse(cell.data, cell.length, &number))
        return false;
    for (size_t i = 0; i < check->accepted_count; i++) /* 1.0 is the 1 that was meant */
        if (check->accepted[i].number == number)
            return true;
    return false;
}

static bool is_as_expected(struct check *check, struct text_view cell)
{
    double number;
    int64_t time_ns;
    switch (check->expectation->kind) {
    case EXPECT_TYPE:
    case EXPECT_SCHEMA:
        return is_of_type(check, cell);
    case EXPECT_VALUES:
        return is_accepted(check, cell);
    case EXPECT_RANGE:
        return is_in_range(check->expectation, cell);
    case EXPECT_PATTERN:
        return regex_found(check->regex, cell.data, cell.length);
    case EXPECT_AGE:
        if (!cell_convert(cell, COLUMN_TIME, &number, &time_ns))
            return false;
        if (time_ns > check->newest_ns)
            check->newest_ns = time_ns;
        return true;
    case EXPECT_PRESENT:
    case EXPECT_ROWS:
    case EXPECT_UNIQUE:
    case EXPECT_SKEW:
    case EXPECT_LEAKAGE:
        break;
    }
    return true;
}

/* ---- a batch --------------------------------------------------------------------------------- */

static void check_column(struct check *check, const struct batch *batch,
                         struct table_reader *reader)
{
    const struct column *column = &batch->columns[check->column];
    struct mlops_expectation_result *result = check->result;
    bool presence = check->expectation->kind == EXPECT_PRESENT;
    for (size_t row = 0; row < batch->rows; row++) {
        bool missing = column->missing[row] != MISSING_NOT;
        if (missing && !presence)
            continue;
        result->judged++;
        if (presence ? !missing : is_as_expected(check, column->texts[row]))
            continue;
        result->unexpected++;
        if (result->example_count < EXAMPLES_MAX)
            judged_example(result, table_line(reader, row),
                           missing ? (struct text_view){.data = ""} : column->texts[row]);
    }
}

static int take_batch(void *context, const struct batch *batch, struct table_reader *reader,
                      uint64_t first_row, struct mlops_error *err)
{
    struct reading *reading = context;
    if (atomic_load_explicit(reading->stop, memory_order_relaxed))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
    for (size_t i = 0; i < reading->count; i++)
        check_column(&reading->checks[i], batch, reader);
    reading->rows = first_row + batch->rows;
    return MLOPS_OK;
}

/* ---- before and after ------------------------------------------------------------------------ */

static bool is_judged_here(const struct expectation *expectation)
{
    switch (expectation->kind) {
    case EXPECT_SCHEMA:
    case EXPECT_ROWS:
    case EXPECT_TYPE:
    case EXPECT_PRESENT:
    case EXPECT_VALUES:
    case EXPECT_RANGE:
    case EXPECT_PATTERN:
    case EXPECT_AGE:
        return true;
    case EXPECT_UNIQUE:
    case EXPECT_SKEW:
    case EXPECT_LEAKAGE:
        break;
    }
    return false;
}

static size_t place_of(struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->name_count; i++)
        if (str_equal(reading->names[i], name))
            return i;
    reading->names[reading->name_count] = name;
    return reading->name_count++;
}

static struct check *add_check(struct reading *reading, const struct expectation *expectation,
                               struct mlops_expectation_result *result, const char *column)
{
    struct check *check = &reading->checks[reading->count++];
    *check = (struct check){.expectation = expectation,
                            .result = result,
                            .type = expectation->type,
                            .strict = true,
                            .column = place_of(reading, column),
                            .newest_ns = INT64_MIN};
    return check;
}

static void sort_accepted(struct check *check)
{
    const struct expectation *expectation = check->expectation;
    size_t count = strings_count((const char *const *)expectation->values);
    check->accepted = xcalloc(count, sizeof(*check->accepted));
    for (size_t i = 0; i < count; i++)
        check->accepted[i] =
            (struct accepted){.text = {.data = expectation->values[i],
                                       .length = (uint32_t)strlen(expectation->values[i])},
                              .number = expectation->numbers[i]};
    qsort(check->accepted, count, sizeof(*check->accepted), compare_accepted);
    check->accepted_count = count;
}

/* Columns that both have are read as the other's; what is not in both is told by the names. */
static void start_schema(struct reading *reading, const struct snapshot_table *table,
                         const struct snapshot_table *other, const struct expectation *expectation,
                         struct mlops_expectation_result *result)
{
    for (size_t i = 0; i < other->profile->column_count; i++) {
        const struct column_profile *column = &other->profile->columns[i];
        if (snapshot_table_place(table, column->name) == SIZE_MAX)
            continue;
        struct check *check = add_check(reading, expectation, result, column->name);
        check->type = column->type;
        check->strict = false; /* integer there means that its first rows had no fractions */
    }
}

static int start(struct reading *reading, const struct snapshot_table *table,
                 const struct snapshot_table *other, const struct expectation *expectation,
                 struct mlops_expectation_result *result, struct mlops_error *err)
{
    if (expectation->kind == EXPECT_SCHEMA) {
        start_schema(reading, table, other, expectation, result);
        return MLOPS_OK;
    }
    if (expectation->kind == EXPECT_ROWS)
        return MLOPS_OK;
    if (snapshot_table_place(table, expectation->columns[0]) == SIZE_MAX) {
        judged_say(result, false, "%s has no column '%s'", table->shown, expectation->columns[0]);
        return MLOPS_OK;
    }
    struct check *check = add_check(reading, expectation, result, expectation->columns[0]);
    if (expectation->kind == EXPECT_VALUES)
        sort_accepted(check);
    return expectation->pattern ? regex_compile(expectation->pattern, &check->regex, err)
                                : MLOPS_OK;
}

static void end_age(const struct check *check, int64_t now_ns, int64_t *until_ns)
{
    struct mlops_expectation_result *result = check->result;
    const struct expectation *expectation = check->expectation;
    char newest[32];
    int64_t end_ns;
    if (check->newest_ns == INT64_MIN || result->unexpected > 0) {
        judged_count(expectation, "values are no times", result);
        result->met = false;
        return;
    }
    if (__builtin_add_overflow(check->newest_ns, expectation->age_ns, &end_ns))
        end_ns = INT64_MAX;
    mlops_time_format(check->newest_ns, newest);
    judged_say(result, now_ns <= end_ns, "the newest is of %s, %.1f days ago", newest,
               ((double)now_ns - (double)check->newest_ns) / 86400e9);
    if (result->met && (*until_ns == 0 || end_ns < *until_ns))
        *until_ns = end_ns;
}

static void list_names(struct buffer *text, const char *what, const struct profile *of,
                       const struct profile *not_in)
{
    size_t count = 0;
    for (size_t i = 0; i < of->column_count; i++)
        if (!profile_column(not_in, of->columns[i].name))
            buffer_printf(text, "%s'%s'", count++ ? ", " : what, of->columns[i].name);
    if (count)
        buffer_puts(text, "; ");
}

static void end_schema(const struct snapshot_table *table, const struct snapshot_table *other,
                       const struct expectation *expectation,
                       struct mlops_expectation_result *result)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    list_names(&names, "lacks ", other->profile, table->profile);
    list_names(&names, "has besides ", table->profile, other->profile);
    judged_count(expectation, "values are of another type", result);
    if (result->unexpected == 0)
        judged_say(result, true, "all %zu column%s", other->profile->column_count,
                   other->profile->column_count == 1 ? "" : "s");
    if (names.length == 0)
        return;
    _cleanup_(free_string) char *values = xstrdup(result->detail);
    if (result->unexpected == 0)
        names.data[names.length -= 2] = '\0';
    judged_say(result, false, "%s%s", names.data, result->unexpected ? values : "");
}

static void end(const struct check *check, int64_t now_ns, int64_t *until_ns)
{
    struct mlops_expectation_result *result = check->result;
    bool presence = check->expectation->kind == EXPECT_PRESENT;
    if (check->expectation->kind == EXPECT_AGE)
        end_age(check, now_ns, until_ns);
    else if (result->unexpected == 0)
        judged_say(result, true, "all %llu %s%s", (unsigned long long)result->judged,
                   presence ? "row" : "value", result->judged == 1 ? "" : "s");
    else
        judged_count(check->expectation, presence ? "rows have none" : "values are not", result);
}

static void end_rows(const struct expectation *expectation, uint64_t rows,
                     struct mlops_expectation_result *result)
{
    result->judged = rows;
    judged_say(result, (double)rows >= expectation->least && (double)rows <= expectation->most,
               "%llu row%s", (unsigned long long)rows, rows == 1 ? "" : "s");
}

static size_t checks_max(const struct expectation *items, size_t count,
                         const struct snapshot_table *const *others)
{
    size_t most = count;
    for (size_t i = 0; i < count; i++)
        if (items[i].kind == EXPECT_SCHEMA)
            most += others[i]->profile->column_count;
    return most;
}

int values_judge(const struct snapshot_table *table, const struct expectation *items,
                 struct mlops_expectation_result *results, size_t count,
                 const struct snapshot_table *const *others, int64_t now_ns, int64_t *until_ns,
                 const atomic_bool *stop, struct mlops_error *err)
{
    _cleanup_(reading_clear) struct reading reading = {.stop = stop};
    size_t most = checks_max(items, count, others), judged = 0;
    reading.checks = xcalloc(most + 1, sizeof(*reading.checks));
    reading.names = xcalloc(most + 1, sizeof(*reading.names));
    for (size_t i = 0; i < count; i++)
        if (is_judged_here(&items[i])) {
            TRY(start(&reading, table, others[i], &items[i], &results[i], err));
            judged++;
        }
    if (judged == 0)
        return MLOPS_OK;
    if (reading.name_count == 0) /* rows are counted by any column */
        (void)place_of(&reading, table->profile->columns[0].name);
    TRY(snapshot_table_read(table, reading.names, reading.name_count, take_batch, &reading, err));
    for (size_t i = 0; i < reading.count; i++)
        if (reading.checks[i].expectation->kind != EXPECT_SCHEMA)
            end(&reading.checks[i], now_ns, until_ns);
    for (size_t i = 0; i < count; i++)
        if (items[i].kind == EXPECT_ROWS)
            end_rows(&items[i], reading.rows, &results[i]);
        else if (items[i].kind == EXPECT_SCHEMA)
            end_schema(table, others[i], &items[i], &results[i]);
    return MLOPS_OK;
}
