/* lib/loop/decide.c - a version that was trained anew and waits beside the champion: held against
 * it on the same traffic, and promoted where that says so. */
#include "base/buffer.h"
#include "base/clock.h"
#include "loop/promotion.h"
#include "loop/run_rows.h"
#include "release/policy.h"
#include <mlops/challenge.h>
#include <mlops/policy.h>
#include <mlops/retrain.h>

struct decide {
    struct mlops_registry *registry;
    const char *model, *stage;
    bool if_due;
    struct policy_challenge wanted; /* borrowed of the policy */
    uint64_t run, from;
    int64_t ended_ns;
    struct mlops_retrain_decision *decision;
};

/* What was compared at its time is not compared again unless somebody asks. */
static bool is_waiting(const struct decide *decide, const char *status)
{
    return str_equal(status, "refused") || (!decide->if_due && str_equal(status, "compared"));
}

/* The newest run for the stage whose version was not let in. */
static int find_waiting(struct decide *decide, struct mlops_error *err)
{
    _cleanup_(mlops_retrain_run_list_clear) struct mlops_retrain_run_list runs = {0};
    TRY(mlops_retrain_runs(decide->registry, decide->model, &runs, err));
    for (size_t i = 0; i < runs.count; i++) {
        const struct mlops_retrain_run *run = &runs.items[i];
        if (!run->to || !str_equal(run->stage, decide->stage))
            continue;
        if (!is_waiting(decide, run->status))
            return MLOPS_OK;
        decide->run = run->run;
        decide->from = run->from;
        decide->ended_ns = run->ended_ns;
        _cleanup_(free_string) char *ref =
            xprintf("%s@%llu", decide->model, (unsigned long long)run->to);
        decide->decision->waiting = true;
        return mlops_version_resolve(decide->registry, ref, &decide->decision->version, err);
    }
    return MLOPS_OK;
}

/* Has the time come that the triggers say? */
static int judge_time(struct decide *decide, struct mlops_error *err)
{
    _cleanup_(mlops_retrain_triggers_clear) struct mlops_retrain_triggers set = {.text = NULL};
    _cleanup_(triggers_clear) struct triggers triggers = {.drift = false};
    struct mlops_retrain_decision *decision = decide->decision;
    char when[32];
    decision->due = !decide->if_due;
    if (decision->due)
        return MLOPS_OK;
    TRY(mlops_retrain_triggers_get(decide->registry, decide->model, &set, err));
    TRY(triggers_parse(set.text, &triggers, err));
    if (!triggers.decide_ns) {
        decision->message = xstrdup("the triggers do not say when it is compared (decide=7d)");
        return MLOPS_OK;
    }
    decision->due = clock_now_ns() - decide->ended_ns >= triggers.decide_ns;
    mlops_time_format(decide->ended_ns + triggers.decide_ns, when);
    if (!decision->due)
        decision->message = xprintf("it is compared from %s on", when);
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

/* The run is `status` now. */
static int end_run(const struct decide *decide, const char *status, struct mlops_error *err)
{
    const struct mlops_retrain_decision *decision = decide->decision;
    struct mlops_version from;
    _cleanup_(free_string) char *ref =
        xprintf("%s@%llu", decide->model, (unsigned long long)decide->from);
    TRY(mlops_version_resolve(decide->registry, ref, &from, err));
    return run_end(decide->registry, decide->run, &from, &decision->version, status,
                   decision->message, "{}", err);
}

/* It stays where it is. Of a look at its time the run keeps what it showed, if anything. */
static int end_look(const struct decide *decide, bool shown, struct mlops_error *err)
{
    if (!decide->if_due)
        return MLOPS_OK;
    return end_run(decide, shown ? "compared" : "refused", err);
}

static int promote(const struct decide *decide, struct mlops_error *err)
{
    struct mlops_retrain_decision *decision = decide->decision;
    _cleanup_(free_string) char *refused = NULL,
                                *reason = xprintf("retrained, and compared: %s", decision->message);
    TRY(promote_far(decide->registry,
                    &(struct promotion_goal){
                        .version = &decision->version, .stage = decide->stage, .reason = reason},
                    decision->reached, &refused, err));
    decision->promoted = str_equal(decision->reached, decide->stage);
    if (!decision->promoted) {
        free(decision->message);
        decision->message = refused ? TAKE_PTR(refused) : xstrdup("not promoted");
        return end_look(decide, true, err);
    }
    return end_run(decide, "promoted", err);
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
        return end_look(decide, false, err);
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
        return end_look(decide, all->verdict != MLOPS_CHALLENGE_UNKNOWN, err);
    TRY(mlops_challenge_record(decide->registry, &options, &challenge, err));
    return promote(decide, err);
}

int mlops_retrain_decide(struct mlops_registry *registry,
                         const struct mlops_retrain_decide_options *options,
                         struct mlops_retrain_decision *decision, struct mlops_error *err)
{
    _cleanup_(mlops_policy_clear) struct mlops_policy shown = {.number = 0};
    _cleanup_(policy_clear) struct policy policy = {.stages = NULL};
    struct decide decide = {.registry = registry,
                            .model = options->model,
                            .stage = options->stage ? options->stage : "production",
                            .if_due = options->if_due,
                            .decision = decision};
    *decision = (struct mlops_retrain_decision){.waiting = false};
    TRY(mlops_policy_show(registry, options->model, &shown, err));
    TRY(policy_read(shown.json, strlen(shown.json), &policy, err));
    const struct policy_stage *demands = policy_stage_find(&policy, decide.stage);
    if (demands)
        decide.wanted = demands->challenge;
    int code = find_waiting(&decide, err);
    if (code == MLOPS_OK && decision->waiting)
        code = judge_time(&decide, err);
    if (code == MLOPS_OK && decision->due)
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
