/* lib/bundle/publish.c - objects first, then the row that makes them reachable. */
#include "bundle/publish.h"
#include "bundle/reach.h"

int bundle_publish(struct mlops_registry *registry, struct store_writer *writer, uint64_t round,
                   bool registers, const struct buffer *manifest, struct mlops_package *package,
                   bool *gone, struct mlops_error *err)
{
    struct store_added added;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(store_writer_publish(writer, &added, err));
    package->new_bytes = added.new_bytes;
    if (registers)
        TRY(version_announce(registry, package->bundle, package->model, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    TRY(reach_save(tx, registry, package->bundle, round, gone, err));
    if (*gone)
        return MLOPS_OK;
    if (registers)
        TRY(version_register(tx, package->bundle, manifest, &package->version, &package->created,
                             err));
    return transaction_commit(TAKE_PTR(tx), err);
}
