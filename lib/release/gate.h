/*
 * lib/release/gate.h - one demand on a version, judged: what gates see, and how they say what is
 * wrong. The table of all is in release/gates.c.
 */
#ifndef RELEASE_GATE_H
#define RELEASE_GATE_H
#include "bundle/judge.h"
#include "bundle/manifest.h"
#include "release/freeze.h"
#include "release/in_force.h"
#include "release/standing.h"
#include <mlops/release.h>

/* One state of the registry, as all gates see it. */
struct gate_context {
    struct mlops_registry *registry;
    const struct log_view *view;
    const struct mlops_trust_list *trusted;
    const struct in_force *in_force;
    const struct policy_stage *demands; /* of the stage */
    const struct mlops_version *version;
    const char *stage;
    const struct manifest *manifest;
    const struct standing *standing;
    const struct freeze_list *freezes;
    struct judge *judge;
    int64_t now_ns;
};

/* Set `passed` and `detail` of `result`. Not being passed is no error. */
typedef int (*gate_judge)(const struct gate_context *context, struct mlops_gate_result *result,
                          struct mlops_error *err);

/* gate_tests.c */
int gate_tests(const struct gate_context *context, struct mlops_gate_result *result,
               struct mlops_error *err);
/* gate_requirements.c */
int gate_requirements(const struct gate_context *context, struct mlops_gate_result *result,
                      struct mlops_error *err);
/* gate_metrics.c */
int gate_thresholds(const struct gate_context *context, struct mlops_gate_result *result,
                    struct mlops_error *err);
int gate_evaluation(const struct gate_context *context, struct mlops_gate_result *result,
                    struct mlops_error *err);
/* gate_scan.c */
int gate_scan(const struct gate_context *context, struct mlops_gate_result *result,
              struct mlops_error *err);
/* gate_people.c */
int gate_signature(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err);
int gate_approvals(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err);
int gate_rolled_back(const struct gate_context *context, struct mlops_gate_result *result,
                     struct mlops_error *err);
/* gate_origin.c */
int gate_git(const struct gate_context *context, struct mlops_gate_result *result,
             struct mlops_error *err);
int gate_lineage(const struct gate_context *context, struct mlops_gate_result *result,
                 struct mlops_error *err);
int gate_environment(const struct gate_context *context, struct mlops_gate_result *result,
                     struct mlops_error *err);
/* gate_challenge.c */
int gate_challenge(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err);
/* gate_time.c */
int gate_soak(const struct gate_context *context, struct mlops_gate_result *result,
              struct mlops_error *err);
int gate_window(const struct gate_context *context, struct mlops_gate_result *result,
                struct mlops_error *err);
int gate_freeze(const struct gate_context *context, struct mlops_gate_result *result,
                struct mlops_error *err);

/* ---- what is wrong, one after the other in a line that stays readable ---------------------- */

struct wrongs {
    struct buffer text;
    size_t count;
};
void wrongs_add(struct wrongs *wrongs, const char *separator, const char *format, ...)
    MLOPS_PRINTF(3, 4);
/* ", and 3 more"; when all were added. */
void wrongs_end(struct wrongs *wrongs);
void wrongs_clear(struct wrongs *wrongs);

/* Add a line to what the gate found. */
void gate_note(struct mlops_gate_result *result, const char *format, ...) MLOPS_PRINTF(2, 3);

/* Did the suite pass, as the policy takes it? */
bool gate_suite_passed(const struct gate_context *context, const struct suite_evidence *evidence);

/* Evidence's body as JSON. Errors: MLOPS_INTEGRITY. */
int evidence_body(const struct mlops_evidence *evidence, cJSON **body, struct mlops_error *err);

/* A duration for people: "36 h", "2 min". The caller frees. */
char *duration_text(int64_t duration_ns);

#endif
