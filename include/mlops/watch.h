/* include/mlops/watch.h - one service that takes events in, judges, tells, serves metrics, and
 * acts. */
#ifndef MLOPS_WATCH_H
#define MLOPS_WATCH_H
#include <mlops/alert.h>
#include <mlops/monitor.h>
MLOPS_BEGIN

struct mlops_watch_options {
    const char *model;
    const char *stage;  /* NULL: production */
    const char *path;   /* of a file of events to follow, "-" for standard input; NULL: none */
    const char *events; /* socket for events, as `listen` of ingest; NULL: none */
    const char *token;  /* of that socket */
    const char *listen; /* "PORT" or "ADDRESS:PORT" that serves /metrics; NULL: none */
    const char *metrics_token; /* that scrapers must say; needed beyond loopback */
    int64_t tick_ns;           /* between checks; 0: 10 s */
    bool replay;        /* judge as of the newest event, not of the clock: events are played back */
    bool auto_rollback; /* where an alert of severity critical that is not silenced is open about a
                           version that was promoted: never twice in a row */
    bool auto_retrain;  /* on each tick, compare a version that waits where its time has come, and
                           retrain where a trigger says so (retrain.h), in a thread of its own: one
                           at a time */
    /* Told what happens, a line at a time, by whichever thread it happens in, one at a time; may be
     * NULL. */
    void (*said)(void *context, const char *line);
    void *context;
};

/* What was done until it was stopped. */
struct mlops_watched {
    uint64_t checks, failed_checks;
    uint64_t opened, resolved;
    uint64_t rollbacks, trainings;
    uint64_t decisions; /* comparisons at the time that the triggers say */
    struct mlops_monitor_counts events;
};

/*
 * Watch a model until the observer says stop, which is no error, or until standard input ends.
 * Events are taken in by a thread of their own. A check that fails is told to the observer's
 * `warn`, and the next one is made; what ends the ingest ends the watch. Errors: MLOPS_NOT_FOUND no
 * such model or file, or libmicrohttpd is missing; MLOPS_INVALID options; MLOPS_IO.
 */
MLOPS_API int mlops_watch(struct mlops_registry *registry,
                          const struct mlops_watch_options *options, struct mlops_watched *watched,
                          struct mlops_error *err);

MLOPS_END
#endif
