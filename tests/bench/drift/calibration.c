/*
 * tests/bench/drift/calibration.c - how often drift is found where there is none.
 *
 * calibration TABLE REFERENCE_ROWS CURRENT_ROWS FAR TRIALS [METHOD [SHIFT SIZE]]: deal the rows of
 * TABLE out at random, to a reference and a current table, compare them, and count the tables in
 * which drift was found, in a column or in whole rows, and what of whole rows gave an alarm. Exits
 * with 1 where the share of the former is not within 0.5 to 1.5 times FAR; of fewer than 500
 * trials, where it is further from FAR than 3 standard deviations of a binomial. With a SHIFT
 * (mean, scale, category, missing, correlation: dealt out anew among that share of the rows) of
 * SIZE in one column the share is the power; then there is no bound.
 */
#include "drift/compare.h"
#include "stats/random.h"
#include "table/table.h"
#include <math.h>
#include <stdio.h>

#define BINOMIAL_BELOW 500 /* trials */

struct cell {
    double number;
    int64_t time;
    struct text_view text;
    uint8_t missing;
};

struct rows {
    struct table_schema schema;
    struct table_reader *reader;
    struct cell *cells; /* row by row */
    size_t count, capacity;
};

static void take_batch(struct rows *rows, const struct batch *batch)
{
    size_t width = batch->column_count;
    for (size_t row = 0; row < batch->rows; row++) {
        while ((rows->count + 1) * width > rows->capacity) {
            rows->capacity = rows->capacity ? 2 * rows->capacity : 65536;
            rows->cells = xrealloc(rows->cells, rows->capacity, sizeof(*rows->cells));
        }
        for (size_t i = 0; i < width; i++) {
            const struct column *column = &batch->columns[i];
            struct cell *cell = &rows->cells[rows->count * width + i];
            *cell = (struct cell){.missing = column->missing[row]};
            if (column->numbers)
                cell->number = column->numbers[row];
            else if (column->times)
                cell->time = column->times[row];
            else if (!cell->missing)
                cell->text =
                    (struct text_view){xstrndup(column->texts[row].data, column->texts[row].length),
                                       column->texts[row].length};
        }
        rows->count++;
    }
}

static int read_rows(const char *path, struct rows *rows, struct mlops_error *err)
{
    TRY(table_open(path, &(struct table_options){0}, &rows->reader, err));
    rows->schema = *table_schema(rows->reader);
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(rows->reader, &batch, &more, err));
        if (!more)
            return MLOPS_OK;
        take_batch(rows, batch);
    }
}

static void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count * rows->schema.count; i++)
        free((void *)(uintptr_t)rows->cells[i].text.data);
    free(rows->cells);
    table_close(rows->reader);
}

struct shift {
    const char *kind; /* NULL: none */
    double size;
    size_t column;
    double mean, deviation;
    struct text_view fresh; /* the value that takes over */
};

static void apply(const struct shift *shift, struct random *random, struct cell *cell)
{
    double chance = (double)(random_next(random) >> 11) / 0x1p53;
    if (str_equal(shift->kind, "mean"))
        cell->number += shift->size * shift->deviation;
    else if (str_equal(shift->kind, "scale"))
        cell->number = shift->mean + (1 + shift->size) * (cell->number - shift->mean);
    else if (chance < shift->size && str_equal(shift->kind, "missing"))
        cell->missing = MISSING_EMPTY;
    else if (chance < shift->size && str_equal(shift->kind, "category"))
        cell->text = shift->fresh;
}

static struct profile *profile_rows(const struct rows *rows, const size_t *order, size_t count,
                                    const struct shift *shift, struct random *random)
{
    size_t width = rows->schema.count;
    struct profile *profile = profile_new(&rows->schema);
    struct column *columns = xcalloc(width, sizeof(*columns));
    for (size_t i = 0; i < width; i++) {
        enum column_type type = rows->schema.columns[i].type;
        uint8_t *missing = xcalloc(count, sizeof(*missing));
        double *numbers = xcalloc(count, sizeof(*numbers));
        int64_t *times = xcalloc(count, sizeof(*times));
        struct text_view *texts = xcalloc(count, sizeof(*texts));
        for (size_t row = 0; row < count; row++) {
            struct cell cell = rows->cells[order[row] * width + i];
            bool shifted = shift->kind && i == shift->column;
            if (shifted && str_equal(shift->kind, "correlation") &&
                (double)(random_next(random) >> 11) / 0x1p53 < shift->size)
                cell = rows->cells[order[random_below(random, count)] * width + i];
            else if (shifted)
                apply(shift, random, &cell);
            missing[row] = cell.missing;
            numbers[row] = cell.missing ? 0 : cell.number;
            times[row] = cell.time;
            texts[row] = cell.missing ? (struct text_view){"", 0} : cell.text;
        }
        bool is_number = column_is_numeric(type), is_time = type == COLUMN_TIME;
        columns[i] = (struct column){.type = type,
                                     .rows = count,
                                     .missing = missing,
                                     .numbers = is_number ? numbers : NULL,
                                     .times = is_time ? times : NULL,
                                     .texts = is_number || is_time ? NULL : texts};
        if (!is_number)
            free(numbers);
        if (!is_time)
            free(times);
        if (is_number || is_time)
            free(texts);
    }
    profile_update(profile, &(struct batch){columns, width, count});
    for (size_t i = 0; i < width; i++) {
        free((void *)(uintptr_t)columns[i].missing);
        free((void *)(uintptr_t)columns[i].numbers);
        free((void *)(uintptr_t)columns[i].times);
        free((void *)(uintptr_t)columns[i].texts);
    }
    free(columns);
    return profile;
}

static void shuffle(size_t *order, size_t count, struct random *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)random_below(random, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* The first column that the shift is for; of texts, the value that is there takes over. */
static void aim(struct shift *shift, const struct rows *rows)
{
    bool texts = shift->kind && str_equal(shift->kind, "category");
    size_t width = rows->schema.count, n = 0;
    for (shift->column = 0; shift->column + 1 < width; shift->column++) {
        enum column_type type = rows->schema.columns[shift->column].type;
        if (texts ? type == COLUMN_CATEGORY : type == COLUMN_FLOAT)
            break;
    }
    double sum = 0, squares = 0;
    for (size_t row = 0; row < rows->count; row++) {
        const struct cell *cell = &rows->cells[row * width + shift->column];
        if (cell->missing)
            continue;
        shift->fresh = cell->text;
        sum += cell->number;
        squares += cell->number * cell->number;
        n++;
    }
    shift->mean = sum / (double)n;
    shift->deviation = sqrt(fmax(squares / (double)n - shift->mean * shift->mean, 0));
}

int main(int argc, char **argv)
{
    struct mlops_error err = {0};
    struct rows rows = {0};
    if (argc < 6) {
        fputs("calibration TABLE REFERENCE_ROWS CURRENT_ROWS FAR TRIALS [METHOD [SHIFT SIZE]]\n",
              stderr);
        return 2;
    }
    if (read_rows(argv[1], &rows, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    size_t n = strtoul(argv[2], NULL, 10), m = strtoul(argv[3], NULL, 10), alarms = 0;
    size_t columns = 0, apart = 0, paired = 0, rebuilt = 0, isolated = 0;
    double far = strtod(argv[4], NULL);
    size_t trials = strtoul(argv[5], NULL, 10), *order = xcalloc(rows.count, sizeof(*order));
    struct shift shift = {.kind = argc > 8 ? argv[7] : NULL,
                          .size = argc > 8 ? strtod(argv[8], NULL) : 0};
    const struct shift none = {0};
    struct compare_options options = {
        .far = far, .any_effect = true, .numeric_method = argc > 6 ? argv[6] : NULL};
    aim(&shift, &rows);
    struct random random;
    random_init(&random, 7, 0, NULL);
    for (size_t i = 0; i < rows.count; i++)
        order[i] = i;
    if (n + m > rows.count) {
        fprintf(stderr, "%s has %zu rows\n", argv[1], rows.count);
        return 2;
    }
    for (size_t trial = 0; trial < trials; trial++) {
        struct mlops_drift_report report = {0};
        shuffle(order, rows.count, &random);
        struct profile *reference = profile_rows(&rows, order, n, &none, &random);
        struct profile *current = profile_rows(&rows, order + n, m, &shift, &random);
        if (profiles_compare(reference, current, &options, &report, &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 2;
        }
        alarms += report.drift;
        columns += report.share > 0;
        apart += report.domain_auc > report.domain_threshold;
        paired += report.pair_statistic > report.pair_threshold;
        rebuilt += report.reconstruction_current > report.reconstruction_high ||
                   report.reconstruction_current < report.reconstruction_low;
        isolated += report.isolated_current > report.isolated_threshold;
        mlops_drift_report_clear(&report);
        profile_free(reference);
        profile_free(current);
    }
    double share = (double)alarms / (double)trials, n_trials = (double)trials;
    const char *name = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
    printf("%-24s %5zu against %5zu rows  far %5.3f  found %5.3f  (%zu of %zu)%s%s\n", name, m, n,
           far, share, alarms, trials, shift.kind ? "  " : "", shift.kind ? argv[7] : "");
    printf(
        "  columns %zu; rows told apart %zu, of a pair %zu; rebuilt otherwise %zu, isolated %zu\n",
        columns, apart, paired, rebuilt, isolated);
    rows_clear(&rows);
    free(order);
    double off = trials < BINOMIAL_BELOW ? 3 * sqrt(far * (1 - far) / n_trials) : far * 0.5;
    return !shift.kind && fabs(share - far) > off;
}
