/*
 * tests/bench/profile/scan.c - the largest value of each column and nothing else: what reading a
 * table costs without a profile, as `SELECT max(a), max(b), …` of a database.
 *
 * scan TABLE
 */
#include "base/pool.h"
#include "table/table.h"
#include <math.h>
#include <stdio.h>

#define TEXT_KEPT 64 /* bytes of the largest text */

struct largest {
    double number;
    int64_t time;
    char text[TEXT_KEPT];
    size_t length;
};

struct scan {
    const struct batch *batches;
    size_t count;
    struct largest *largest; /* of each column */
};

static void take_text(struct largest *largest, struct text_view text)
{
    size_t length = text.length < TEXT_KEPT ? text.length : TEXT_KEPT;
    size_t shorter = length < largest->length ? length : largest->length;
    int order = memcmp(text.data, largest->text, shorter);
    if (order < 0 || (order == 0 && length <= largest->length))
        return;
    memcpy(largest->text, text.data, length);
    largest->length = length;
}

static void take_numbers(struct largest *largest, const struct column *column)
{
    double most = largest->number;
    for (size_t row = 0; row < column->rows; row++) {
        double value = column->missing[row] ? -INFINITY : column->numbers[row];
        most = value > most ? value : most;
    }
    largest->number = most;
}

static void take_times(struct largest *largest, const struct column *column)
{
    int64_t most = largest->time;
    for (size_t row = 0; row < column->rows; row++) {
        int64_t value = column->missing[row] ? INT64_MIN : column->times[row];
        most = value > most ? value : most;
    }
    largest->time = most;
}

static int scan_column(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct scan *scan = context;
    struct largest *largest = &scan->largest[index];
    (void)worker;
    (void)err;
    for (size_t i = 0; i < scan->count; i++) {
        const struct column *column = &scan->batches[i].columns[index];
        if (column->numbers)
            take_numbers(largest, column);
        else if (column->times)
            take_times(largest, column);
        for (size_t row = 0; column->texts && row < column->rows; row++)
            if (!column->missing[row])
                take_text(largest, column->texts[row]);
    }
    return MLOPS_OK;
}

static void show(const struct table_schema *schema, const struct largest *largest)
{
    for (size_t i = 0; i < schema->count; i++) {
        enum column_type type = schema->columns[i].type;
        if (type == COLUMN_TIME)
            printf("%s %lld\n", schema->columns[i].name, (long long)largest[i].time);
        else if (column_is_numeric(type))
            printf("%s %.17g\n", schema->columns[i].name, largest[i].number);
        else
            printf("%s %.*s\n", schema->columns[i].name, (int)largest[i].length, largest[i].text);
    }
}

static int run(const char *path, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    TRY(table_open(path, &(struct table_options){0}, &reader, err));
    const struct table_schema *schema = table_schema(reader);
    struct scan scan = {.largest = xcalloc(schema->count, sizeof(*scan.largest))};
    for (size_t i = 0; i < schema->count; i++)
        scan.largest[i] = (struct largest){.number = -INFINITY, .time = INT64_MIN};
    int code;
    while ((code = table_next_many(reader, &scan.batches, &scan.count, err)) == MLOPS_OK &&
           scan.count > 0 && (code = pool_run(schema->count, scan_column, &scan, err)) == MLOPS_OK)
        continue;
    if (code == MLOPS_OK)
        show(schema, scan.largest);
    free(scan.largest);
    return code;
}

int main(int argc, char **argv)
{
    struct mlops_error err = {0};
    if (argc != 2) {
        fprintf(stderr, "scan TABLE\n");
        return 2;
    }
    if (run(argv[1], &err) == MLOPS_OK)
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return 6;
}
