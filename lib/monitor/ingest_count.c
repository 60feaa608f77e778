/* lib/monitor/ingest_count.c - events counted into open windows: of which version and group they
 * are, which came before, which are set aside. */
#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "monitor/ingest.h"
#include "registry/db.h"
#include <math.h>

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

int ingest_count_chunk(struct ingest *ingest, struct event_chunk *chunk, struct mlops_error *err)
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
    ingest_update_columns(ingest, chunk);
    return MLOPS_OK;
}
