/* lib/stats/profile.c - the profile of a table: its columns, over all cores, and its rows. */
#include "stats/profile.h"
#include "base/pool.h"
#include "stats/hash_many.h"
#include "stats/hll.h"
#include "stats/profile_column.h"
#include "stats/row_sample.h"
#include <math.h>

struct profile *profile_new(const struct table_schema *schema)
{
    struct profile *profile = xcalloc(1, sizeof(*profile));
    profile->columns = xcalloc(schema->count, sizeof(*profile->columns));
    profile->column_count = schema->count;
    profile->sample = row_sample_new(schema->count);
    for (size_t i = 0; i < schema->count; i++)
        column_init(&profile->columns[i], schema->columns[i].name, schema->columns[i].type, true);
    return profile;
}

struct profile *profile_new_exact(const struct table_schema *schema)
{
    struct profile *profile = profile_new(schema);
    for (size_t i = 0; i < profile->column_count; i++)
        column_make_exact(&profile->columns[i]);
    return profile;
}

void profile_free(struct profile *profile)
{
    if (!profile)
        return;
    for (size_t i = 0; i < profile->column_count; i++)
        column_clear(&profile->columns[i]);
    free(profile->columns);
    row_sample_free(profile->sample);
    free(profile);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The bits of a cell as the sample keeps them. */
static uint64_t cell_bits(const struct column *column, size_t row)
{
    double value;
    uint64_t bits;
    if (column->missing[row])
        return ROW_CELL_MISSING;
    if (column->texts)
        value = (double)(uint32_t)stats_hash(column->texts[row].data, column->texts[row].length);
    else
        value = column->numbers ? column->numbers[row] + 0.0 : (double)column->times[row];
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Odd numbers, another for every column: the same cells in other columns are another row. */
static uint64_t multiplier(size_t column)
{
    uint64_t place = column;
    return stats_hash(&place, sizeof(place)) | 1;
}

static void sample_rows(struct row_sample *sample, const struct batch *batch, const uint64_t *rows)
{
    uint64_t cells[ROW_SAMPLE_COLUMNS_MAX], threshold = row_sample_threshold(sample);
    bool passed_over = false;
    for (size_t row = 0; row < batch->rows; row++) {
        if (rows[row] > threshold) {
            passed_over = true;
            continue;
        }
        for (size_t i = 0; i < row_sample_columns(sample); i++)
            cells[i] = cell_bits(&batch->columns[i], row);
        row_sample_update(sample, rows[row], 1, cells);
        threshold = row_sample_threshold(sample);
    }
    if (passed_over)
        row_sample_pass_over(sample);
}

/* ---- updating ------------------------------------------------------------------------------- */

/*
 * The hash of a row is that of the sum of its cells' hashes, each times its column's number. A sum
 * does not ask for the order: each worker has one of its own for every row, of the columns that it
 * had, so that the hashes of a column are gone as soon as they are in.
 */
struct update {
    struct profile *profile;
    const struct batch *batches;
    size_t count, rows, widest, workers;
    uint64_t *sums;   /* of each worker: `rows` */
    uint64_t *hashes; /* of each worker: `widest`, the cells of a column of a batch */
};

static void begin(void *context, const struct batch *batches, size_t count)
{
    struct update *update = context;
    *update = (struct update){
        .profile = update->profile, .batches = batches, .count = count, .workers = pool_threads()};
    for (size_t i = 0; i < count; i++) {
        update->rows += batches[i].rows;
        update->widest = batches[i].rows > update->widest ? batches[i].rows : update->widest;
    }
    update->sums = xcalloc(update->workers * update->rows + 1, sizeof(*update->sums));
    update->hashes = xrealloc(NULL, update->workers * update->widest + 1, sizeof(*update->hashes));
}

static void take(void *context, size_t column, size_t worker)
{
    const struct update *update = context;
    uint64_t factor = multiplier(column), *hashes = update->hashes + worker * update->widest;
    uint64_t *sum = update->sums + worker * update->rows;
    for (size_t i = 0; i < update->count; i++) {
        const struct batch *batch = &update->batches[i];
        column_update(&update->profile->columns[column], &batch->columns[column], hashes);
        hash_sum_many(hashes, batch->rows, factor, sum);
        sum += batch->rows;
    }
}

/* The sums of the workers become the hashes of the rows. */
static void end(struct update *update)
{
    uint64_t *rows = update->sums;
    for (size_t i = 1; i < update->workers; i++)
        for (size_t row = 0; row < update->rows; row++)
            rows[row] += rows[i * update->rows + row];
    hash_many(rows, update->rows, rows);
    for (size_t i = 0; i < update->count; i++) {
        sample_rows(update->profile->sample, &update->batches[i], rows);
        rows += update->batches[i].rows;
    }
    update->profile->rows += update->rows;
    free(update->sums);
    free(update->hashes);
}

int profile_add_next(struct profile *profile, struct table_reader *reader,
                     const struct batch **batches, size_t *count, struct mlops_error *err)
{
    struct update update = {.profile = profile};
    const struct table_taker taker = {begin, take, &update};
    int code = table_next_taken(reader, &taker, batches, count, err);
    if (code || *count == 0) {
        free(update.sums);
        free(update.hashes);
    } else {
        end(&update);
    }
    TRY(code);
    profile->ragged = table_ragged_rows(reader);
    if (*count == 0)
        profile_finish(profile);
    return MLOPS_OK;
}

static int take_item(void *context, size_t column, size_t worker, struct mlops_error *err)
{
    (void)err;
    take(context, column, worker);
    return MLOPS_OK;
}

void profile_add(struct profile *profile, const struct batch *batch)
{
    struct update update = {.profile = profile};
    struct mlops_error unused;
    begin(&update, batch, 1);
    (void)pool_run(profile->column_count, take_item, &update, &unused); /* cannot fail */
    end(&update);
}

void profile_update(struct profile *profile, const struct batch *batch)
{
    struct update update = {.profile = profile};
    begin(&update, batch, 1);
    for (size_t i = 0; i < profile->column_count; i++)
        take(&update, i, 0);
    end(&update);
    profile_finish(profile);
}

void profile_finish(struct profile *profile)
{
    for (size_t i = 0; i < profile->column_count; i++)
        column_finish(&profile->columns[i]);
}

/* ---- numbers -------------------------------------------------------------------------------- */

const struct column_profile *profile_column(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->column_count; i++)
        if (str_equal(profile->columns[i].name, name))
            return &profile->columns[i];
    return NULL;
}

const struct column_profile *profile_column_near(const struct profile *profile, const char *name,
                                                 size_t *place)
{
    const struct column_profile *found = NULL;
    if (*place < profile->column_count && str_equal(profile->columns[*place].name, name))
        found = &profile->columns[*place];
    else
        found = profile_column(profile, name);
    if (found)
        *place = (size_t)(found - profile->columns) + 1;
    return found;
}

double column_variance(const struct column_profile *column)
{
    double n = (double)column_finite(column);
    return n > 1 ? column->m2 / (n - 1) : NAN;
}

double column_skewness(const struct column_profile *column)
{
    double n = (double)column_finite(column), variance = column->m2 / n;
    return column->m2 > 0 ? column->m3 / n / (variance * sqrt(variance)) : NAN;
}

double column_kurtosis(const struct column_profile *column)
{
    double n = (double)column_finite(column), variance = column->m2 / n;
    return column->extended && column->m2 > 0 ? column->m4 / n / (variance * variance) - 3 : NAN;
}
