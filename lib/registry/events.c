/* lib/registry/events.c - the log handed out entry by entry, as it grows. */
#include "base/clock.h"
#include "registry/reference.h"
#include <mlops/catalog.h>

#define BATCH 1000 /* entries that are read in one snapshot: writers' log must not wait for us */

static int check_cancelled(const struct mlops_registry *registry, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);

    if (observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while waiting for what happens");
    return MLOPS_OK;
}

/* Entries from `*next` on, at most BATCH; `*next` becomes the index after the last one. */
static int hand_out(struct mlops_registry *registry, const struct mlops_events_options *options,
                    uint64_t *next, uint64_t *count, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    *count = 0;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT position, entry FROM audit WHERE position >= $1 "
                 "AND ($2 = '' OR model = $2) ORDER BY position LIMIT $3",
                 DB_I64(*next), DB_TEXT(options->model ? options->model : ""), DB_I64(BATCH)));
    for (;; ++*count) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        *next = (uint64_t)db_i64(rows, 0) + 1;
        TRY(options->take(options->context, db_string(rows, 1), err));
    }
}

int mlops_events(struct mlops_registry *registry, const struct mlops_events_options *options,
                 struct mlops_error *err)
{
    uint64_t next = options->since, count;

    if (next > INT64_MAX)
        return MLOPS_OK;
    if (options->model)
        TRY(model_check_known(registry->db, options->model, err));
    for (;;) {
        TRY(check_cancelled(registry, err));
        TRY(hand_out(registry, options, &next, &count, err));
        if (count == BATCH)
            continue;
        if (!options->follow)
            return MLOPS_OK;
        (void)clock_rest(registry_observer(registry), options->interval_ns);
    }
}
