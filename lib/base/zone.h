/*
 * lib/base/zone.h - time zones by name, from the system's files (TZif, RFC 8536), without touching
 * the process's own zone.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H
#include "base/util.h"

#define ZONE_NAME_MAX 63

/*
 * Seconds east of UTC in zone `name` ("UTC", "Europe/Berlin") at `time_s` since the epoch.
 * Errors: MLOPS_INVALID not a zone's name; MLOPS_NOT_FOUND the system does not know it;
 * MLOPS_INTEGRITY its file cannot be read as TZif.
 */
int zone_offset(const char *name, int64_t time_s, int32_t *offset_s, struct mlops_error *err);

/* The same from the bytes of a TZif file. Errors: MLOPS_INTEGRITY. */
int zone_offset_in(const uint8_t *file, size_t length, int64_t time_s, int32_t *offset_s,
                   struct mlops_error *err);

#endif
