/* lib/release/promote.c - a version into a stage, through the gates. */
#include "base/json.h"
#include "registry/registry.h"
#include "release/gates.h"
#include "release/whole.h"

/* The version number that the stage holds; 0 where it is empty. */
static int holder_number(struct mlops_registry *registry, const char *model, const char *stage,
                         uint64_t *number, struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    *number = 0;
    TRY(mlops_stage_list(registry, model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].stage, stage))
            *number = list.items[i].version.number;
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

static int gates_to_detail(const struct mlops_promotion *promotion, struct buffer *detail,
                           struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    cJSON *array = json_add_array(json, "gates");
    for (size_t i = 0; i < promotion->gate_count; i++) {
        cJSON *gate = cJSON_CreateObject();
        json_add_string(gate, "gate", promotion->gates[i].gate);
        json_add_bool(gate, "passed", promotion->gates[i].passed);
        json_add_string(gate, "detail", promotion->gates[i].detail);
        cJSON_AddItemToArray(array, gate);
    }
    return json_write_canonical(json, detail, err);
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

static int swap(struct mlops_registry *registry, const struct mlops_promote_options *options,
                uint64_t expected, struct mlops_promotion *promotion, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(buffer_clear) struct buffer detail = {0};
    TRY(gates_to_detail(promotion, &detail, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(stage_push(tx, &promotion->version, options->stage, expected, options->reason, detail.data,
                   err));
    TRY(transaction_commit(TAKE_PTR(tx), err));
    promotion->promoted = true;
    return MLOPS_OK;
}

static int check_registered(const struct mlops_version *version, struct mlops_error *err)
{
    if (version->number != 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "%.23s… is not registered", version->bundle);
    return mlops_hint(err, "run 'mlops register %.23s' first", version->bundle);
}

int mlops_promote(struct mlops_registry *registry, const struct mlops_promote_options *options,
                  struct mlops_promotion *promotion, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    uint64_t expected;
    bool passed;
    *promotion = (struct mlops_promotion){0};
    TRY(stage_name_check(options->stage, err));
    str_copy(promotion->stage, sizeof(promotion->stage), options->stage);
    TRY(manifest_load(registry, options->ref, &promotion->version, &manifest, NULL, err));
    TRY(check_registered(&promotion->version, err));
    TRY(holder_number(registry, promotion->version.model, options->stage, &promotion->previous,
                      err));
    expected = promotion->previous;
    if (options->expect)
        TRY(expected_number(registry, options->expect, promotion->version.model, &expected, err));
    TRY(check_expected(registry, promotion, expected, err));
    promotion->previous = expected;
    promotion->already = expected == promotion->version.number;
    if (promotion->already)
        return MLOPS_OK;
    TRY(whole_check(registry, &promotion->version, &manifest, err));
    TRY(gates_judge(registry, &promotion->version, &manifest, promotion, &passed, err));
    if (!passed || options->dry_run)
        return MLOPS_OK;
    return swap(registry, options, expected, promotion, err);
}

void mlops_promotion_clear(struct mlops_promotion *promotion)
{
    for (size_t i = 0; i < promotion->gate_count; i++)
        free(promotion->gates[i].detail);
    free(promotion->gates);
    *promotion = (struct mlops_promotion){0};
}
