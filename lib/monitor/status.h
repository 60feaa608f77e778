/* lib/monitor/status.h - what the status says of a window, for those who read windows themselves.
 */
#ifndef MONITOR_STATUS_H
#define MONITOR_STATUS_H
#include "monitor/window.h"
#include <mlops/monitor.h>

/* The coarsest windows that still follow a range of that length. */
enum window_level status_level(int64_t length_ns);
/* Traffic, latency and performance; not what is held against other windows. */
void status_measure(const struct window *window, struct mlops_monitor_group *group);

#endif
