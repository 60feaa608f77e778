/* lib/monitor/status.h - what the status says of a window, for those who read windows
 * themselves. */
#ifndef MONITOR_STATUS_H
#define MONITOR_STATUS_H
#include "monitor/training.h"
#include "monitor/window.h"
#include <mlops/monitor.h>

/* The coarsest windows that still follow a range of that length. */
enum window_level status_level(int64_t length_ns);
/* Traffic, latency and performance; not what is held against other windows. */
void status_measure(const struct window *window, struct mlops_monitor_group *group);
/* The features of a window against a training profile that is there. The caller clears `report`. */
int status_against(const struct training *training, const struct window *window,
                   struct mlops_drift_report *report, struct mlops_error *err);
/* Time of the newest event of a model. Errors: MLOPS_NOT_FOUND no such model, or no events of
 * it. */
int status_newest(struct mlops_registry *registry, const char *model, int64_t *newest_ns,
                  struct mlops_error *err);

#endif
