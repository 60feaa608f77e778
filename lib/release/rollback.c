/* lib/release/rollback.c - a stage back to what was there before. */
#include "bundle/manifest.h"
#include "registry/registry.h"
#include "store/store.h"
#include <mlops/release.h>

/* How many steps below the top `to` stands; 1 where it is not given. */
static int count_steps(struct transaction *tx, const struct mlops_rollback_options *options,
                       struct mlops_rollback *rollback, uint64_t *steps, struct mlops_error *err)
{
    struct mlops_version wanted = {0};
    bool held;
    if (options->to)
        TRY(version_resolve(tx, options->to, &wanted, err));
    for (*steps = 1;; (*steps)++) {
        TRY(stage_holder(tx, rollback->model, rollback->stage, *steps, &rollback->to, &held, err));
        if (!held && options->to)
            return mlops_fail(err, MLOPS_NOT_FOUND, "%s was never in %s of %s before", options->to,
                              rollback->stage, rollback->model);
        if (!held)
            return mlops_fail(err, MLOPS_NOT_FOUND, "nothing was in %s of %s before @%llu",
                              rollback->stage, rollback->model,
                              (unsigned long long)rollback->from.number);
        if (!options->to || str_equal(rollback->to.bundle, wanted.bundle))
            return MLOPS_OK;
    }
}

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
static int check_whole(struct mlops_registry *registry, const struct mlops_version *version,
                       struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version same;
    struct store *store;
    TRY(manifest_load(registry, version->bundle, &same, &manifest, NULL, err));
    TRY(registry_store(registry, &store, err));
    for (size_t i = 0; i < manifest.file_count; i++) {
        bool has = true;
        if (manifest.files[i].kind == MANIFEST_FILE)
            TRY(store_has(store, &manifest.files[i].digest, &has, err));
        if (!has)
            return mlops_fail(err, MLOPS_INTEGRITY, "'%s' of %s@%llu is not in the store",
                              manifest.files[i].path, version->model,
                              (unsigned long long)version->number);
    }
    return MLOPS_OK;
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
    TRY(stage_name_check(stage, err));
    str_copy(rollback->stage, sizeof(rollback->stage), stage);
    TRY(look(registry, options, rollback, &steps, err));
    TRY(check_whole(registry, &rollback->to, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(check_unmoved(tx, rollback, steps, err));
    TRY(stage_pop(tx, rollback->model, rollback->stage, rollback->from.number, steps,
                  options->reason, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
