/*
 * lib/monitor/window.h - what happened in a minute, an hour or a day, and reading it back.
 *
 * A window is mergeable: those of the minutes of an hour make the hour's, those of all segments the
 * whole's. It stands in the database as two byte strings, so that who wants counts alone does not
 * read profiles (docs/monitoring.md has the format).
 */
#ifndef MONITOR_WINDOW_H
#define MONITOR_WINDOW_H
#include "monitor/latency.h"
#include "monitor/outcome.h"
#include "registry/registry.h"
#include "stats/profile.h"

struct db;

#define MINUTE_NS 60000000000LL

/* Numbers stand in the database. */
enum window_level { LEVEL_MINUTE = 0, LEVEL_HOUR = 1, LEVEL_DAY = 2, LEVEL_COUNT };
int64_t window_length_ns(enum window_level level);
/* When the window begins that `time_ns` is in; UTC. */
int64_t window_start_ns(enum window_level level, int64_t time_ns);

/* Whose events are counted together. */
struct group {
    int64_t id; /* in the database */
    uint64_t version;
    char *stage;
    char *segment; /* "": none */
    bool shadow;   /* the answer was not used */
};
void group_clear(struct group *group);

/* What is counted. Zeroed is empty. */
struct window {
    int64_t first_ns, last_ns; /* times of its first and last event */
    uint64_t events, errors;
    uint64_t positives, negatives; /* predictions of 1 and 0; where there is none, the score's */
    struct latency latency;
    struct performance performance;
    struct profile *outputs;  /* columns `score`, `prediction`: those that came; NULL: none did */
    struct profile *features; /* by name; NULL: none came, or they were not asked for */
};
void window_clear(struct window *window);
/* Take `other` in. Features that one of them does not have were absent there. */
void window_merge(struct window *window, const struct window *other);

/* ---- reading ------------------------------------------------------------------------------- */

enum window_shadow { SHADOW_ALL = 0, SHADOW_ONLY, SHADOW_NOT };

struct window_query {
    const char *model;
    uint64_t version;    /* 0: all */
    const char *stage;   /* NULL: all */
    const char *segment; /* NULL: all */
    enum window_shadow shadow;
    enum window_level level;
    int64_t from_ns, to_ns; /* windows that begin in from_ns … to_ns - 1 */
    bool profiles;          /* read `outputs` and `features`, too */
};

struct window_row {
    struct group group;
    enum window_level level;
    int64_t start_ns;
    struct window window;
};
struct window_list {
    struct window_row *rows;
    size_t count;
};

/* By start, then version descending, stage, segment, shadow. The caller clears `list`.
 * Errors: MLOPS_INTEGRITY a window is damaged; MLOPS_IO. */
int windows_read(struct mlops_registry *registry, const struct window_query *query,
                 struct window_list *list, struct mlops_error *err);
void window_list_clear(struct window_list *list);
/* All of them in one, which the caller clears; never holds two in memory. */
int windows_merged(struct mlops_registry *registry, const struct window_query *query,
                   struct window *merged, struct mlops_error *err);
/* The groups of a model, in the order of windows_read. */
int groups_read(struct mlops_registry *registry, const char *model, struct group **groups,
                size_t *count, struct mlops_error *err);
void groups_free(struct group *groups, size_t count);

/* ---- writing (monitor/commit) --------------------------------------------------------------- */

/* Merge `delta` into the window as it stands in the database, in the open transaction. */
int window_write(struct db *db, int64_t group, enum window_level level, int64_t start_ns,
                 const struct window *delta, struct mlops_error *err);
/* Only its `performance`, of a window that is there; of one that retention took, nothing. */
int window_write_performance(struct db *db, int64_t group, enum window_level level,
                             int64_t start_ns, const struct performance *delta,
                             struct mlops_error *err);
void window_encode(const struct window *window, struct buffer *measures, struct buffer *profiles);
/* `profiles` NULL: leave them out. Errors: MLOPS_INTEGRITY. */
int window_decode(const void *measures, size_t measures_length, const void *profiles,
                  size_t profiles_length, struct window *window, struct mlops_error *err);

#endif
