/*
 * lib/monitor/error_stream.h - a change detector over the errors of a version, in the order in
 * which it predicted, however late the labels came.
 *
 * The stream begins with the day (UTC) a week before the span, so that checks of one day see the
 * same stream but for what has come since. Within a minute events are in the order in which they
 * were counted. Labels that come later change what was found: the judgement is of what is known
 * now.
 */
#ifndef MONITOR_ERROR_STREAM_H
#define MONITOR_ERROR_STREAM_H
#include "registry/registry.h"
#include "stats/detector.h"

struct error_stream_query {
    const char *model;
    uint64_t version;
    const char *stage;
    enum detector_kind kind;
    int64_t from_ns, to_ns; /* the span in which drifts count, whole minutes */
};

struct error_stream {
    uint64_t labelled;     /* in the span */
    uint64_t drifts;       /* in the span */
    int64_t last_drift_ns; /* the minute of the last of them; 0: none */
};

/* Errors: MLOPS_INTEGRITY a roster is damaged; MLOPS_IO. */
int error_stream_run(struct mlops_registry *registry, const struct error_stream_query *query,
                     struct error_stream *stream, struct mlops_error *err);

#endif
