/*
 * lib/bundle/judge.h - a suite's metrics held against what its author requires of them.
 *
 * Used when a suite has run and again when its version is promoted, for what the stages hold may
 * have changed between the two.
 */
#ifndef BUNDLE_JUDGE_H
#define BUNDLE_JUDGE_H
#include "bundle/comparison.h"
#include "bundle/manifest.h"
#include "stats/metrics.h"

/* Judges the suites of one version by what the registry knows: stages and evidence are read when
 * first asked for and then kept, so that one judge sees one state of each. */
struct judge;

/* Both are borrowed and outlive the judge, which the caller frees. */
struct judge *judge_new(struct mlops_registry *registry, const struct mlops_version *version);
void judge_free(struct judge *judge);
DEFINE_CLEANUP(struct judge, judge_free)

/* Judge comparisons by these, which are newer than what is recorded; borrowed. */
void judge_compare_by(struct judge *judge, const struct mlops_comparison *comparisons,
                      size_t count);

/* The metrics of some rows. */
struct slice_metrics {
    char *name; /* "country = DE", "amount > 1000" */
    size_t rows;
    struct metric_list metrics;
};
void slices_free(struct slice_metrics *slices, size_t count);

/* The newest evidence of a suite. */
struct suite_evidence {
    bool found;
    char status[32]; /* "passed", "failed", … */
    struct metric_list metrics;
    struct slice_metrics *slices;
    size_t slice_count;
    struct mlops_comparison *comparisons;
    size_t comparison_count;
    cJSON *body; /* the whole of it (docs/testing.md, "Evidence"); NULL where nothing was found */
};
/* What is recorded about suite `suite` of the judge's version. The caller clears `evidence`.
 * Errors: MLOPS_INTEGRITY the evidence is not readable; MLOPS_IO. */
int judge_evidence(struct judge *judge, const char *suite, struct suite_evidence *evidence,
                   struct mlops_error *err);
void suite_evidence_clear(struct suite_evidence *evidence);

struct judgement {
    bool met;
    char *detail; /* "0.713 < 0.728: production is @3 with 0.738"; the caller frees */
};

/*
 * Judge one requirement of suite `suite` on `metrics`. A relative one is held against the newest
 * evidence of the suite of the same name of the version that its stage holds now; it is met where
 * the stage is empty or holds this very version, and not met where there is no such evidence.
 * One on the same rows is judged by the comparison that was made with the very version that is
 * there now: where it was made with another one, it is not met, and the detail says so.
 */
int judge_requirement(struct judge *judge, const char *suite,
                      const struct project_requirement *required, const struct metric_list *metrics,
                      struct judgement *judgement, struct mlops_error *err);

/* Judge a demand on every slice of `suite` that has enough rows: the worst decides. */
int judge_slices(struct judge *judge, const struct project_suite *suite,
                 const struct measurement_demand *demanded, const struct slice_metrics *slices,
                 size_t count, struct judgement *judgement, struct mlops_error *err);

/* Judge a budget: a size by what `manifest` has, a latency by what `evidence` has of it, which may
 * be NULL for a size. */
void judge_budget(const struct budget *budget, const struct manifest *manifest,
                  const struct suite_evidence *evidence, struct judgement *judgement);

#endif
