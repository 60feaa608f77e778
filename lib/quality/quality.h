/*
 * lib/quality/quality.h - a data suite: snapshots of a bundle held against what is expected of them.
 * docs/data-tests.md says what each expectation means.
 */
#ifndef QUALITY_QUALITY_H
#define QUALITY_QUALITY_H
#include "bundle/manifest.h"
#include <mlops/trial.h>
#include <stdatomic.h>

struct quality;

/*
 * Lay the snapshots that `expectations` names out in `folder`, which is private, and read their
 * profiles. All arguments but `registry` are borrowed until quality_free.
 * Errors: MLOPS_NOT_FOUND the bundle has no such snapshot; MLOPS_INTEGRITY; MLOPS_IO.
 */
int quality_open(struct mlops_registry *registry, const struct manifest *manifest,
                 const struct expectations *expectations, const char *folder,
                 struct quality **quality, struct mlops_error *err);

/*
 * Judge them all, over at most three readings of each table and in memory that does not grow with
 * rows. Touches nothing but `folder`, so that it may run in a thread of its own; ends soon after
 * `stop` is set. Errors: MLOPS_INVALID a table cannot be read, with file and line; MLOPS_CANCELLED;
 * MLOPS_IO.
 */
int quality_run(struct quality *quality, const atomic_bool *stop, struct mlops_error *err);

/* What came of it, which the caller owns (expectation_results_clear); `*until_ns` is when the first
 * of the ages that were judged is up, 0 where none was. */
void quality_take(struct quality *quality, struct mlops_expectation_result **results, size_t *count,
                  int64_t *until_ns);
void expectation_results_clear(struct mlops_expectation_result *results, size_t count);

void quality_free(struct quality *quality);
DEFINE_CLEANUP(struct quality, quality_free)

#endif
