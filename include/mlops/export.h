/* include/mlops/export.h - what a model does in production, for other tools than Prometheus. */
#ifndef MLOPS_EXPORT_H
#define MLOPS_EXPORT_H
#include <mlops/registry.h>
MLOPS_BEGIN

enum mlops_export_format { MLOPS_EXPORT_CSV, MLOPS_EXPORT_JSON };

struct mlops_export_options {
    const char *model;
    enum mlops_export_format format;
    int64_t since_ns;  /* 0: `length_ns` before the newest event */
    int64_t length_ns; /* 0: a day */
};

/*
 * The windows of a time until the newest event, one a row: of a minute up to 2 hours, of an hour up
 * to a week, else of a day; by start, version, stage, segment. CSV with a header (RFC 4180), or an
 * array of objects with the same members. What is not known is empty, or null. The caller frees
 * `*text`. Errors: MLOPS_NOT_FOUND no such model, or no events of it; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_monitor_export(struct mlops_registry *registry,
                                   const struct mlops_export_options *options, char **text,
                                   struct mlops_error *err);

/*
 * A dashboard for Grafana (9 and later: schema 37) over the metrics of mlops_openmetrics, to be
 * imported; its variables choose source, model, stage and version, `model` first. The caller frees
 * `*text`. Errors: MLOPS_NOT_FOUND no such model.
 */
MLOPS_API int mlops_grafana(struct mlops_registry *registry, const char *model, char **text,
                            struct mlops_error *err);

MLOPS_END
#endif
