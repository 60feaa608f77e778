/*
 * lib/monitor/ingest.h - events under way from lines to the database: what the files of ingest
 * share.
 *
 * source.c and listen.c bring lines; ingest.c has them read; ingest_count.c and ingest_columns.c
 * take events into open windows; commit.c writes these down. Between commits nothing is durable and
 * nothing is acknowledged.
 */
#ifndef MONITOR_INGEST_H
#define MONITOR_INGEST_H
#include "monitor/event.h"
#include "monitor/labelled.h"
#include "monitor/roster.h"
#include "monitor/training.h"
#include "monitor/window.h"

/* A minute of a group since the last commit. */
struct open_window {
    size_t group; /* of ingest->groups */
    int64_t minute_ns;
    struct window window;
    struct roster roster;
    uint32_t *rows; /* of the chunk at hand */
    size_t row_count, row_capacity;
};

/* The ids of a minute, those in the database and those since the last commit. */
struct open_minute {
    int64_t minute_ns;
    struct id_set ids;
    uint64_t used; /* when last: the longest unused goes first */
};

struct known_version {
    uint64_t number;
    bool exists;
    struct training training;
};

struct ingest {
    struct mlops_registry *registry;
    struct mlops_monitor_ingest_options options;
    uint64_t batch; /* of the model, as it was when we looked */
    int64_t newest_ns;
    int64_t swept_ns;                    /* newest_ns when retention was last seen to */
    struct mlops_monitor_counts stored;  /* in the database */
    struct mlops_monitor_counts pending; /* since the last commit */
    struct mlops_monitor_counts *counts; /* of this ingest, committed */

    struct group *groups; /* ids count from 1 in the order of the database; 0: not there yet */
    size_t group_count, group_capacity;
    struct known_version *versions;
    size_t version_count, version_capacity;
    struct open_window *windows;
    size_t window_count, window_capacity;
    struct open_minute *minutes;
    size_t minute_count, minute_capacity;
    uint64_t clock;
    struct labelled labelled;

    struct event_layout layout; /* of CSV */
    bool is_csv, knows_kind;
    uint64_t line;              /* the number of the next */
    uint64_t batch_line;        /* of the first that is not committed */
    struct event_chunk *chunks; /* pool_threads() of them */
    size_t chunk_count;
    struct buffer raw; /* zstd frames, one a piece of text */
    struct buffer dead; /* lines for the dead-letter file */
    int64_t since_ns;   /* monotonic; when the first uncommitted line came; 0: none did */
};

void ingest_clear(struct ingest *ingest);

/* Count whole lines (the last may lack its newline). */
int ingest_take(struct ingest *ingest, const char *text, size_t length, struct mlops_error *err);
/* Another text begins, with a header of its own where it is CSV; commits what came before. */
int ingest_begin_text(struct ingest *ingest, struct mlops_error *err);
/* Is it time to commit? */
bool ingest_is_due(const struct ingest *ingest);
/* Make all that was taken durable and visible. Errors: MLOPS_CONFLICT other ingests leave this one
 * no turn; MLOPS_IO; then nothing of it is. */
int ingest_commit(struct ingest *ingest, struct mlops_error *err);

/* Read files, pipes and what follows them, or serve a socket, until the end. */
int ingest_source(struct ingest *ingest, struct mlops_error *err);
int ingest_listen(struct ingest *ingest, struct mlops_error *err);

/* ---- between these files ------------------------------------------------------------------ */

/* Count the events of a chunk into open windows (ingest_count.c). Errors: MLOPS_IO. */
int ingest_count_chunk(struct ingest *ingest, struct event_chunk *chunk, struct mlops_error *err);
/* Take what the rows of all open windows carry into their profiles (ingest_columns.c). */
void ingest_update_columns(struct ingest *ingest, const struct event_chunk *chunk);
/* Forget what is open, and what the database said. */
void ingest_forget(struct ingest *ingest);
/* Read batch, counters and groups. */
int ingest_load(struct ingest *ingest, struct mlops_error *err);
/* As ingest_take, of lines whose raw text is kept already. */
int ingest_retake(struct ingest *ingest, const char *text, size_t length, struct mlops_error *err);
bool ingest_is_stopped(const struct ingest *ingest);

#endif
