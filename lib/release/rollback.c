/* lib/release/rollback.c - a stage back to what was there before. */
#include "bundle/manifest.h"
#include "registry/registry.h"
#include "release/whole.h"
#include <mlops/release.h>

/* The version that `--to` names; it must be another one than the stage holds. */
static int find_wanted(struct transaction *tx, const struct mlops_rollback_options *options,
                       const struct mlops_rollback *rollback, struct mlops_version *wanted,
                       struct mlops_error *err)
{
    if (!options->to)
        return MLOPS_OK;
    TRY(version_resolve(tx, options->to, wanted, err));
    if (str_equal(wanted->bundle, rollback->from.bundle))
        return mlops_fail(err, MLOPS_INVALID, "%s of %s holds @%llu already", rollback->stage,
                          rollback->model, (unsigned long long)wanted->number);
    return MLOPS_OK;
}

/* How many steps below the top the version to go back to stands. */
static int count_steps(struct transaction *tx, const struct mlops_rollback_options *options,
                       struct mlops_rollback *rollback, uint64_t *steps, struct mlops_error *err)
{
    struct mlops_version wanted = {0};
    bool held;
    TRY(find_wanted(tx, options, rollback, &wanted, err));
    for (*steps = 1;; (*steps)++) {
        TRY(stage_holder(tx, rollback->model, rollback->stage, *steps, &rollback->to, &held, err));
        if (held && (!options->to || str_equal(rollback->to.bundle, wanted.bundle)))
            return MLOPS_OK;
        if (held)
            continue;
        if (options->to)
            mlops_fail(err, MLOPS_NOT_FOUND, "%s was not in %s of %s before", options->to,
                       rollback->stage, rollback->model);
        else
            mlops_fail(err, MLOPS_NOT_FOUND, "nothing was in %s of %s before @%llu",
                       rollback->stage, rollback->model, (unsigned long long)rollback->from.number);
        return mlops_hint(err,
                          "'mlops log %s --stage %s' shows what was there; what never was "
                          "can be promoted",
                          rollback->model, rollback->stage);
    }
}

/* Where the stage is and where it goes, in one view of the registry. */
static int look(struct mlops_registry *registry, const struct mlops_rollback_options *options,
                struct mlops_rollback *rollback, uint64_t *steps, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct mlops_version newest;
    bool held;
    TRY(transaction_begin(registry, &tx, err));
    TRY(version_resolve(tx, options->model, &newest, err)); /* is there such a model? */
    str_copy(rollback->model, sizeof(rollback->model), newest.model);
    TRY(stage_holder(tx, rollback->model, rollback->stage, 0, &rollback->from, &held, err));
    if (!held)
        return mlops_fail(err, MLOPS_NOT_FOUND, "nothing is in %s of %s", rollback->stage,
                          rollback->model);
    return count_steps(tx, options, rollback, steps, err);
}

/* Going back to something that is no longer whole would be no rescue. */
static int check_target(struct mlops_registry *registry, const struct mlops_version *version,
                        struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version same;
    int code = manifest_load(registry, version->bundle, &same, &manifest, NULL, err);
    if (code == MLOPS_OK)
        code = whole_check(registry, version, &manifest, err);
    if (code == MLOPS_INTEGRITY)
        return mlops_hint(err, "go back further with '--to', or put the damaged pack files back "
                               "from a backup");
    return code;
}

/* stage_pop compares the top; what lies below it must be what was looked at, too. */
static int check_unmoved(struct transaction *tx, const struct mlops_rollback *rollback,
                         uint64_t steps, struct mlops_error *err)
{
    struct mlops_version below;
    bool held;
    TRY(stage_holder(tx, rollback->model, rollback->stage, steps, &below, &held, err));
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
    uint64_t steps;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    *rollback = (struct mlops_rollback){0};
    TRY(name_check("model", options->model, err));
    TRY(stage_name_check(stage, err));
    str_copy(rollback->stage, sizeof(rollback->stage), stage);
    TRY(look(registry, options, rollback, &steps, err));
    TRY(check_target(registry, &rollback->to, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(check_unmoved(tx, rollback, steps, err));
    TRY(stage_pop(tx, rollback->model, rollback->stage, rollback->from.number, steps,
                  options->reason, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
