/* lib/release/promote.c - a version into a stage, through the gates. */
#include "base/clock.h"
#include "base/json.h"
#include "registry/db.h"
#include "registry/hook.h"
#include "registry/log_head.h"
#include "registry/log_view.h"
#include "registry/registry.h"
#include "release/emergency.h"
#include "release/gates.h"
#include "release/whole.h"

/* The version number that the stage holds; 0 where it is empty. */
static int holder_number(struct mlops_registry *registry, const char *model, const char *stage,
                         uint64_t *number, struct mlops_error *err)
{
    struct mlops_version holder;
    bool held;
    TRY(stage_holder(registry, model, stage, 0, &holder, &held, err));
    *number = held ? holder.number : 0;
    return MLOPS_OK;
}

/* What `--expect` names, as a version number of the same model. */
static int expected_number(struct mlops_registry *registry, const char *expect, const char *model,
                           uint64_t *number, struct mlops_error *err)
{
    struct mlops_version version;
    *number = 0;
    if (str_equal(expect, "none"))
        return MLOPS_OK;
    if (mlops_version_resolve(registry, expect, &version, err))
        return mlops_wrap(err, "the expected version");
    if (version.number == 0 || !str_equal(version.model, model))
        return mlops_fail(err, MLOPS_INVALID, "the expected '%s' is not a version of %s", expect,
                          model);
    *number = version.number;
    return MLOPS_OK;
}

/* Does the stage hold something else than was expected? Pushing tells, with who put it there; what
 * is not committed did not happen. */
static int check_expected(struct mlops_registry *registry, const struct mlops_promotion *promotion,
                          uint64_t expected, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    if (promotion->previous == expected)
        return MLOPS_OK;
    TRY(transaction_begin(registry, &tx, err));
    return stage_push(tx, &promotion->version, promotion->stage, expected, NULL, NULL, err);
}

/* ---- judging ------------------------------------------------------------------------------- */

/* One promotion under way. */
struct attempt {
    struct mlops_registry *registry;
    const struct mlops_promote_options *options;
    struct mlops_promotion *promotion;
    struct snapshot snapshot; /* of the first look, up to the judgement */
    struct manifest manifest;
    struct gates_result judged;
    struct emergency emergency;
    uint64_t expected;
};

static void attempt_clear(struct attempt *attempt)
{
    snapshot_end(&attempt->snapshot);
    manifest_clear(&attempt->manifest);
    gates_free(attempt->judged.gates, attempt->judged.count);
    emergency_clear(&attempt->emergency);
}

static int judge(struct attempt *attempt, struct mlops_error *err)
{
    gates_free(attempt->judged.gates, attempt->judged.count);
    attempt->judged = (struct gates_result){.count = 0};
    TRY(gates_judge(attempt->registry,
                    &(struct gates_options){.version = &attempt->promotion->version,
                                            .manifest = &attempt->manifest,
                                            .stage = attempt->options->stage},
                    &attempt->judged, err));
    emergency_pass(&attempt->emergency, &attempt->judged);
    return MLOPS_OK;
}

#define CHANGED_SQL "SELECT 1 FROM audit WHERE position >= $1 AND model IN ('', $2) LIMIT 1"

static void foresee_changed(const struct attempt *attempt)
{
    db_foresee(registry_db(attempt->registry), CHANGED_SQL, DB_I64(attempt->judged.log_size),
               DB_TEXT(attempt->promotion->version.model));
}

/* Did anything happen since the judgement that a gate may have an opinion on? */
static int check_unchanged(struct transaction *tx, const struct attempt *attempt, bool *unchanged,
                           struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(transaction_db(tx), &rows, err, CHANGED_SQL, DB_I64(attempt->judged.log_size),
                 DB_TEXT(attempt->promotion->version.model)));
    TRY(db_step(rows, &any, err));
    *unchanged = !any;
    return MLOPS_OK;
}

static void add_policy(cJSON *json, const struct gates_result *judged)
{
    cJSON *policy = json_add_object(json, "policy");
    json_add_string(policy, "model", judged->policy_model);
    json_add_u64(policy, "number", judged->policy_number);
    json_add_string(policy, "sha256", judged->policy_sha256);
    if (judged->policy_number)
        json_add_u64(policy, "entry", judged->policy_entry);
}

/* What the log keeps: each gate with its evidence, by which policy, and who passed which. */
static int write_detail(const struct attempt *attempt, struct buffer *detail,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    const struct gates_result *judged = &attempt->judged;
    cJSON *array = json_add_array(json, "gates");
    for (size_t i = 0; i < judged->count; i++) {
        cJSON *gate = cJSON_CreateObject();
        json_add_string(gate, "gate", judged->gates[i].gate);
        json_add_bool(gate, "passed", judged->gates[i].passed);
        if (judged->gates[i].emergency)
            json_add_bool(gate, "emergency", true);
        json_add_string(gate, "detail", judged->gates[i].detail);
        cJSON_AddItemToArray(array, gate);
    }
    add_policy(json, judged);
    emergency_write(&attempt->emergency, judged, json);
    return json_write_canonical(json, detail, err);
}

/* ---- moving -------------------------------------------------------------------------------- */

static int push(struct transaction *tx, struct attempt *attempt, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer detail = {0};
    _cleanup_(free_string) char *reason =
        emergency_reason(&attempt->emergency, &attempt->judged, attempt->options->reason);
    TRY(write_detail(attempt, &detail, err));
    return stage_push(tx, &attempt->promotion->version, attempt->options->stage, attempt->expected,
                      reason, detail.data, err);
}

/* Judge again where the registry moved on, now with everybody else kept out. */
static int swap(struct attempt *attempt, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct mlops_promotion *promotion = attempt->promotion;
    bool unchanged;
    foresee_changed(attempt);
    TRY(stage_begin(attempt->registry, promotion->version.model, attempt->options->stage,
                    attempt->expected, &tx, err));
    TRY(check_unchanged(tx, attempt, &unchanged, err));
    if (!unchanged)
        TRY(judge(attempt, err));
    if (!attempt->judged.passed)
        return MLOPS_OK;
    TRY(push(tx, attempt, err));
    promotion->entry = transaction_entry(tx);
    TRY(transaction_commit(TAKE_PTR(tx), err));
    promotion->promoted = true;
    TRY(mlops_log_checkpoint(attempt->registry, &promotion->checkpoint, err));
    return mlops_log_prove(attempt->registry, promotion->entry, &promotion->proof, NULL, err);
}

/* What the caller sees of the gates, whichever way it ended. */
static void hand_over(struct attempt *attempt)
{
    struct mlops_promotion *promotion = attempt->promotion;
    promotion->gates = TAKE_PTR(attempt->judged.gates);
    promotion->gate_count = attempt->judged.count;
    attempt->judged.count = 0;
    str_copy(promotion->policy, sizeof(promotion->policy), attempt->judged.policy);
    for (size_t i = 0; i < promotion->gate_count; i++)
        promotion->emergency = promotion->emergency || promotion->gates[i].emergency;
}

static int attempt_promotion(struct attempt *attempt, struct mlops_error *err)
{
    struct mlops_promotion *promotion = attempt->promotion;
    const struct mlops_promote_options *options = attempt->options;
    TRY(whole_check(attempt->registry, &promotion->version, &attempt->manifest, err));
    if (options->pass)
        snapshot_end(&attempt->snapshot); /* somebody may be asked for a passphrase */
    TRY(emergency_open(attempt->registry, options, &promotion->version, &attempt->emergency, err));
    TRY(judge(attempt, err));
    snapshot_end(&attempt->snapshot);
    struct hook_event event = {.action = "promote",
                               .model = promotion->version.model,
                               .bundle = promotion->version.bundle,
                               .stage = options->stage,
                               .reason = options->reason,
                               .version = promotion->version.number,
                               .previous = promotion->previous};
    bool goes = attempt->judged.passed && !options->dry_run;
    int code = goes ? hook_before(attempt->registry, &event, err) : MLOPS_OK;
    if (goes && code == MLOPS_OK)
        code = swap(attempt, err);
    hand_over(attempt);
    event.entry = promotion->entry + 1;
    if (code == MLOPS_OK && promotion->promoted)
        hook_after(attempt->registry, &event);
    return code;
}

/* Those who race for a stage know what they have seen in it before anything is judged: most have
 * lost when it is their turn, and are told at once. What is to be shown or expected is not raced
 * for. */
static int line_up(struct attempt *attempt, struct stage_line *line, struct mlops_error *err)
{
    const struct mlops_promote_options *options = attempt->options;
    struct mlops_version version;
    uint64_t number;
    if (options->dry_run || options->expect)
        return MLOPS_OK;
    TRY(snapshot_begin(attempt->registry, &attempt->snapshot, err));
    TRY(mlops_version_resolve(attempt->registry, options->ref, &version, err));
    TRY(holder_number(attempt->registry, version.model, options->stage, &number, err));
    snapshot_end(&attempt->snapshot);
    if (version.number == 0 || version.number == number)
        return MLOPS_OK;
    return stage_line_up(attempt->registry, version.model, options->stage, number, line, err);
}

int mlops_promote(struct mlops_registry *registry, const struct mlops_promote_options *options,
                  struct mlops_promotion *promotion, struct mlops_error *err)
{
    _cleanup_(stage_line_leave) struct stage_line line = {.name = NULL};
    _cleanup_(attempt_clear) struct attempt attempt = {
        .registry = registry, .options = options, .promotion = promotion};
    uint64_t expected;
    *promotion = (struct mlops_promotion){0};
    TRY(stage_name_check(options->stage, err));
    str_copy(promotion->stage, sizeof(promotion->stage), options->stage);
    TRY(line_up(&attempt, &line, err));
    log_head_foresee(registry);
    TRY(snapshot_begin(registry, &attempt.snapshot, err));
    TRY(manifest_load(registry, options->ref, &promotion->version, &attempt.manifest, NULL, err));
    TRY(version_check_registered(&promotion->version, err));
    log_view_foresee_version(registry, promotion->version.model, promotion->version.number);
    TRY(version_check_in_use(registry, &promotion->version, err));
    TRY(holder_number(registry, promotion->version.model, options->stage, &promotion->previous,
                      err));
    expected = promotion->previous;
    if (options->expect)
        TRY(expected_number(registry, options->expect, promotion->version.model, &expected, err));
    if (promotion->previous != expected)
        snapshot_end(&attempt.snapshot);
    TRY(stage_line_check(&line, promotion->version.model, options->stage, expected, err));
    TRY(check_expected(registry, promotion, expected, err));
    promotion->previous = expected;
    promotion->already = expected == promotion->version.number;
    if (promotion->already)
        return MLOPS_OK;
    attempt.expected = expected;
    return attempt_promotion(&attempt, err);
}

void mlops_promotion_clear(struct mlops_promotion *promotion)
{
    gates_free(promotion->gates, promotion->gate_count);
    mlops_checkpoint_clear(&promotion->checkpoint);
    free(promotion->proof);
    *promotion = (struct mlops_promotion){0};
}
