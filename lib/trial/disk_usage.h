/* lib/trial/disk_usage.h - how much of the disk a folder takes. */
#ifndef TRIAL_DISK_USAGE_H
#define TRIAL_DISK_USAGE_H
#include "base/util.h"

/* Bytes of all blocks below `path`, links not followed; what cannot be read counts nothing. A file
 * with several names counts once a name. */
uint64_t disk_usage(const char *path);

#endif
