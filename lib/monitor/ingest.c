/* lib/monitor/ingest.c - text cut into chunks and read on all cores; what is open between commits.
 */
#include "monitor/ingest.h"
#include "base/clock.h"
#include "base/pool.h"
#include "monitor/segment.h"

#define PIECE_MIN (256U << 10) /* bytes below which text is not cut for another core */
#define COMMIT_NS 1000000000LL
#define OPEN_COLUMNS_MAX 4096 /* of all open windows: about 30 KiB each */
#define RAW_MAX (64U << 20)

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
            code = ingest_count_chunk(ingest, &ingest->chunks[i], err);
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
