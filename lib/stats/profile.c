/* lib/stats/profile.c - the profile of a table: its columns, over all cores, and its rows. */
#include "stats/profile.h"
#include "base/pool.h"
#include "stats/hll.h"
#include "stats/profile_column.h"
#include "stats/row_sample.h"
#include <math.h>

#define FEW_CELLS 20000

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
static uint64_t cell_bits(const struct column *column, size_t row, uint64_t hash)
{
    double value;
    uint64_t bits;
    if (column->missing[row])
        return ROW_CELL_MISSING;
    if (column->texts)
        value = (double)(uint32_t)hash;
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

/* The hash of a row is that of the sum of its cells' hashes, each times its column's number. */
static void hash_rows(const struct batch *batch, const uint64_t *hashes, uint64_t *rows)
{
    memset(rows, 0, batch->rows * sizeof(*rows));
    for (size_t i = 0; i < batch->column_count; i++) {
        uint64_t factor = multiplier(i);
        for (size_t row = 0; row < batch->rows; row++)
            rows[row] += hashes[i * batch->rows + row] * factor;
    }
    for (size_t row = 0; row < batch->rows; row++)
        rows[row] = stats_hash_eight(&rows[row]);
}

static void sample_rows(struct row_sample *sample, const struct batch *batch,
                        const uint64_t *hashes, const uint64_t *rows)
{
    uint64_t cells[ROW_SAMPLE_COLUMNS_MAX];
    for (size_t row = 0; row < batch->rows; row++) {
        if (rows[row] > row_sample_threshold(sample)) {
            row_sample_update(sample, rows[row], 1, cells); /* only that there was one */
            continue;
        }
        for (size_t i = 0; i < row_sample_columns(sample); i++)
            cells[i] = cell_bits(&batch->columns[i], row, hashes[i * batch->rows + row]);
        row_sample_update(sample, rows[row], 1, cells);
    }
}

/* ---- updating ------------------------------------------------------------------------------- */

struct update {
    struct profile *profile;
    const struct batch *batches;
    size_t count;
    uint64_t **hashes; /* of each batch: column by column, then of the rows */
};

static int update_column(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct update *update = context;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < update->count; i++) {
        const struct batch *batch = &update->batches[i];
        column_update(&update->profile->columns[index], &batch->columns[index],
                      update->hashes[i] + index * batch->rows);
    }
    return MLOPS_OK;
}

static uint64_t *row_hashes(const struct update *update, size_t i)
{
    const struct batch *batch = &update->batches[i];
    return update->hashes[i] + batch->column_count * batch->rows;
}

static int update_rows(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct update *update = context;
    (void)worker;
    (void)err;
    hash_rows(&update->batches[index], update->hashes[index], row_hashes(update, index));
    return MLOPS_OK;
}

static void run_all(bool few, size_t count, pool_work work, struct update *update)
{
    struct mlops_error err;
    for (size_t i = 0; i < count && few; i++) /* threads would cost more than they do */
        (void)work(update, i, 0, &err);
    if (!few)
        (void)pool_run(count, work, update, &err); /* cannot fail */
}

void profile_add(struct profile *profile, const struct batch *batches, size_t count)
{
    struct update update = {profile, batches, count, xcalloc(count, sizeof(*update.hashes))};
    size_t cells = 0;
    for (size_t i = 0; i < count; i++) {
        profile->rows += batches[i].rows;
        cells += batches[i].rows * profile->column_count;
        update.hashes[i] = xrealloc(NULL, batches[i].rows * (profile->column_count + 1) + 1,
                                    sizeof(**update.hashes));
    }
    run_all(cells < FEW_CELLS, profile->column_count, update_column, &update);
    run_all(cells < FEW_CELLS, count, update_rows, &update);
    for (size_t i = 0; i < count; i++) {
        sample_rows(profile->sample, &batches[i], update.hashes[i], row_hashes(&update, i));
        free(update.hashes[i]);
    }
    free(update.hashes);
}

void profile_finish(struct profile *profile)
{
    for (size_t i = 0; i < profile->column_count; i++)
        column_finish(&profile->columns[i]);
}

void profile_update(struct profile *profile, const struct batch *batch)
{
    profile_add(profile, batch, 1);
    profile_finish(profile);
}

/* ---- numbers -------------------------------------------------------------------------------- */

const struct column_profile *profile_column(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->column_count; i++)
        if (str_equal(profile->columns[i].name, name))
            return &profile->columns[i];
    return NULL;
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
