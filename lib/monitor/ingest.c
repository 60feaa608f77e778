/* lib/monitor/ingest.c - lines counted into open windows. */
#include "monitor/ingest.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/pool.h"
#include "monitor/features.h"
#include "monitor/segment.h"
#include "registry/db.h"
#include "stats/profile_column.h"
#include <math.h>

#define PIECE_MIN (256U << 10) /* bytes below which text is not cut for another core */
#define COMMIT_NS 1000000000LL
#define OPEN_COLUMNS_MAX 4096 /* of all open windows: about 30 KiB each */
#define RAW_MAX (64U << 20)
#define IDS_MAX (20U << 20) /* places of sets of ids: 160 MiB */
#define DEFAULT_STAGE "production"

/* ---- who is known ---------------------------------------------------------------------------- */

static int look_up_version(struct ingest *ingest, uint64_t number, struct known_version *known,
                           struct mlops_error *err)
{
    _cleanup_(free_string) char *ref =
        xprintf("%s@%llu", ingest->options.model, (unsigned long long)number);
    struct mlops_version version;
    struct mlops_error ignored;
    *known = (struct known_version){.number = number};
    int code = mlops_version_resolve(ingest->registry, ref, &version, err);
    if (code == MLOPS_NOT_FOUND)
        return MLOPS_OK;
    TRY(code);
    known->exists = true;
    if (training_load(ingest->registry, ingest->options.model, number, &known->training, &ignored))
        registry_warn(ingest->registry, "the types of %s's features are guessed: %s", ref,
                      ignored.message);
    return MLOPS_OK;
}

static int find_version(struct ingest *ingest, uint64_t number, const struct known_version **known,
                        struct mlops_error *err)
{
    for (size_t i = 0; i < ingest->version_count; i++)
        if (ingest->versions[i].number == number) {
            *known = &ingest->versions[i];
            return MLOPS_OK;
        }
    GROW(ingest->versions, ingest->version_count, &ingest->version_capacity);
    TRY(look_up_version(ingest, number, &ingest->versions[ingest->version_count], err));
    *known = &ingest->versions[ingest->version_count++];
    return MLOPS_OK;
}

static bool same_text(const char *a, const struct text_view *b)
{
    return strlen(a) == b->length && (b->length == 0 || memcmp(a, b->data, b->length) == 0);
}

/* Where it is among the groups; SIZE_MAX: it is not. */
static size_t look_up_group(const struct ingest *ingest, const struct event *event, size_t guess)
{
    const struct text_view *stage = &event->stage,
                           fallback = {DEFAULT_STAGE, strlen(DEFAULT_STAGE)};
    if (stage->length == 0)
        stage = &fallback;
    for (size_t i = 0; i < ingest->group_count; i++) {
        size_t at = (guess + i) % ingest->group_count;
        const struct group *group = &ingest->groups[at];
        if (group->version == event->version && group->shadow == event->shadow &&
            same_text(group->stage, stage) && same_text(group->segment, &event->segment))
            return at;
    }
    return SIZE_MAX;
}

static size_t find_group(struct ingest *ingest, const struct event *event, size_t guess)
{
    const struct text_view *stage = &event->stage, *segment = &event->segment;
    size_t at = look_up_group(ingest, event, guess);
    if (at != SIZE_MAX)
        return at;
    GROW(ingest->groups, ingest->group_count, &ingest->group_capacity);
    ingest->groups[ingest->group_count] = (struct group){
        .version = event->version,
        .stage = stage->length ? xstrndup(stage->data, stage->length) : xstrdup(DEFAULT_STAGE),
        .segment = segment->length ? xstrndup(segment->data, segment->length) : xstrdup(""),
        .shadow = event->shadow};
    return ingest->group_count++;
}

/* The number that a group has, or will have, in the rosters: groups are numbered as they come. */
static uint32_t group_number(size_t group)
{
    return (uint32_t)group;
}

/* ---- ids ------------------------------------------------------------------------------------- */

static int load_ids(struct ingest *ingest, struct open_minute *minute, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(snapshot_begin(ingest->registry, &snapshot, err));
    TRY(db_query(registry_db(ingest->registry), &rows, err,
                 "SELECT records FROM monitor_roster "
                 "WHERE model = $1 AND minute = $2 AND batch <= $3",
                 DB_TEXT(ingest->options.model), DB_I64(minute->minute_ns / MINUTE_NS),
                 DB_I64(ingest->batch)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const uint8_t *bytes = db_bytes(rows, 0, &length);
        for (size_t i = 0; i < length / ROSTER_RECORD_SIZE; i++) {
            struct roster_record record = roster_record_at(bytes, i);
            (void)id_set_add(&minute->ids, roster_key(record.id, record.group));
        }
    }
}

/* Minutes with ids that are not committed cannot go: they would be read back without them. */
static bool is_open(const struct ingest *ingest, int64_t minute_ns)
{
    for (size_t i = 0; i < ingest->window_count; i++)
        if (ingest->windows[i].minute_ns == minute_ns)
            return true;
    return false;
}

static void make_room(struct ingest *ingest)
{
    for (;;) {
        size_t places = 0, oldest = SIZE_MAX;
        for (size_t i = 0; i < ingest->minute_count; i++) {
            places += ingest->minutes[i].ids.capacity;
            if ((oldest == SIZE_MAX || ingest->minutes[i].used < ingest->minutes[oldest].used) &&
                !is_open(ingest, ingest->minutes[i].minute_ns))
                oldest = i;
        }
        if (places <= IDS_MAX || oldest == SIZE_MAX)
            return;
        id_set_clear(&ingest->minutes[oldest].ids);
        ingest->minutes[oldest] = ingest->minutes[--ingest->minute_count];
    }
}

static int find_minute(struct ingest *ingest, int64_t minute_ns, struct open_minute **minute,
                       struct mlops_error *err)
{
    for (size_t i = ingest->minute_count; i-- > 0;)
        if (ingest->minutes[i].minute_ns == minute_ns) {
            *minute = &ingest->minutes[i];
            (*minute)->used = ++ingest->clock;
            return MLOPS_OK;
        }
    make_room(ingest);
    GROW(ingest->minutes, ingest->minute_count, &ingest->minute_capacity);
    *minute = &ingest->minutes[ingest->minute_count];
    **minute = (struct open_minute){.minute_ns = minute_ns, .used = ++ingest->clock};
    int code = load_ids(ingest, *minute, err);
    if (code) {
        id_set_clear(&(*minute)->ids);
        return code;
    }
    ingest->minute_count++;
    return MLOPS_OK;
}

/* ---- lines that are not counted ------------------------------------------------------------ */

static void set_aside(struct ingest *ingest, uint64_t line, const char *reason,
                      const struct text_view *text)
{
    _cleanup_(free_string) char *copy = xstrndup(text->data, text->length);
    char when[32];
    bool valid = utf8_valid(copy, strlen(copy));
    for (char *c = copy; !valid && *c; c++) /* JSON is UTF-8, the line may be anything */
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    mlops_time_format(clock_now_ns(), when);
    buffer_printf(&ingest->dead, "{\"at\":\"%s\",\"line\":%llu,\"reason\":\"%s\",\"text\":", when,
                  (unsigned long long)line, reason);
    json_write_string(copy, &ingest->dead);
    buffer_puts(&ingest->dead, "}\n");
}

/* Was it counted before it became too old? Whoever sends again is not told that it is late. */
static int was_counted(struct ingest *ingest, const struct event *event, bool *counted,
                       struct mlops_error *err)
{
    struct open_minute *minute;
    size_t group = look_up_group(ingest, event, 0);
    *counted = false;
    if (group == SIZE_MAX)
        return MLOPS_OK;
    TRY(find_minute(ingest, window_start_ns(LEVEL_MINUTE, event->time_ns), &minute, err));
    *counted = id_set_has(&minute->ids, roster_key(event->id, group_number(group)));
    return MLOPS_OK;
}

/* The reason why it is not counted; NULL where it is to be, or would be but for its id. */
static int judge(struct ingest *ingest, struct event *event, int64_t now_ns, const char **reason,
                 struct mlops_error *err)
{
    const struct known_version *version;
    bool counted = false;
    *reason = NULL;
    if (event->version == 0)
        event->version = ingest->options.version;
    if (event->version == 0) {
        *reason = "it has no version";
        ingest->pending.malformed++;
        return MLOPS_OK;
    }
    TRY(find_version(ingest, event->version, &version, err));
    if (!version->exists) {
        *reason = "the registry has no such version";
        ingest->pending.unknown++;
    } else if (event->time_ns > now_ns + ingest->options.skew_ns) {
        *reason = "its time is in the future";
        ingest->pending.future++;
    } else if (event->time_ns < ingest->newest_ns - ingest->options.lateness_ns) {
        TRY(was_counted(ingest, event, &counted, err));
        *reason = counted ? NULL : "it is older than the watermark";
        ingest->pending.late += !counted;
    }
    return MLOPS_OK;
}

/* ---- a chunk into windows ------------------------------------------------------------------ */

static struct open_window *find_window(struct ingest *ingest, size_t group, int64_t minute_ns)
{
    for (size_t i = ingest->window_count; i-- > 0;)
        if (ingest->windows[i].group == group && ingest->windows[i].minute_ns == minute_ns)
            return &ingest->windows[i];
    GROW(ingest->windows, ingest->window_count, &ingest->window_capacity);
    struct open_window *window = &ingest->windows[ingest->window_count++];
    *window = (struct open_window){.group = group, .minute_ns = minute_ns};
    return window;
}

static uint32_t prediction_of(const struct event *event)
{
    uint32_t class = outcome_class(event->prediction.data, event->prediction.length);
    if (class == 0 && event->score >= 0 && event->score <= 1)
        class = event->score >= 0.5 ? CLASS_POSITIVE : CLASS_NEGATIVE;
    return class;
}

/* All but what columns hold. */
static void count_event(struct open_window *open, const struct event *event, uint32_t row)
{
    struct window *window = &open->window;
    uint64_t events = window->events + open->row_count;
    uint32_t class = prediction_of(event);
    if (events == 0 || event->time_ns < window->first_ns)
        window->first_ns = event->time_ns;
    if (events == 0 || event->time_ns > window->last_ns)
        window->last_ns = event->time_ns;
    window->errors += event->error;
    window->positives += class == CLASS_POSITIVE;
    window->negatives += class == CLASS_NEGATIVE;
    if (!isnan(event->latency_ms))
        latency_add(&window->latency, event->latency_ms);
    GROW(open->rows, open->row_count, &open->row_capacity);
    open->rows[open->row_count++] = row;
}

static int take_event(struct ingest *ingest, struct event *event, uint32_t row, int64_t now_ns,
                      size_t *guess, struct mlops_error *err)
{
    const char *reason;
    struct open_minute *minute;
    TRY(judge(ingest, event, now_ns, &reason, err));
    if (reason) {
        set_aside(ingest, event->line, reason, &event->text);
        return MLOPS_OK;
    }
    int64_t minute_ns = window_start_ns(LEVEL_MINUTE, event->time_ns);
    *guess = find_group(ingest, event, *guess);
    TRY(find_minute(ingest, minute_ns, &minute, err));
    if (!id_set_add(&minute->ids, roster_key(event->id, group_number(*guess)))) {
        ingest->pending.duplicates++;
        return MLOPS_OK;
    }
    struct open_window *window = find_window(ingest, *guess, minute_ns);
    count_event(window, event, row);
    roster_add(&window->roster,
               &(struct roster_record){event->id, event->score, group_number(*guess),
                                       prediction_of(event)});
    ingest->pending.counted++;
    if (event->time_ns > ingest->newest_ns)
        ingest->newest_ns = event->time_ns;
    return MLOPS_OK;
}

/* ---- columns ------------------------------------------------------------------------------- */

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

static void update_columns(struct ingest *ingest, const struct event_chunk *chunk)
{
    struct column_work work = {.chunk = chunk};
    struct mlops_error err;
    for (size_t i = 0; i < ingest->window_count; i++) {
        if (ingest->windows[i].row_count == 0)
            continue;
        add_outputs(&work, &ingest->windows[i]);
        add_features(ingest, &work, &ingest->windows[i]);
    }
    if (work.cells < 8192) /* threads would cost more than they do */
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

static int count_chunk(struct ingest *ingest, struct event_chunk *chunk, struct mlops_error *err)
{
    int64_t now_ns = clock_now_ns();
    size_t guess = 0;
    ingest->pending.received += chunk->lines;
    ingest->pending.malformed += chunk->reject_count;
    for (size_t i = 0; i < chunk->reject_count; i++)
        set_aside(ingest, chunk->rejects[i].line, chunk->rejects[i].reason,
                  &chunk->rejects[i].text);
    for (size_t i = 0; i < chunk->count; i++)
        TRY(take_event(ingest, &chunk->events[i], (uint32_t)i, now_ns, &guess, err));
    update_columns(ingest, chunk);
    return MLOPS_OK;
}

/* ---- text into chunks ---------------------------------------------------------------------- */

struct reading {
    struct ingest *ingest;
    struct buffer *packed; /* of each chunk; NULL: is kept already */
};

static int read_chunk(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct reading *reading = context;
    struct event_chunk *chunk = &reading->ingest->chunks[index];
    (void)worker;
    (void)err;
    event_chunk_read(chunk, reading->ingest->is_csv ? &reading->ingest->layout : NULL);
    if (reading->packed)
        segment_pack(chunk->text, chunk->length, &reading->packed[index]);
    return MLOPS_OK;
}

static uint64_t count_lines(const char *text, size_t length)
{
    uint64_t lines = 0;
    for (const char *end = text + length; (text = memchr(text, '\n', (size_t)(end - text))); text++)
        lines++;
    return lines;
}

/* Cut text at line ends into a chunk a core; how many there are. */
static size_t cut(struct ingest *ingest, const char *text, size_t length)
{
    size_t count = 0, piece = length / ingest->chunk_count + 1;
    piece = piece < PIECE_MIN ? PIECE_MIN : piece;
    while (length > 0) {
        size_t taken = length;
        if (length > piece && count < ingest->chunk_count - 1) {
            const char *stop = memchr(text + piece, '\n', length - piece);
            taken = stop ? (size_t)(stop - text) + 1 : length;
        }
        struct event_chunk *chunk = &ingest->chunks[count++];
        chunk->text = text;
        chunk->length = taken;
        chunk->first_line = ingest->line;
        ingest->line += count_lines(text, taken);
        text += taken;
        length -= taken;
    }
    return count;
}

static int take(struct ingest *ingest, const char *text, size_t length, bool keep,
                struct mlops_error *err)
{
    size_t count = cut(ingest, text, length);
    struct buffer *packed = keep ? xcalloc(count, sizeof(*packed)) : NULL;
    struct reading reading = {ingest, packed};
    int code = pool_run(count, read_chunk, &reading, err);
    for (size_t i = 0; i < count; i++) {
        if (code == MLOPS_OK)
            code = count_chunk(ingest, &ingest->chunks[i], err);
        if (packed) {
            buffer_append(&ingest->raw, packed[i].data, packed[i].length);
            buffer_clear(&packed[i]);
        }
    }
    free(packed);
    return code;
}

int ingest_retake(struct ingest *ingest, const char *text, size_t length, struct mlops_error *err)
{
    return take(ingest, text, length, false, err);
}

/* The first byte that is no blank tells JSON from CSV. */
static int find_kind(struct ingest *ingest, const char **text, size_t *length,
                     struct mlops_error *err)
{
    const char *at = *text, *end = at + *length;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    if (at == end)
        return MLOPS_OK;
    ingest->knows_kind = true;
    ingest->is_csv = *at != '{' && *at != '[';
    if (!ingest->is_csv)
        return MLOPS_OK;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    stop = stop ? stop : end;
    size_t line = (size_t)(stop - at);
    TRY(event_layout_read(at, line > 0 && at[line - 1] == '\r' ? line - 1 : line, &ingest->layout,
                          err));
    ingest->line += count_lines(*text, (size_t)(stop - *text)) + 1;
    *text = stop < end ? stop + 1 : end;
    *length = (size_t)(end - *text);
    return MLOPS_OK;
}

int ingest_take(struct ingest *ingest, const char *text, size_t length, struct mlops_error *err)
{
    if (!ingest->knows_kind)
        TRY(find_kind(ingest, &text, &length, err));
    if (length == 0)
        return MLOPS_OK;
    if (ingest->since_ns == 0) {
        ingest->since_ns = clock_monotonic_ns();
        ingest->batch_line = ingest->line;
    }
    return take(ingest, text, length, true, err);
}

int ingest_begin_text(struct ingest *ingest, struct mlops_error *err)
{
    TRY(ingest_commit(ingest, err)); /* what is taken in anew is read by the header that it had */
    event_layout_clear(&ingest->layout);
    ingest->knows_kind = ingest->is_csv = false;
    ingest->line = 1;
    return MLOPS_OK;
}

bool ingest_is_due(const struct ingest *ingest)
{
    size_t columns = 0;
    if (ingest->since_ns == 0)
        return false;
    for (size_t i = 0; i < ingest->window_count; i++)
        columns += ingest->windows[i].window.features
                       ? ingest->windows[i].window.features->column_count
                       : 1;
    return clock_monotonic_ns() - ingest->since_ns >= COMMIT_NS || columns > OPEN_COLUMNS_MAX ||
           ingest->raw.length > RAW_MAX;
}

bool ingest_is_stopped(const struct ingest *ingest)
{
    const struct mlops_observer *observer = registry_observer(ingest->registry);
    return observer->cancelled && observer->cancelled(observer->context);
}

void ingest_forget(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->window_count; i++) {
        window_clear(&ingest->windows[i].window);
        roster_clear(&ingest->windows[i].roster);
        free(ingest->windows[i].rows);
    }
    for (size_t i = 0; i < ingest->minute_count; i++)
        id_set_clear(&ingest->minutes[i].ids);
    groups_free(ingest->groups, ingest->group_count);
    ingest->groups = NULL;
    ingest->window_count = ingest->minute_count = 0;
    ingest->group_count = ingest->group_capacity = 0;
    ingest->pending = (struct mlops_monitor_counts){0};
    buffer_reset(&ingest->dead);
}

void ingest_clear(struct ingest *ingest)
{
    ingest_forget(ingest);
    for (size_t i = 0; i < ingest->version_count; i++)
        training_clear(&ingest->versions[i].training);
    for (size_t i = 0; i < ingest->chunk_count; i++)
        event_chunk_clear(&ingest->chunks[i]);
    event_layout_clear(&ingest->layout);
    labelled_clear(&ingest->labelled);
    free(ingest->versions);
    free(ingest->windows);
    free(ingest->minutes);
    free(ingest->chunks);
    buffer_clear(&ingest->raw);
    buffer_clear(&ingest->dead);
}
