/*
 * include/mlops/monitor.h - what a model does in production: events in, windows out.
 *
 * docs/monitoring.md has the schema of events and labels, and what is durable when.
 */
#ifndef MLOPS_MONITOR_H
#define MLOPS_MONITOR_H
#include <mlops/drift.h>
#include <mlops/registry.h>
MLOPS_BEGIN

/* ---- events ------------------------------------------------------------------------------- */

/* What became of the lines of one or more ingests. received = the sum of the others. */
struct mlops_monitor_counts {
    uint64_t received;
    uint64_t counted;
    uint64_t duplicates; /* of an id that was counted in the same minute of event time */
    uint64_t malformed;  /* these and those below are in the dead-letter file, with the reason */
    uint64_t unknown;    /* of a version that the registry does not have */
    uint64_t future;     /* of a time beyond the clock by more than `skew_ns` */
    uint64_t late;       /* older than the newest event by more than `lateness_ns` */
};

struct mlops_monitor_ingest_options {
    const char *model;
    const char *path;        /* of a file; NULL or "-": standard input */
    const char *listen;      /* "unix:PATH", "PORT" or "ADDRESS:PORT" instead of a file */
    const char *token;       /* what clients must say first; needed beyond loopback */
    const char *dead_letter; /* file; NULL: monitor/MODEL/dead-letter.jsonl in the registry */
    bool follow;             /* go on when the file ends, also with the one that takes its name */
    int64_t skew_ns;         /* 0: 5 minutes */
    int64_t lateness_ns;     /* 0: 7 days */
    int64_t keep_raw_ns;     /* 0: 30 days before the newest event */
    int64_t keep_minutes_ns; /* 0: 2 days; hours: 90 days; days for ever */
    int64_t keep_ids_ns;     /* 0: 35 days: how long labels and duplicates find their event */
    uint64_t version;        /* of events that do not say; 0: such are malformed */
};

/*
 * Take events in until the input ends or the observer says stop; a followed file and a socket do
 * not end, and being stopped is no error for them. Events are committed about once a second;
 * `*counts` is of this call, and of what was committed, also where it fails.
 * Errors: MLOPS_NOT_FOUND no such model or file; MLOPS_INVALID options; MLOPS_CANCELLED; MLOPS_IO.
 */
MLOPS_API int mlops_monitor_ingest(struct mlops_registry *registry,
                                   const struct mlops_monitor_ingest_options *options,
                                   struct mlops_monitor_counts *counts, struct mlops_error *err);

/* ---- labels ------------------------------------------------------------------------------- */

struct mlops_monitor_labelled {
    uint64_t received;
    uint64_t joined;    /* to an event that was counted */
    uint64_t replaced;  /* of `joined`: it had another label before */
    uint64_t unchanged; /* it had that label before */
    uint64_t pending;   /* no event of that id yet */
};

/*
 * Take in what became known of events: JSON Lines or CSV with id, label and, where it is known, the
 * time of the label; of two for an id the later line holds. A label counts in the windows of the
 * time of its event, of every version that answered it. All of the file or, where a line of it is
 * malformed, nothing.
 * Errors: MLOPS_NOT_FOUND no such model or file; MLOPS_INVALID with the line; MLOPS_IO.
 */
MLOPS_API int mlops_monitor_label(struct mlops_registry *registry, const char *model,
                                  const char *path, struct mlops_monitor_labelled *labelled,
                                  struct mlops_error *err);

/* ---- status ------------------------------------------------------------------------------- */

/* A measure with its 95 % interval; NaN where it is not defined. */
struct mlops_monitor_measure {
    double value, low, high;
};

struct mlops_monitor_performance {
    uint64_t labelled;
    struct mlops_monitor_measure accuracy, precision, recall, fpr, auc, brier;
    double auc_error;         /* `auc` is the exact one within this: scores are in 1,024 cells */
    double calibration_error; /* expected, over 10 cells of the score */
};

/* What is expected of a binary model by its own scores, before labels come (docs/monitoring.md);
 * NaN where it is not defined. */
struct mlops_monitor_estimate {
    uint64_t events; /* with a score in 0…1; 0: there is no estimate */
    bool calibrated; /* on the labels of the week before; false: scores are taken as they are */
    double accuracy, precision, recall, fpr, auc;
};

/* One version, stage and segment, or several of them together. */
struct mlops_monitor_group {
    uint64_t version;
    char *stage, *segment; /* segment: "" where events have none */
    bool shadow;
    uint64_t events, errors;
    double per_second;    /* over the time from the first to the last window with events */
    double latency_ms[4]; /* p50, p90, p99, p99.9; within 1 %; NaN without */
    double positives;     /* share of predictions that are positive; NaN where not binary */
    double score_mean;    /* NaN without */
    struct mlops_drift_report against_training; /* of the features; no columns: there is none */
    char **unexpected; /* features that the training data does not have, NULL-terminated; or NULL */
    struct mlops_drift_report against_before; /* of the features, a week earlier */
    struct mlops_drift_report outputs;        /* of score and prediction, a week earlier */
    struct mlops_monitor_performance performance;
    struct mlops_monitor_estimate estimate; /* where it was asked for */
};

struct mlops_monitor_status_options {
    const char *model;
    int64_t since_ns, until_ns;  /* 0: `length_ns` before the end; the newest event */
    int64_t length_ns;           /* 0: an hour */
    const char *stage, *segment; /* NULL: all together */
    uint64_t version;            /* 0: each */
    bool by_segment;             /* each segment apart */
    bool estimates;              /* estimate performance without labels, too */
};

struct mlops_monitor_status {
    int64_t from_ns, to_ns;
    int64_t newest_ns;                  /* time of the newest event; 0: there is none */
    struct mlops_monitor_counts counts; /* of all time */
    struct mlops_monitor_group *groups; /* versions descending; shadow after those that decide */
    size_t group_count;
};

/*
 * What happened in a time range. The caller clears `status`.
 * Errors: MLOPS_NOT_FOUND no such model or version, or nothing was ever ingested for the model;
 * MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_monitor_status(struct mlops_registry *registry,
                                   const struct mlops_monitor_status_options *options,
                                   struct mlops_monitor_status *status, struct mlops_error *err);
MLOPS_API void mlops_monitor_status_clear(struct mlops_monitor_status *status);

MLOPS_END
#endif
