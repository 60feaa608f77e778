/* lib/stats/profile.c - the profile of a table: its columns, over all cores, and its rows. */
#include "stats/profile.h"
#include "base/pool.h"
#include "stats/hash_many.h"
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
    uint64_t cells[ROW_SAMPLE_COLUMNS_MAX];
    for (size_t row = 0; row < batch->rows; row++) {
        if (rows[row] > row_sample_threshold(sample)) {
            row_sample_update(sample, rows[row], 1, cells); /* only that there was one */
            continue;
        }
        for (size_t i = 0; i < row_sample_columns(sample); i++)
            cells[i] = cell_bits(&batch->columns[i], row);
        row_sample_update(sample, rows[row], 1, cells);
    }
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
    size_t *starts; /* of each batch: the rows of those before it */
    size_t *order;  /* of the columns */
    size_t rows, widest, workers;
    uint64_t *sums;   /* of each worker: `rows` */
    uint64_t *hashes; /* of each worker: `widest`, the cells of a column of a batch */
};

static int update_column(void *context, size_t place, size_t worker, struct mlops_error *err)
{
    const struct update *update = context;
    size_t index = update->order[place];
    uint64_t factor = multiplier(index), *hashes = update->hashes + worker * update->widest;
    uint64_t *sum = update->sums + worker * update->rows;
    (void)err;
    for (const struct batch *batch = update->batches;
         sum < update->sums + (worker + 1) * update->rows; sum += batch->rows, batch++) {
        column_update(&update->profile->columns[index], &batch->columns[index], hashes);
        hash_sum_many(hashes, batch->rows, factor, sum);
    }
    return MLOPS_OK;
}

/* The sums of a batch become the hashes of its rows, those of the first worker. */
static int update_rows(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct update *update = context;
    uint64_t *rows = update->sums + update->starts[index];
    (void)worker;
    (void)err;
    for (size_t row = 0; row < update->batches[index].rows; row++) {
        for (size_t i = 1; i < update->workers; i++)
            rows[row] += rows[i * update->rows + row];
        rows[row] = stats_hash_eight(&rows[row]);
    }
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

/* Columns of texts take several times as long as others: they come first, so that no core is left
 * with one of them while the others have nothing to do. */
static size_t *order_columns(const struct profile *profile)
{
    size_t *order = xcalloc(profile->column_count + 1, sizeof(*order)), used = 0;
    for (int texts = 1; texts >= 0; texts--)
        for (size_t i = 0; i < profile->column_count; i++)
            if (type_has_texts(profile->columns[i].type) == (texts == 1))
                order[used++] = i;
    return order;
}

void profile_add(struct profile *profile, const struct batch *batches, size_t count)
{
    struct update update = {.profile = profile,
                            .batches = batches,
                            .starts = xcalloc(count + 1, sizeof(*update.starts)),
                            .order = order_columns(profile)};
    for (size_t i = 0; i < count; i++) {
        update.starts[i] = update.rows;
        update.rows += batches[i].rows;
        update.widest = batches[i].rows > update.widest ? batches[i].rows : update.widest;
    }
    bool few = update.rows * profile->column_count < FEW_CELLS;
    update.workers = few ? 1 : pool_threads();
    update.sums = xcalloc(update.workers * update.rows + 1, sizeof(*update.sums));
    update.hashes = xrealloc(NULL, update.workers * update.widest + 1, sizeof(*update.hashes));
    profile->rows += update.rows;
    run_all(few, profile->column_count, update_column, &update);
    run_all(few, count, update_rows, &update);
    for (size_t i = 0; i < count; i++)
        sample_rows(profile->sample, &batches[i], update.sums + update.starts[i]);
    free(update.starts);
    free(update.order);
    free(update.sums);
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
