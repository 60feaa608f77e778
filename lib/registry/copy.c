/* lib/registry/copy.c - a whole registry moved to another engine: packs first, then rows at once. */
#include "registry/copy_rows.h"
#include "registry/log_tree.h"
#include "registry/registry.h"
#include "store/copy.h"
#include <mlops/maintenance.h>

static int refuse(const struct mlops_registry *to, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_CONFLICT, "the registry %s holds something already", to->location);
    return mlops_hint(err, "a registry is copied into an empty one, as 'mlops init' makes it");
}

/* The rows, as of one moment, and the packs that have come by then; `to` has all of them or none. */
static int copy_all(struct mlops_registry *from, struct mlops_registry *to,
                    struct mlops_registry_copied *copied, struct store_copied *packs,
                    struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct store *ours, *theirs;
    enum copy_state state;

    TRY(registry_store(from, &theirs, err));
    TRY(registry_store(to, &ours, err));
    TRY(store_copy_packs(theirs, ours, true, packs, err));
    TRY(snapshot_begin(from, &snapshot, err));
    TRY(transaction_begin(to, &tx, err));
    TRY(registry_copy_state(from, to, &state, err)); /* nobody writes to it from here on */
    if (state != COPY_EMPTY)
        return refuse(to, err);
    TRY(registry_copy_rows(from, to, &copied->rows, err));
    TRY(store_copy_packs(theirs, ours, false, packs, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_registry_copy(struct mlops_registry *from, struct mlops_registry *to,
                        struct mlops_registry_copied *copied, struct mlops_error *err)
{
    struct store_copied packs = {0};
    enum copy_state state;

    *copied = (struct mlops_registry_copied){0};
    TRY(registry_copy_state(from, to, &state, err));
    if (state == COPY_OTHER)
        return refuse(to, err);
    if (!log_key_fits(from)) {
        mlops_fail(err, MLOPS_INVALID, "the key of the log of %s is not at hand", from->location);
        return mlops_hint(err, "the copy is to go on with the same log: put log.key into that "
                               "folder, or name it with MLOPS_LOG_KEY");
    }
    copied->present = state == COPY_DONE;
    if (!copied->present)
        TRY(copy_all(from, to, copied, &packs, err));
    copied->packs = packs.packs;
    copied->bytes = packs.bytes;
    return registry_copy_key(from, to, err);
}
