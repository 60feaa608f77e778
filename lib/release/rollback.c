/* lib/release/rollback.c - a stage back to what was there before. */
#include "base/clock.h"
#include "registry/hook.h"
#include "registry/log_head.h"
#include "release/gate.h"
#include "release/health.h"
#include "release/whole.h"

/* The version that `--to` names; it must be another one than the stage holds. */
static int find_wanted(struct mlops_registry *registry,
                       const struct mlops_rollback_options *options,
                       const struct mlops_rollback *rollback, struct mlops_version *wanted,
                       struct mlops_error *err)
{
    if (!options->to)
        return MLOPS_OK;
    TRY(mlops_version_resolve(registry, options->to, wanted, err));
    if (str_equal(wanted->bundle, rollback->from.bundle))
        return mlops_fail(err, MLOPS_INVALID, "%s of %s holds @%llu already", rollback->stage,
                          rollback->model, (unsigned long long)wanted->number);
    return MLOPS_OK;
}

/* What decides whether a version may come back, as of the snapshot that is looked at. */
struct view {
    struct log_view log;
    struct mlops_trust_list trusted;
    struct in_force in_force;
    const struct policy_stage
        *demands; /* of the stage; NULL: it is none of the policy's any more */
    int64_t now_ns;
};

static void view_clear(struct view *view)
{
    mlops_trust_list_clear(&view->trusted);
    in_force_clear(&view->in_force);
}

static int view_open(struct mlops_registry *registry, const struct mlops_rollback *rollback,
                     struct view *view, struct mlops_error *err)
{
    uint64_t last;
    *view = (struct view){.now_ns = clock_now_ns()};
    TRY(log_view_open(registry, &view->log, err));
    TRY(trusted_read(&view->log, &view->trusted, &last, err));
    TRY(in_force_read(&view->log, &view->trusted, rollback->model, &view->in_force, err));
    view->demands = policy_stage_find(&view->in_force.policy, rollback->stage);
    return MLOPS_OK;
}

/* What an earlier rollback left is no good version to go back to, unless somebody approved it
 * since; nor is one that was taken out of use. `*why` is NULL where it is good; the caller frees.
 */
static int judge_candidate(struct mlops_registry *registry, const struct view *view,
                           const struct mlops_version *version, const char *stage, char **why,
                           struct mlops_error *err)
{
    _cleanup_(standing_clear) struct standing standing = {0};
    _cleanup_(json_free) cJSON *entry = NULL;
    bool retired;
    *why = NULL;
    TRY(log_view_newest(&view->log,
                        &(struct log_query){.action = "retire",
                                            .model = version->model,
                                            .version = version->number},
                        &entry, &retired, err));
    if (retired) {
        *why = xprintf("it was retired by %s", json_string(entry, "actor", ""));
        return MLOPS_OK;
    }
    TRY(standing_read(registry, &view->log, &view->trusted, version, stage, view->now_ns, &standing,
                      err));
    bool approved = standing_approvers(&standing, INT64_MIN, NULL) > 0;
    bool asked = (view->demands && view->demands->approvals > 0) ||
                 trusted_any(&view->trusted, MLOPS_ROLE_APPROVER, view->now_ns);
    if (standing.left > 0 && asked && !approved)
        *why = xprintf("a rollback of %s left it, and nobody approved it since", standing.left_by);
    return MLOPS_OK;
}

static int fail_nothing(const struct mlops_rollback_options *options,
                        const struct mlops_rollback *rollback, struct mlops_error *err)
{
    if (options->to)
        mlops_fail(err, MLOPS_NOT_FOUND, "%s was not in %s of %s before", options->to,
                   rollback->stage, rollback->model);
    else if (rollback->skipped)
        mlops_fail(
            err, MLOPS_NOT_FOUND,
            "nothing good was in %s of %s before @%llu: all that was is retired, or was left "
            "by a rollback",
            rollback->stage, rollback->model, (unsigned long long)rollback->from.number);
    else
        mlops_fail(err, MLOPS_NOT_FOUND, "nothing was in %s of %s before @%llu", rollback->stage,
                   rollback->model, (unsigned long long)rollback->from.number);
    return mlops_hint(err,
                      "'mlops log %s --stage %s' shows what was there; what never was "
                      "can be promoted",
                      rollback->model, rollback->stage);
}

/* How many steps below the top the version to go back to stands: the nearest good one, or the one
 * that was asked for. */
static int count_steps(struct mlops_registry *registry, const struct view *view,
                       const struct mlops_rollback_options *options,
                       struct mlops_rollback *rollback, uint64_t *steps, struct mlops_error *err)
{
    struct mlops_version wanted = {0};
    bool held;
    TRY(find_wanted(registry, options, rollback, &wanted, err));
    for (*steps = 1;; (*steps)++) {
        _cleanup_(free_string) char *why = NULL;
        TRY(stage_holder(registry, rollback->model, rollback->stage, *steps, &rollback->to, &held,
                         err));
        if (!held)
            return fail_nothing(options, rollback, err);
        if (options->to && !str_equal(rollback->to.bundle, wanted.bundle))
            continue;
        if (str_equal(rollback->to.bundle, rollback->from.bundle))
            continue; /* it was there twice: that would be no way back */
        TRY(judge_candidate(registry, view, &rollback->to, rollback->stage, &why, err));
        if (!why)
            return MLOPS_OK;
        if (options->to) {
            mlops_fail(err, MLOPS_REFUSED, "%s@%llu does not come back: %s", rollback->model,
                       (unsigned long long)rollback->to.number, why);
            return mlops_hint(err, "go back further, with --to");
        }
        rollback->skipped++;
    }
}

/* Where the stage is and where it goes, in one view of the registry. */
static int look(struct mlops_registry *registry, const struct mlops_rollback_options *options,
                struct mlops_rollback *rollback, struct view *view, uint64_t *steps,
                struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct mlops_version newest;
    bool held;
    log_head_foresee(registry);
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(mlops_version_resolve(registry, options->model, &newest, err)); /* is there such a model? */
    str_copy(rollback->model, sizeof(rollback->model), newest.model);
    TRY(stage_holder(registry, rollback->model, rollback->stage, 0, &rollback->from, &held, err));
    if (!held)
        return mlops_fail(err, MLOPS_NOT_FOUND, "nothing is in %s of %s", rollback->stage,
                          rollback->model);
    TRY(view_open(registry, rollback, view, err));
    return count_steps(registry, view, options, rollback, steps, err);
}

/* As of a promotion: whoever finds it moved at the head of the line has looked at nothing in
 * vain. */
static int line_up(struct mlops_registry *registry, const char *model, const char *stage,
                   struct stage_line *line, struct mlops_error *err)
{
    struct mlops_version from;
    bool held;
    TRY(stage_holder(registry, model, stage, 0, &from, &held, err));
    return held ? stage_line_up(registry, model, stage, from.number, line, err) : MLOPS_OK;
}

/* `*alerting`: is there an open alert? Nothing known is no answer. */
static int check_alerts(struct mlops_registry *registry, const struct mlops_rollback *rollback,
                        int64_t now_ns, bool *alerting, struct mlops_error *err)
{
    _cleanup_(health_clear) struct health health = {0};
    TRY(health_read(registry, rollback->from.bundle, rollback->stage, 0, now_ns, &health, err));
    *alerting = health.open_alerts > 0;
    if (health.known)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "whether %s@%llu is alerting is not known: %s",
               rollback->model, (unsigned long long)rollback->from.number, health.why);
    return mlops_hint(err, "roll back without --if-alerting, or see to it that its monitor runs");
}

/* The signature that the stage's policy demands still holds: keys may have been revoked since. */
static int check_signature(struct mlops_registry *registry, const struct view *view,
                           const struct mlops_version *version, const struct manifest *manifest,
                           struct mlops_error *err)
{
    struct mlops_gate_result result = {.passed = false};
    if (!view->demands || !view->demands->signed_by)
        return MLOPS_OK;
    struct gate_context context = {.registry = registry,
                                   .trusted = &view->trusted,
                                   .demands = view->demands,
                                   .version = version,
                                   .manifest = manifest,
                                   .now_ns = view->now_ns};
    TRY(gate_signature(&context, &result, err));
    _cleanup_(free_string) char *detail = result.detail;
    if (result.passed)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INTEGRITY, "%s@%llu has no signature that its stage demands: %s",
                      version->model, (unsigned long long)version->number, detail);
}

/* Going back to something that is no longer whole would be no rescue. */
static int check_target(struct mlops_registry *registry, const struct view *view,
                        const struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version same;
    int code = manifest_load(registry, version->bundle, &same, &manifest, NULL, err);
    if (code == MLOPS_OK)
        code = whole_check(registry, version, &manifest, err);
    if (code == MLOPS_OK)
        return check_signature(registry, view, version, &manifest, err);
    if (code == MLOPS_INTEGRITY)
        return mlops_hint(err, "go back further with '--to', or put the damaged pack files back "
                               "from a backup");
    return code;
}

/* stage_pop compares the top; what lies below it must be what was looked at, too. */
static int check_unmoved(struct mlops_registry *registry, const struct mlops_rollback *rollback,
                         uint64_t steps, struct mlops_error *err)
{
    struct mlops_version below;
    bool held;
    TRY(stage_holder(registry, rollback->model, rollback->stage, steps, &below, &held, err));
    if (held && str_equal(below.bundle, rollback->to.bundle))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_CONFLICT, "%s of %s was moved meanwhile", rollback->stage,
               rollback->model);
    return mlops_hint(err, "look with 'mlops log %s --stage %s', then try again", rollback->model,
                      rollback->stage);
}

int mlops_rollback_stage(struct mlops_registry *registry,
                         const struct mlops_rollback_options *options,
                         struct mlops_rollback *rollback, struct mlops_error *err)
{
    const char *stage = options->stage ? options->stage : "production";
    _cleanup_(stage_line_leave) struct stage_line line = {.name = NULL};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(view_clear) struct view view = {.now_ns = 0};
    bool alerting = true;
    uint64_t steps = 0;
    *rollback = (struct mlops_rollback){0};
    TRY(name_check("model", options->model, err));
    TRY(stage_name_check(stage, err));
    str_copy(rollback->stage, sizeof(rollback->stage), stage);
    TRY(line_up(registry, options->model, stage, &line, err));
    TRY(look(registry, options, rollback, &view, &steps, err));
    TRY(stage_line_check(&line, rollback->model, stage, rollback->from.number, err));
    if (options->if_alerting)
        TRY(check_alerts(registry, rollback, view.now_ns, &alerting, err));
    if (!alerting)
        return MLOPS_OK;
    TRY(check_target(registry, &view, &rollback->to, err));
    struct hook_event event = {.action = "rollback",
                               .model = rollback->model,
                               .bundle = rollback->to.bundle,
                               .stage = rollback->stage,
                               .reason = options->reason,
                               .version = rollback->to.number,
                               .previous = rollback->from.number};
    TRY(hook_before(registry, &event, err));
    TRY(stage_begin(registry, rollback->model, rollback->stage, rollback->from.number, &tx, err));
    TRY(check_unmoved(registry, rollback, steps, err));
    TRY(stage_pop(tx, rollback->model, rollback->stage, rollback->from.number, steps,
                  options->reason, err));
    rollback->entry = transaction_entry(tx);
    TRY(transaction_commit(TAKE_PTR(tx), err));
    rollback->moved = true;
    event.entry = rollback->entry + 1;
    hook_after(registry, &event);
    return MLOPS_OK;
}
