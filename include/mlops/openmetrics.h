/* include/mlops/openmetrics.h - what a model does in production, for Prometheus. */
#ifndef MLOPS_OPENMETRICS_H
#define MLOPS_OPENMETRICS_H
#include <mlops/registry.h>
MLOPS_BEGIN

/*
 * Of each version, stage and segment, traffic, latency, drift and performance over the last
 * `length_ns` (0: an hour) before the newest event, and the open alerts: gauges in a text that is
 * both OpenMetrics 1.0 and Prometheus' text format 0.0.4. The caller frees `*text`.
 * Errors: MLOPS_NOT_FOUND no such model, or no events of it; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_openmetrics(struct mlops_registry *registry, const char *model,
                                int64_t length_ns, char **text, struct mlops_error *err);

MLOPS_END
#endif
