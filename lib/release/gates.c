/* lib/release/gates.c - the table of gates, and all of them judged in one view of the registry. */
#include "release/gates.h"
#include "base/clock.h"

/* ---- which demand asks for which gate ------------------------------------------------------ */

static bool wants_tests(const struct gate_context *context)
{
    const struct policy_stage *demands = context->demands;
    return demands->all_suites || demands->suites || demands->kinds;
}

static bool wants_requirements(const struct gate_context *context)
{
    return context->demands->requirements;
}

static bool wants_thresholds(const struct gate_context *context)
{
    return context->demands->metric_count > 0;
}

static bool wants_evaluation(const struct gate_context *context)
{
    return context->demands->evaluation != NULL;
}

static bool wants_scan(const struct gate_context *context)
{
    return context->demands->scan != POLICY_SCAN_NONE;
}

static bool wants_signature(const struct gate_context *context)
{
    return context->demands->signed_by != 0;
}

static bool wants_approvals(const struct gate_context *context)
{
    return context->demands->approvals > 0;
}

static bool wants_rolled_back(const struct gate_context *context)
{
    return context->standing->left > 0;
}

static bool wants_git(const struct gate_context *context)
{
    return context->demands->clean_git;
}

static bool wants_lineage(const struct gate_context *context)
{
    return context->demands->lineage;
}

static bool wants_environment(const struct gate_context *context)
{
    return context->demands->pinned;
}

static bool wants_challenge(const struct gate_context *context)
{
    return context->demands->challenge.demanded;
}

static bool wants_soak(const struct gate_context *context)
{
    return context->demands->from.stage != NULL;
}

static bool wants_window(const struct gate_context *context)
{
    return context->demands->window_count > 0;
}

static bool wants_freeze(const struct gate_context *context)
{
    return freeze_find(context->freezes, context->stage) != NULL;
}

/* A newcomer adds a row. `timely`: about when, not about what. */
static const struct {
    const char *name;
    bool (*wanted)(const struct gate_context *context);
    gate_judge judge;
    bool timely;
} gates[] = {
    {"tests", wants_tests, gate_tests, false},
    {"metrics", wants_requirements, gate_requirements, false},
    {"thresholds", wants_thresholds, gate_thresholds, false},
    {"evaluation", wants_evaluation, gate_evaluation, false},
    {"scan", wants_scan, gate_scan, false},
    {"signature", wants_signature, gate_signature, false},
    {"approvals", wants_approvals, gate_approvals, false},
    {"rolled-back", wants_rolled_back, gate_rolled_back, false},
    {"git", wants_git, gate_git, false},
    {"lineage", wants_lineage, gate_lineage, false},
    {"environment", wants_environment, gate_environment, false},
    {"challenge", wants_challenge, gate_challenge, false},
    {"soak", wants_soak, gate_soak, true},
    {"window", wants_window, gate_window, true},
    {"freeze", wants_freeze, gate_freeze, true},
};

/* NULL-terminated: what `--pass` may name. */
const char *const *mlops_gate_names(void)
{
    static const char *const names[] = {"tests", "metrics",   "thresholds",  "evaluation",
                                        "scan",  "signature", "approvals",   "rolled-back",
                                        "git",   "lineage",   "environment", "challenge",
                                        "soak",  "window",    "freeze",      NULL};
    _Static_assert(ARRAY_LENGTH(names) == ARRAY_LENGTH(gates) + 1, "every gate has its name here");
    return names;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int judge_all(const struct gate_context *context, bool any_time, struct gates_result *result,
                     struct mlops_error *err)
{
    result->gates = xcalloc(ARRAY_LENGTH(gates), sizeof(*result->gates));
    result->passed = true;
    for (size_t i = 0; i < ARRAY_LENGTH(gates); i++) {
        if ((any_time && gates[i].timely) || !gates[i].wanted(context))
            continue;
        struct mlops_gate_result *gate = &result->gates[result->count++];
        str_copy(gate->gate, sizeof(gate->gate), gates[i].name);
        if (gates[i].judge(context, gate, err))
            return mlops_wrap(err, "gate '%s'", gates[i].name);
        result->passed = result->passed && gate->passed;
    }
    return MLOPS_OK;
}

static int find_demands(struct gate_context *context, const struct policy *policy,
                        struct mlops_error *err)
{
    context->demands = policy_stage_find(policy, context->stage);
    if (context->demands)
        return MLOPS_OK;
    _cleanup_(free_string) char *name = in_force_name(context->in_force);
    _cleanup_(free_string) char *names = policy_stage_names(policy);
    mlops_fail(err, MLOPS_INVALID, "'%s' is no stage of %s", context->stage, name);
    return mlops_hint(err, "its stages are %s", names);
}

static void note_policy(const struct in_force *in_force, struct gates_result *result)
{
    _cleanup_(free_string) char *name = in_force_name(in_force);
    str_copy(result->policy, sizeof(result->policy), name);
    str_copy(result->policy_model, sizeof(result->policy_model), in_force->model);
    str_copy(result->policy_sha256, sizeof(result->policy_sha256), in_force->sha256);
    result->policy_number = in_force->number;
    result->policy_entry = in_force->entry;
}

static int read_and_judge(struct mlops_registry *registry, const struct gates_options *options,
                          struct gates_result *result, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list trusted = {0};
    _cleanup_(in_force_clear) struct in_force in_force = {.number = 0};
    _cleanup_(standing_clear) struct standing standing = {0};
    _cleanup_(freeze_list_clear) struct freeze_list freezes = {0};
    _cleanup_(judge_free_ptr) struct judge *judge = judge_new(registry, options->version);
    const char *model = options->version->model;
    struct log_view view;
    uint64_t last;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    struct gate_context context = {.registry = registry,
                                   .view = &view,
                                   .trusted = &trusted,
                                   .in_force = &in_force,
                                   .version = options->version,
                                   .stage = options->stage,
                                   .manifest = options->manifest,
                                   .standing = &standing,
                                   .freezes = &freezes,
                                   .judge = judge,
                                   .now_ns = options->now_ns ? options->now_ns : clock_now_ns()};
    result->log_size = view.checkpoint.size;
    TRY(trusted_read(&view, &trusted, &last, err));
    TRY(in_force_read(&view, &trusted, model, &in_force, err));
    note_policy(&in_force, result);
    TRY(find_demands(&context, options->policy ? options->policy : &in_force.policy, err));
    TRY(standing_read(registry, &view, &trusted, options->version, options->stage, context.now_ns,
                      &standing, err));
    TRY(freeze_read(&view, &trusted, model, context.now_ns, &freezes, err));
    return judge_all(&context, options->any_time, result, err);
}

int gates_judge(struct mlops_registry *registry, const struct gates_options *options,
                struct gates_result *result, struct mlops_error *err)
{
    *result = (struct gates_result){.count = 0};
    int code = read_and_judge(registry, options, result, err);
    if (code == MLOPS_OK)
        return code;
    gates_free(result->gates, result->count);
    *result = (struct gates_result){.count = 0};
    return code;
}

void gates_free(struct mlops_gate_result *gates_of, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(gates_of[i].detail);
        strings_free(gates_of[i].evidence);
    }
    free(gates_of);
}
