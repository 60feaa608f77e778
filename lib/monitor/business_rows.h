/* lib/monitor/business_rows.h - the days of a business series, out of the registry. */
#ifndef MONITOR_BUSINESS_ROWS_H
#define MONITOR_BUSINESS_ROWS_H
#include "registry/registry.h"

#define DAY_NS (1440 * 60000000000LL)

/* values[i] is of the day `from_ns` + i days; NaN where the series does not know it. `from_ns` is
 * the begin of a day. In an open snapshot. Errors: MLOPS_IO. */
int business_series_read(struct mlops_registry *registry, const char *model, const char *name,
                         int64_t from_ns, double *values, size_t days, struct mlops_error *err);

/* The error for a series that is not there: MLOPS_NOT_FOUND. */
int business_series_missing(const char *model, const char *name, struct mlops_error *err);

#endif
