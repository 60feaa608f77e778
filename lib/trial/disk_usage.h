/* lib/trial/disk_usage.h - how much of the disk a folder takes. */
#ifndef TRIAL_DISK_USAGE_H
#define TRIAL_DISK_USAGE_H
#include "base/util.h"

/* What a name takes at the least, bytes: empty files fill a disk, too. */
#define DISK_USAGE_ENTRY 4096

/* Bytes of all blocks below `path`, links not followed; what cannot be read counts nothing. A file
 * with several names counts once a name, and each as DISK_USAGE_ENTRY at the least. */
uint64_t disk_usage(const char *path);

#endif
