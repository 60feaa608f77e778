/* lib/loop/decide.c - a version that was trained anew and waits beside the champion: held against
 * it on the same traffic, and promoted where that says so. */
#include "base/buffer.h"
#include "loop/promotion.h"
#include "loop/run_rows.h"
#include "release/policy.h"
#include <mlops/challenge.h>
#include <mlops/policy.h>
#include <mlops/retrain.h>

struct decide {
    struct mlops_registry *registry;
    const char *model, *stage;
    struct policy_challenge wanted; /* borrowed of the policy */
    uint64_t run, from;
    struct mlops_retrain_decision *decision;
};

/* The newest run for the stage whose version was not let in. */
static int find_waiting(struct decide *decide, struct mlops_error *err)
{
    _cleanup_(mlops_retrain_run_list_clear) struct mlops_retrain_run_list runs = {0};
    TRY(mlops_retrain_runs(decide->registry, decide->model, &runs, err));
    for (size_t i = 0; i < runs.count; i++) {
        const struct mlops_retrain_run *run = &runs.items[i];
        if (!run->to || !str_equal(run->stage, decide->stage))
            continue;
        if (!str_equal(run->status, "refused"))
            return MLOPS_OK;
        decide->run = run->run;
        decide->from = run->from;
        _cleanup_(free_string) char *ref =
            xprintf("%s@%llu", decide->model, (unsigned long long)run->to);
        decide->decision->waiting = true;
        return mlops_version_resolve(decide->registry, ref, &decide->decision->version, err);
    }
    return MLOPS_OK;
}

static const struct mlops_challenge_measure *deciding(const struct mlops_challenge *challenge)
{
    const struct mlops_challenge_measure *measures = challenge->parts[0].measures;
    size_t at = 0;
    while (at + 1 < MLOPS_CHALLENGE_MEASURES && !str_equal(measures[at].name, challenge->by))
        at++;
    return &measures[at];
}

static int promote(const struct decide *decide, struct mlops_error *err)
{
    struct mlops_retrain_decision *decision = decide->decision;
    struct mlops_version from;
    _cleanup_(free_string) char *refused = NULL,
                                *reason = xprintf("retrained, and compared: %s", decision->message),
                                *ref = xprintf("%s@%llu", decide->model,
                                               (unsigned long long)decide->from);
    TRY(promote_far(decide->registry,
                    &(struct promotion_goal){
                        .version = &decision->version, .stage = decide->stage, .reason = reason},
                    decision->reached, &refused, err));
    decision->promoted = str_equal(decision->reached, decide->stage);
    if (!decision->promoted) {
        free(decision->message);
        decision->message = refused ? TAKE_PTR(refused) : xstrdup("not promoted");
        return MLOPS_OK;
    }
    TRY(mlops_version_resolve(decide->registry, ref, &from, err));
    return run_end(decide->registry, decide->run, &from, &decision->version, "promoted",
                   decision->message, "{}", err);
}

static int compare(struct decide *decide, struct mlops_error *err)
{
    _cleanup_(mlops_challenge_clear) struct mlops_challenge challenge = {.champion = 0};
    struct mlops_retrain_decision *decision = decide->decision;
    struct mlops_cost cost;
    TRY(mlops_policy_cost(decide->registry, decide->model, &cost, err));
    const struct mlops_challenge_options options = {.model = decide->model,
                                                    .stage = decide->stage,
                                                    .challenger = decision->version.number,
                                                    .by = decide->wanted.by,
                                                    .margin = decide->wanted.margin,
                                                    .cost = &cost};
    int code = mlops_challenge(decide->registry, &options, &challenge, err);
    if (code == MLOPS_NOT_FOUND) { /* nothing was sent to it yet */
        decision->message = xstrdup(err->message);
        return MLOPS_OK;
    }
    TRY(code);
    const struct mlops_challenge_part *all = &challenge.parts[0];
    const struct mlops_challenge_measure *measure = deciding(&challenge);
    decision->champion = challenge.champion;
    decision->verdict = all->verdict;
    decision->message =
        all->verdict == MLOPS_CHALLENGE_UNKNOWN
            ? xprintf("nothing can be said by %s: %llu labelled events that both answered",
                      challenge.by, (unsigned long long)all->labelled)
            : xprintf("by %s %+.4f (%+.4f to %+.4f) against @%llu", challenge.by,
                      measure->difference, measure->low, measure->high,
                      (unsigned long long)challenge.champion);
    bool good = decide->wanted.not_worse ? all->not_worse : all->verdict == MLOPS_CHALLENGE_BETTER;
    if (!good)
        return MLOPS_OK;
    TRY(mlops_challenge_record(decide->registry, &options, &challenge, err));
    return promote(decide, err);
}

int mlops_retrain_decide(struct mlops_registry *registry, const char *model, const char *stage,
                         struct mlops_retrain_decision *decision, struct mlops_error *err)
{
    _cleanup_(mlops_policy_clear) struct mlops_policy shown = {.number = 0};
    _cleanup_(policy_clear) struct policy policy = {.stages = NULL};
    struct decide decide = {.registry = registry,
                            .model = model,
                            .stage = stage ? stage : "production",
                            .decision = decision};
    *decision = (struct mlops_retrain_decision){.waiting = false};
    TRY(mlops_policy_show(registry, model, &shown, err));
    TRY(policy_read(shown.json, strlen(shown.json), &policy, err));
    const struct policy_stage *demands = policy_stage_find(&policy, decide.stage);
    if (demands)
        decide.wanted = demands->challenge;
    int code = find_waiting(&decide, err);
    if (code == MLOPS_OK && decision->waiting)
        code = compare(&decide, err);
    if (code)
        mlops_retrain_decision_clear(decision);
    return code;
}

void mlops_retrain_decision_clear(struct mlops_retrain_decision *decision)
{
    free(decision->message);
    *decision = (struct mlops_retrain_decision){.waiting = false};
}
