/*
 * lib/release/demand.h - one demand on figures that were recorded, judged for a gate: a metric
 * against a bound or against another version, a latency or a size against its budget.
 */
#ifndef RELEASE_DEMAND_H
#define RELEASE_DEMAND_H
#include "release/gate.h"

/* What a gate says of demands: a line of evidence for each, and what is wrong. */
struct demand_gate {
    const struct gate_context *context;
    struct mlops_gate_result *result;
    struct wrongs *wrongs;
    size_t count; /* demands that were judged */
};

/* A line: "SUITE: WHAT is met: DETAIL"; where it is not met, that is wrong, too. */
void demand_note(struct demand_gate *gate, const char *suite, const char *what, bool met,
                 const char *detail);

/* Judge `required` of `suite` by its `evidence` (NULL: of a size). Errors: MLOPS_INVALID the demand
 * cannot be read; MLOPS_INTEGRITY, MLOPS_IO. */
int demand_judge(struct demand_gate *gate, const char *suite,
                 const struct project_requirement *required, const struct suite_evidence *evidence,
                 struct mlops_error *err);

#endif
