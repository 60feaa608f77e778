/* lib/monitor/ingest_columns.c - what events carry, into the profiles of their windows. */
#include "base/clock.h"
#include "base/pool.h"
#include "monitor/features.h"
#include "monitor/ingest.h"
#include "stats/profile_column.h"
#include <math.h>

#define FOR_THREADS 8192 /* cells below which threads would cost more than they do */

static uint8_t missing_code(uint8_t kind)
{
    return kind == CELL_ABSENT  ? MISSING_ABSENT
           : kind == CELL_NULL  ? MISSING_NULL
           : kind == CELL_EMPTY ? MISSING_EMPTY
                                : MISSING_NOT;
}

static enum column_type guess_type(const struct event_column *column, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        if (column->kinds[i] >= CELL_NUMBER)
            return column->kinds[i] == CELL_NUMBER ? COLUMN_FLOAT
                   : column->kinds[i] == CELL_BOOL ? COLUMN_BOOL
                                                   : COLUMN_CATEGORY;
    return COLUMN_FLOAT;
}

static enum column_type type_of(const struct ingest *ingest, uint64_t version,
                                const struct event_column *column, size_t rows)
{
    for (size_t i = 0; i < ingest->version_count; i++) {
        const struct profile *learnt = ingest->versions[i].training.profile;
        const struct column_profile *same = ingest->versions[i].number == version && learnt
                                                ? profile_column(learnt, column->name)
                                                : NULL;
        if (same)
            return same->type;
    }
    return guess_type(column, rows);
}

/* One column of one window, to be updated with the rows of the chunk that are the window's. */
struct column_task {
    const struct open_window *open;
    struct profile *profile;
    size_t index;                     /* in the profile */
    const struct event_column *cells; /* NULL: score or prediction, of the events */
    enum { TASK_CELLS, TASK_SCORE, TASK_PREDICTION } kind;
};

struct column_work {
    const struct event_chunk *chunk;
    struct column_task *tasks;
    size_t count, capacity;
    size_t cells;
};

struct typed {
    double *numbers;
    int64_t *times;
    struct text_view *texts;
    uint8_t *missing;
};

static void convert_cell(enum column_type type, const struct event_column *cells, uint32_t row,
                         const struct typed *typed, size_t i)
{
    uint8_t kind = cells->kinds[row];
    bool number = kind == CELL_NUMBER || kind == CELL_BOOL;
    typed->missing[i] = missing_code(kind);
    if (column_is_numeric(type)) {
        bool fits =
            number && (type != COLUMN_BOOL || cells->numbers[row] == 0 || cells->numbers[row] == 1);
        typed->numbers[i] = fits ? cells->numbers[row] : 0;
        if (!typed->missing[i] && !fits)
            typed->missing[i] = MISSING_MISFIT;
    } else if (type == COLUMN_TIME) {
        typed->times[i] = 0;
        if (!typed->missing[i] &&
            !clock_parse(cells->texts[row].data, cells->texts[row].length, &typed->times[i]))
            typed->missing[i] = MISSING_MISFIT;
    } else {
        typed->texts[i] = typed->missing[i] ? (struct text_view){"", 0} : cells->texts[row];
    }
}

static void gather(const struct column_task *task, const struct event_chunk *chunk,
                   enum column_type type, const struct typed *typed)
{
    for (size_t i = 0; i < task->open->row_count; i++) {
        uint32_t row = task->open->rows[i];
        const struct event *event = &chunk->events[row];
        if (task->kind == TASK_CELLS) {
            convert_cell(type, task->cells, row, typed, i);
        } else if (task->kind == TASK_SCORE) {
            typed->missing[i] = isnan(event->score) ? MISSING_ABSENT : MISSING_NOT;
            typed->numbers[i] = isnan(event->score) ? 0 : event->score;
        } else {
            typed->missing[i] = event->prediction.length ? MISSING_NOT : MISSING_ABSENT;
            typed->texts[i] = event->prediction;
        }
    }
}

static int update_column(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct column_work *work = context;
    const struct column_task *task = &work->tasks[index];
    struct column_profile *profile = &task->profile->columns[task->index];
    size_t rows = task->open->row_count;
    struct typed typed = {.missing = xmalloc(rows)};
    uint64_t *hashes = xrealloc(NULL, rows, sizeof(*hashes));
    (void)worker;
    (void)err;
    void *values = xrealloc(NULL, rows, sizeof(struct text_view));
    typed.numbers = column_is_numeric(profile->type) ? values : NULL;
    typed.times = profile->type == COLUMN_TIME ? values : NULL;
    typed.texts = typed.numbers || typed.times ? NULL : values;
    gather(task, work->chunk, profile->type, &typed);
    const struct column column = {profile->type, rows,        typed.missing,
                                  typed.numbers, typed.times, typed.texts};
    column_update(profile, &column, hashes);
    free(typed.missing);
    free(hashes);
    free(values);
    return MLOPS_OK;
}

static void add_task(struct column_work *work, const struct column_task *task)
{
    GROW(work->tasks, work->count, &work->capacity);
    work->tasks[work->count++] = *task;
    work->cells += task->open->row_count;
}

static void add_outputs(struct column_work *work, struct open_window *open)
{
    bool score = false, prediction = false;
    for (size_t i = 0; i < open->row_count; i++) {
        const struct event *event = &work->chunk->events[open->rows[i]];
        score |= !isnan(event->score);
        prediction |= event->prediction.length > 0;
    }
    if (score)
        (void)features_column(&open->window.outputs, "score", COLUMN_FLOAT, open->window.events);
    if (prediction)
        (void)features_column(&open->window.outputs, "prediction", COLUMN_CATEGORY,
                              open->window.events);
    for (size_t i = 0; open->window.outputs && i < open->window.outputs->column_count; i++) {
        bool is_score = str_equal(open->window.outputs->columns[i].name, "score");
        add_task(work, &(struct column_task){open, open->window.outputs, i, NULL,
                                             is_score ? TASK_SCORE : TASK_PREDICTION});
    }
}

static const struct event_column *find_cells(const struct event_chunk *chunk, const char *name)
{
    for (size_t i = 0; i < chunk->column_count; i++)
        if (chunk->columns[i].seen && str_equal(chunk->columns[i].name, name))
            return &chunk->columns[i];
    return NULL;
}

static void add_features(const struct ingest *ingest, struct column_work *work,
                         struct open_window *open)
{
    const struct event_chunk *chunk = work->chunk;
    struct window *window = &open->window;
    uint64_t version = ingest->groups[open->group].version;
    for (size_t i = 0; i < chunk->column_count; i++) {
        const struct event_column *cells = &chunk->columns[i];
        if (cells->seen)
            (void)features_column(&window->features, cells->name,
                                  type_of(ingest, version, cells, chunk->count), window->events);
    }
    for (size_t i = 0; window->features && i < window->features->column_count; i++) {
        struct column_profile *column = &window->features->columns[i];
        const struct event_column *cells = find_cells(chunk, column->name);
        if (cells)
            add_task(work, &(struct column_task){open, window->features, i, cells, TASK_CELLS});
        else
            features_absent(column, open->row_count);
    }
}

void ingest_update_columns(struct ingest *ingest, const struct event_chunk *chunk)
{
    struct column_work work = {.chunk = chunk};
    struct mlops_error err;
    for (size_t i = 0; i < ingest->window_count; i++) {
        if (ingest->windows[i].row_count == 0)
            continue;
        add_outputs(&work, &ingest->windows[i]);
        add_features(ingest, &work, &ingest->windows[i]);
    }
    if (work.cells < FOR_THREADS)
        for (size_t i = 0; i < work.count; i++)
            (void)update_column(&work, i, 0, &err);
    else
        (void)pool_run(work.count, update_column, &work, &err); /* cannot fail */
    for (size_t i = 0; i < ingest->window_count; i++) {
        struct window *window = &ingest->windows[i].window;
        window->events += ingest->windows[i].row_count;
        if (window->features)
            window->features->rows = window->events;
        if (window->outputs)
            window->outputs->rows = window->events;
        ingest->windows[i].row_count = 0;
    }
    free(work.tasks);
}
