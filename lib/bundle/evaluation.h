/*
 * lib/bundle/evaluation.h - the files of an evaluation set: it is a bundle of two, rows and labels,
 * so that gc keeps it, fsck checks it and repair mends it as any other.
 */
#ifndef BUNDLE_EVALUATION_H
#define BUNDLE_EVALUATION_H
#include <mlops/evaluation.h>

#define EVALUATION_ROWS "rows.csv"     /* without what is withheld */
#define EVALUATION_LABELS "labels.csv" /* what is withheld, row by row beside the other */

/* Write file `name` of `set`, verified, to `path`, which does not exist.
 * Errors: MLOPS_INTEGRITY; MLOPS_IO. */
int evaluation_lay_out(struct mlops_registry *registry, const struct mlops_evaluation *set,
                       const char *name, const char *path, struct mlops_error *err);

#endif
