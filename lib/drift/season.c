/* lib/drift/season.c - rejection sampling by hour or weekday. */
#include "drift/season.h"
#include "stats/hll.h"
#include <math.h>

#define HOUR_NS 3600000000000LL
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday; Monday is 0 */

static bool find_season(const char *name, struct season *season)
{
    if (str_equal(name, "hour"))
        *season = (struct season){.period_ns = 24 * HOUR_NS, .class_ns = HOUR_NS, .classes = 24};
    else if (str_equal(name, "weekday"))
        *season =
            (struct season){.period_ns = 168 * HOUR_NS, .class_ns = 24 * HOUR_NS, .classes = 7};
    else
        return false;
    return true;
}

int season_make(const char *name, const struct column_profile *reference,
                const struct column_profile *current, struct season *season,
                struct mlops_error *err)
{
    if (!find_season(name, season))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no season: hour or weekday", name);
    if (reference->type != COLUMN_TIME || !reference->extended || column_present(reference) == 0 ||
        column_present(current) == 0)
        return mlops_fail(err, MLOPS_INVALID, "the column '%s' has no times to tell a season by",
                          reference->name);
    const uint64_t *before = season->classes == 24 ? reference->hours : reference->weekdays;
    const uint64_t *now = season->classes == 24 ? current->hours : current->weekdays;
    double largest = 0, all = (double)column_present(current);
    for (size_t i = 0; i < season->classes; i++) {
        season->absent += before[i] == 0 ? (double)now[i] / all : 0;
        season->chances[i] = before[i] ? (double)now[i] / (double)before[i] : 0;
        largest = fmax(largest, season->chances[i]);
    }
    if (!(largest > 0))
        return mlops_fail(err, MLOPS_INVALID, "no %s of the current table is in the snapshot",
                          name);
    for (size_t i = 0; i < season->classes; i++)
        season->chances[i] /= largest;
    return MLOPS_OK;
}

static size_t class_of(const struct season *season, int64_t time_ns)
{
    int64_t shift = season->classes == 7 ? EPOCH_WEEKDAY * 24 * HOUR_NS : 0;
    int64_t past = time_ns % season->period_ns;
    past += past < 0 ? season->period_ns : 0;
    return (size_t)((past + shift) % season->period_ns / season->class_ns);
}

/* A number between 0 and 1 that depends on the row's number alone. */
static double draw(uint64_t row)
{
    return (double)(stats_mix((row + 1) * STATS_HASH_STEP) >> 11) * 0x1p-53;
}

static void *copy_rows(const void *items, size_t size, const size_t *rows, size_t count)
{
    char *copy = xrealloc(NULL, count + 1, size);
    for (size_t i = 0; i < count; i++)
        memcpy(copy + i * size, (const char *)items + rows[i] * size, size);
    return copy;
}

static void *keep(struct season_memory *memory, void *array)
{
    memory->arrays[memory->count++] = array;
    return array;
}

void season_take(struct season *season, const struct batch *batch, size_t time,
                 struct season_memory *memory)
{
    const struct column *times = &batch->columns[time];
    size_t *rows = xcalloc(batch->rows + 1, sizeof(*rows)), count = 0;
    for (size_t row = 0; row < batch->rows; row++, season->counter++)
        if (!times->missing[row] &&
            draw(season->counter) < season->chances[class_of(season, times->times[row])])
            rows[count++] = row;
    struct column *columns = xcalloc(batch->column_count + 1, sizeof(*columns));
    memory->arrays = xcalloc(4 * batch->column_count + 2, sizeof(*memory->arrays));
    keep(memory, rows);
    keep(memory, columns);
    for (size_t i = 0; i < batch->column_count; i++) {
        const struct column *from = &batch->columns[i];
        columns[i] = (struct column){.type = from->type, .rows = count};
        columns[i].missing = keep(memory, copy_rows(from->missing, 1, rows, count));
        if (from->numbers)
            columns[i].numbers =
                keep(memory, copy_rows(from->numbers, sizeof(*from->numbers), rows, count));
        if (from->times)
            columns[i].times =
                keep(memory, copy_rows(from->times, sizeof(*from->times), rows, count));
        if (from->texts)
            columns[i].texts =
                keep(memory, copy_rows(from->texts, sizeof(*from->texts), rows, count));
    }
    memory->batch =
        (struct batch){.columns = columns, .column_count = batch->column_count, .rows = count};
}

void season_memory_clear(struct season_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        free(memory->arrays[i]);
    free(memory->arrays);
    *memory = (struct season_memory){0};
}
