/* lib/monitor/event.c - what the members of an event mean, line by line. */
#include "monitor/event.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/path.h"
#include "monitor/roster.h"
#include <math.h>

#define SECONDS_MAX 9.2e9 /* of a number as time: beyond it nanoseconds do not hold it */

static const char *const roles[] = {"time",       "id",       "version", "stage",
                                    "segment",    "features", "score",   "prediction",
                                    "latency_ms", "status",   "error",   "shadow"};

int event_role(const char *name, size_t length)
{
    for (int i = 0; i < (int)ARRAY_LENGTH(roles); i++)
        if (strlen(roles[i]) == length && memcmp(roles[i], name, length) == 0)
            return i;
    return ROLE_OTHER;
}

char *event_arena(struct event_chunk *chunk, size_t length)
{
    if (chunk->arena_capacity < chunk->length) { /* the first of this chunk */
        free(chunk->arena);
        chunk->arena = xmalloc(chunk->length);
        chunk->arena_capacity = chunk->length;
    }
    char *place = chunk->arena + chunk->arena_length; /* unescaped is never longer */
    chunk->arena_length += length;
    return place;
}

/* ---- members -------------------------------------------------------------------------------- */

/* Most events are of the minute of the one before: "2026-05-03T09:30" is read once. */
static bool parse_time(struct event_chunk *chunk, const struct text_view *text, int64_t *time_ns)
{
    const char *t = text->data;
    bool plain = text->length >= 20 && text->length <= 30 && t[16] == ':' &&
                 t[text->length - 1] == 'Z' && (text->length == 20 || t[19] == '.');
    if (!plain || memcmp(t, chunk->minute, 16) != 0) {
        if (!clock_parse(t, text->length, time_ns))
            return false;
        if (plain) {
            int64_t rest = *time_ns % 60000000000LL;
            memcpy(chunk->minute, t, 16);
            chunk->minute_ns = *time_ns - (rest < 0 ? rest + 60000000000LL : rest);
        }
        return true;
    }
    int64_t ns = 0, unit = 100000000;
    for (size_t i = 17; i < text->length - 1; i++) {
        if (i != 19 && (t[i] < '0' || t[i] > '9'))
            return false;
        if (i < 19)
            ns = ns * 10 + (t[i] - '0');
        if (i == 18)
            ns *= 1000000000;
        if (i > 19) {
            ns += (t[i] - '0') * unit;
            unit /= 10;
        }
    }
    if (ns >= 60000000000LL || text->length == 21)
        return clock_parse(t, text->length, time_ns);
    *time_ns = chunk->minute_ns + ns;
    return true;
}

static const char *set_time(struct event_chunk *chunk, struct event *event,
                            const struct event_value *value)
{
    if (value->kind == CELL_NUMBER && fabs(value->number) < SECONDS_MAX) {
        event->time_ns = (int64_t)llround(value->number * 1e6) * 1000; /* a double has no more */
        return NULL;
    }
    if (value->kind != CELL_TEXT || !parse_time(chunk, &value->text, &event->time_ns))
        return "its time is none: RFC 3339, or seconds since 1970";
    return NULL;
}

static const char *set_id(struct event *event, const struct event_value *value)
{
    if ((value->kind != CELL_TEXT && value->kind != CELL_NUMBER) || value->nested ||
        value->text.length > EVENT_ID_MAX)
        return "its id is no text or number of up to 256 bytes";
    event->id = roster_id(value->text.data, value->text.length);
    return NULL;
}

static const char *set_version(struct event *event, const struct event_value *value)
{
    uint64_t number = 0;
    if (value->kind == CELL_NULL || value->kind == CELL_EMPTY)
        return NULL;
    for (size_t i = 0; i < value->text.length; i++) {
        char c = value->text.data[i];
        if (c < '0' || c > '9' || number > (uint64_t)INT64_MAX / 20)
            return "its version is no number";
        number = number * 10 + (uint64_t)(c - '0');
    }
    event->version = number;
    return number ? NULL : "its version is no number";
}

static const char *set_name(struct text_view *name, const struct event_value *value, size_t max,
                            const char *reason)
{
    *name = (struct text_view){"", 0};
    if (value->kind == CELL_NULL || value->kind == CELL_EMPTY)
        return NULL;
    if (value->nested || value->text.length > max ||
        memchr(value->text.data, 0, value->text.length))
        return reason;
    *name = value->text;
    return NULL;
}

static const char *set_number(double *number, const struct event_value *value, const char *reason)
{
    if (value->kind == CELL_NULL || value->kind == CELL_EMPTY)
        return NULL;
    if (value->kind != CELL_NUMBER || !isfinite(value->number))
        return reason;
    *number = value->number;
    return NULL;
}

/* "ok" and numbers below 400, as of HTTP, are none. */
static bool is_error_status(const struct event_value *value)
{
    if (value->kind == CELL_NUMBER)
        return value->number >= 400;
    return value->kind == CELL_TEXT &&
           !(value->text.length == 2 && strncasecmp(value->text.data, "ok", 2) == 0) &&
           !(value->text.length == 7 && strncasecmp(value->text.data, "success", 7) == 0);
}

static bool is_true(const struct event_value *value)
{
    return (value->kind == CELL_BOOL || value->kind == CELL_NUMBER) ? value->number != 0
                                                                    : value->kind == CELL_TEXT;
}

const char *event_set(struct event_chunk *chunk, struct event *event, int role,
                      const struct event_value *value)
{
    const char *wrong = NULL;
    switch (role) {
    case ROLE_TIME:
        return set_time(chunk, event, value);
    case ROLE_ID:
        return set_id(event, value);
    case ROLE_VERSION:
        return set_version(event, value);
    case ROLE_STAGE:
        return set_name(&event->stage, value, MLOPS_STAGE_MAX, "its stage is no name");
    case ROLE_SEGMENT:
        return set_name(&event->segment, value, EVENT_SEGMENT_MAX, "its segment is no name");
    case ROLE_PREDICTION:
        return set_name(&event->prediction, value, EVENT_LINE_MAX, "its prediction is no value");
    case ROLE_SCORE:
        return set_number(&event->score, value, "its score is no number");
    case ROLE_LATENCY:
        wrong = set_number(&event->latency_ms, value, "its latency_ms is no number");
        return wrong || !(event->latency_ms < 0) ? wrong : "its latency_ms is negative";
    case ROLE_STATUS:
        event->error |= is_error_status(value);
        return NULL;
    case ROLE_ERROR:
        event->error |= is_true(value);
        return NULL;
    case ROLE_SHADOW:
        event->shadow = is_true(value);
        return NULL;
    default:
        return NULL;
    }
}

/* ---- features ------------------------------------------------------------------------------- */

/* Names are short: a call would cost more. */
static bool is_named(const struct event_column *column, const char *name, size_t length)
{
    if (column->name_length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (column->name[i] != name[i])
            return false;
    return true;
}

static struct event_column *find_column(struct event_chunk *chunk, const char *name, size_t length,
                                        size_t *expected)
{
    if (*expected < chunk->column_count && is_named(&chunk->columns[*expected], name, length))
        return &chunk->columns[(*expected)++];
    for (size_t at = 0; at < chunk->column_count; at++)
        if (is_named(&chunk->columns[at], name, length)) {
            *expected = at + 1;
            return &chunk->columns[at];
        }
    if (chunk->column_count == EVENT_FEATURES_MAX)
        return NULL;
    GROW(chunk->columns, chunk->column_count, &chunk->column_capacity);
    struct event_column *column = &chunk->columns[chunk->column_count++];
    *column = (struct event_column){.name = xstrndup(name, length), .name_length = length};
    *expected = chunk->column_count;
    return column;
}

static void grow_column(struct event_column *column, size_t rows)
{
    if (column->capacity > rows)
        return;
    column->capacity = rows * 2 > 256 ? rows * 2 : 256;
    column->kinds = xrealloc(column->kinds, column->capacity, sizeof(*column->kinds));
    column->numbers = xrealloc(column->numbers, column->capacity, sizeof(*column->numbers));
    column->texts = xrealloc(column->texts, column->capacity, sizeof(*column->texts));
}

const char *event_set_feature(struct event_chunk *chunk, const char *name, size_t length,
                              size_t *expected, const struct event_value *value)
{
    size_t row = chunk->count;
    if (length == 0 || length > EVENT_NAME_MAX || memchr(name, 0, length))
        return "the name of a feature is empty, too long or has a NUL";
    struct event_column *column = find_column(chunk, name, length, expected);
    if (!column)
        return "there are too many features";
    if (column->filled > row)
        return "a feature is there twice";
    grow_column(column, row);
    memset(column->kinds + column->filled, CELL_ABSENT, row - column->filled);
    column->kinds[row] = (uint8_t)value->kind;
    column->numbers[row] = value->number;
    column->texts[row] = value->text;
    column->filled = row + 1;
    column->seen = true;
    return NULL;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void take_back_features(struct event_chunk *chunk)
{
    for (size_t i = 0; i < chunk->column_count; i++)
        if (chunk->columns[i].filled > chunk->count)
            chunk->columns[i].filled = chunk->count;
}

static void read_line(struct event_chunk *chunk, const struct event_layout *layout,
                      const char *line, size_t length, uint64_t number)
{
    const struct text_view none = {"", 0};
    struct event event = {.score = NAN,
                          .latency_ms = NAN,
                          .time_ns = INT64_MIN,
                          .line = number,
                          .stage = none,
                          .segment = none,
                          .prediction = none,
                          .text = {line, (uint32_t)length}};
    const char *wrong = NULL;
    chunk->lines++;
    if (length > EVENT_LINE_MAX)
        wrong = "it is longer than 1 MiB";
    else
        wrong = layout ? event_read_csv(chunk, layout, line, length, &event)
                       : event_read_json(chunk, line, length, &event);
    if (!wrong && event.time_ns == INT64_MIN)
        wrong = "it has no time";
    if (!wrong && event.id == 0)
        wrong = "it has no id";
    if (!wrong) {
        GROW(chunk->events, chunk->count, &chunk->capacity);
        chunk->events[chunk->count++] = event;
        return;
    }
    take_back_features(chunk);
    GROW(chunk->rejects, chunk->reject_count, &chunk->reject_capacity);
    chunk->rejects[chunk->reject_count++] =
        (struct event_reject){number, wrong, {line, (uint32_t)(length < UINT32_MAX ? length : 0)}};
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

void event_chunk_read(struct event_chunk *chunk, const struct event_layout *layout)
{
    const char *at = chunk->text, *end = chunk->text + chunk->length;
    chunk->count = chunk->reject_count = chunk->arena_length = 0;
    chunk->lines = 0;
    for (size_t i = 0; i < chunk->column_count; i++) {
        chunk->columns[i].filled = 0;
        chunk->columns[i].seen = false;
    }
    for (uint64_t line = chunk->first_line; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        if (!is_blank(at, length))
            read_line(chunk, layout, at, length > 0 && at[length - 1] == '\r' ? length - 1 : length,
                      line);
        at += length + 1;
    }
    for (size_t i = 0; i < chunk->column_count; i++) { /* rows behind the last are absent */
        struct event_column *column = &chunk->columns[i];
        grow_column(column, chunk->count);
        memset(column->kinds + column->filled, CELL_ABSENT, chunk->count - column->filled);
    }
}

void event_chunk_clear(struct event_chunk *chunk)
{
    for (size_t i = 0; i < chunk->column_count; i++) {
        free(chunk->columns[i].name);
        free(chunk->columns[i].kinds);
        free(chunk->columns[i].numbers);
        free(chunk->columns[i].texts);
    }
    free(chunk->columns);
    free(chunk->events);
    free(chunk->rejects);
    free(chunk->arena);
    *chunk = (struct event_chunk){0};
}
