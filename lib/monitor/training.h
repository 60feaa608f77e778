/* lib/monitor/training.h - what a version learnt from: the profile of its training snapshot. */
#ifndef MONITOR_TRAINING_H
#define MONITOR_TRAINING_H
#include "bundle/manifest.h"
#include "registry/registry.h"
#include "stats/profile.h"

struct training {
    struct profile *profile; /* NULL: the version has none that could be compared with */
    char *target, *time;     /* columns that no event is expected to have; NULL: none */
};

/* Of the snapshot with role `reference`, or the only one. The caller clears it.
 * Errors: MLOPS_NOT_FOUND no such version; MLOPS_INTEGRITY; MLOPS_IO. */
int training_load(struct mlops_registry *registry, const char *model, uint64_t version,
                  struct training *training, struct mlops_error *err);
/* Of this snapshot. */
int training_read(struct mlops_registry *registry, const struct manifest_data *data,
                  struct training *training, struct mlops_error *err);
/* The snapshot that the version learnt from: `name`, or where that is NULL as above; NULL: none. */
const struct manifest_data *training_choose(const struct manifest *manifest, const char *name);
void training_clear(struct training *training);

#endif
