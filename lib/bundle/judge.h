/*
 * lib/bundle/judge.h - a suite's metrics held against what its author requires of them.
 *
 * Used when a suite has run and again when its version is promoted, for what the stages hold may
 * have changed between the two.
 */
#ifndef BUNDLE_JUDGE_H
#define BUNDLE_JUDGE_H
#include "bundle/project.h"
#include "stats/metrics.h"
#include <mlops/registry.h>

struct judgement {
    bool met;
    char *detail; /* "0.713 < 0.728: production is @3 with 0.738"; the caller frees */
};

/*
 * Judge one requirement of suite `suite` of `version`. A relative one is held against the newest
 * evidence of the same suite of the version that its stage holds; it is met where the stage is
 * empty or holds this very version, and not met where there is no such evidence.
 */
int judge_requirement(struct mlops_registry *registry, const struct mlops_version *version,
                      const char *suite, const struct project_requirement *required,
                      const struct metric_list *metrics, struct judgement *judgement,
                      struct mlops_error *err);

/* The newest evidence of a suite about a bundle: its status and metrics. `*found` false without
 * any. `status` holds 32 bytes; the caller clears `metrics`. */
int evidence_newest(struct mlops_registry *registry, const char *bundle, const char *suite,
                    bool *found, char status[32], struct metric_list *metrics,
                    struct mlops_error *err);

#endif
