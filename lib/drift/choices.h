/*
 * lib/drift/choices.h - how a comparison is made: what the caller says, below that the project
 * file's `drift`, below that the importance of features, below that what holds for all.
 */
#ifndef DRIFT_CHOICES_H
#define DRIFT_CHOICES_H
#include "bundle/manifest.h"
#include "drift/compare.h"

#define CHOICES_FAR 0.01
/* A feature of mean importance weighs 1, others in proportion, between these. */
#define CHOICES_WEIGHT_LEAST 0.5
#define CHOICES_WEIGHT_MOST 2

struct choices {
    struct mlops_drift_options options; /* time, segment, season, exact and the like */
    struct compare_options compare;
    struct compare_column *columns;
    char **texts; /* that the names point into, NULL-terminated */
};
void choices_clear(struct choices *choices);

/* What the caller says, checked by itself. The caller clears `choices`; `options` must outlive it.
 * Errors: MLOPS_INVALID. */
int choices_begin(const struct mlops_drift_options *options, struct choices *choices,
                  struct mlops_error *err);
/* And what the bundle says, which must outlive it. Errors: MLOPS_INVALID the file with the
 * features' importance is not a JSON object of numbers; those of manifest_read_file. */
int choices_complete(struct mlops_registry *registry, const struct manifest *manifest,
                     struct choices *choices, struct mlops_error *err);

#endif
