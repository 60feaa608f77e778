/*
 * lib/monitor/event.h - lines of events read into columns, a chunk of whole lines at a time.
 *
 * JSON Lines or CSV; docs/monitoring.md has the schema. A line is taken whole or not at all; what is
 * wrong with one that is not is kept for the dead-letter file. Knows no registry: whether a version
 * exists or a time is acceptable, the caller judges.
 */
#ifndef MONITOR_EVENT_H
#define MONITOR_EVENT_H
#include "base/buffer.h"
#include "table/table.h"

#define EVENT_LINE_MAX (1U << 20)
#define EVENT_FEATURES_MAX 4096
#define EVENT_NAME_MAX 256
#define EVENT_ID_MAX 256
#define EVENT_SEGMENT_MAX 128

enum cell_kind { CELL_ABSENT = 0, CELL_NULL, CELL_EMPTY, CELL_NUMBER, CELL_BOOL, CELL_TEXT };

/* A feature over the events of a chunk. */
struct event_column {
    char *name;
    size_t name_length;
    size_t filled; /* rows that are known; those behind it are absent */
    uint8_t *kinds;
    double *numbers;          /* of CELL_NUMBER and CELL_BOOL */
    struct text_view *texts;  /* the cell as it stood, unquoted */
    size_t capacity;
    bool seen; /* in this chunk; columns stay from chunk to chunk */
};

struct event {
    int64_t time_ns;
    uint64_t id;      /* roster_id of its text; 0: none */
    uint64_t version; /* 0: it does not say */
    struct text_view stage, segment, prediction;
    double score, latency_ms; /* NaN: none */
    bool error, shadow;
    uint64_t line;
    struct text_view text; /* the whole line */
};

struct event_reject {
    uint64_t line;
    const char *reason; /* static */
    struct text_view text;
};

struct event_chunk {
    const char *text; /* whole lines; must stay while the chunk is in use */
    size_t length;
    uint64_t first_line; /* the number of the first; 1 is the first of all */

    struct event *events;
    size_t count, capacity;
    struct event_reject *rejects;
    size_t reject_count, reject_capacity;
    struct event_column *columns;
    size_t column_count, column_capacity;
    uint64_t lines; /* that are not blank */

    char *arena; /* of strings that had escapes; as long as the text */
    size_t arena_length, arena_capacity;
    int64_t minute_ns; /* the minute of the last time, and its text */
    char minute[16];
};

/* The header of CSV: what each field is. */
struct event_layout {
    struct event_field {
        int role;      /* of the table in event.c, or the one of features */
        char *feature; /* its name */
    } *fields;
    size_t count;
};

/* Read all of the text. `layout`: of CSV; NULL: JSON Lines. */
void event_chunk_read(struct event_chunk *chunk, const struct event_layout *layout);
void event_chunk_clear(struct event_chunk *chunk);

/* Errors: MLOPS_INVALID no `time` or `id` among the fields, a name twice. */
int event_layout_read(const char *line, size_t length, struct event_layout *layout,
                      struct mlops_error *err);
void event_layout_clear(struct event_layout *layout);

/* ---- of the reader's files --------------------------------------------------------------------- */

/* A value where it stands in the text. */
struct event_value {
    enum cell_kind kind;
    bool nested; /* an object or an array, as text */
    double number;
    struct text_view text;
};

/* Both return NULL, or what is wrong (static). */
const char *event_set(struct event_chunk *chunk, struct event *event, int role,
                      const struct event_value *value);
const char *event_set_feature(struct event_chunk *chunk, const char *name, size_t length,
                              size_t *expected, const struct event_value *value);
/* The role of a member or field of that name; ROLE_OTHER. */
enum { ROLE_TIME, ROLE_ID, ROLE_VERSION, ROLE_STAGE, ROLE_SEGMENT, ROLE_FEATURES, ROLE_SCORE,
       ROLE_PREDICTION, ROLE_LATENCY, ROLE_STATUS, ROLE_ERROR, ROLE_SHADOW, ROLE_OTHER };
int event_role(const char *name, size_t length);
const char *event_read_json(struct event_chunk *chunk, const char *line, size_t length,
                            struct event *event);
const char *event_read_csv(struct event_chunk *chunk, const struct event_layout *layout,
                           const char *line, size_t length, struct event *event);
/* Room for `length` bytes of unescaped text. */
char *event_arena(struct event_chunk *chunk, size_t length);

#endif
