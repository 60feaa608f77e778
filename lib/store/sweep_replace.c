/* lib/store/sweep_replace.c - new packs in the place of wasteful ones. */
#include "base/pool.h"
#include "store/pack_writer.h"
#include "store/sweep.h"
#include "store/visit.h"
#include <stdatomic.h>

#define WORKERS_MAX 64

/* ---- progress -------------------------------------------------------------------------------- */

static int check_in(const struct sweep *sweep, const char *activity, size_t done, size_t total,
                    struct mlops_error *err)
{
    const struct mlops_observer *observer = sweep->store->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while %s", activity);
    if (observer && observer->progress)
        observer->progress(observer->context, activity, done, total);
    return MLOPS_OK;
}

/* ---- copies ---------------------------------------------------------------------------------- */

struct replacing {
    struct sweep *sweep;
    void (*warn)(void *context, const char *message);
    void *context;
    struct visitor *visitors[WORKERS_MAX]; /* a worker's own */
    char **failures;                       /* for each pack: why it must be kept, or NULL */
    atomic_size_t done;
};

static bool is_replaced(const struct sweep_pack *pack)
{
    return pack->fate == SWEEP_REDUNDANT || pack->fate == SWEEP_REWRITE;
}

static int copy_record(struct visitor *visitor, struct pack_batch *batch, struct location *location,
                       struct mlops_error *err)
{
    const uint8_t *stored;
    TRY(visitor_stored(visitor, location, true, &stored, err));
    return pack_batch_copy(batch, &location->record, stored, err);
}

static int copy_pack(struct replacing *replacing, size_t index, struct pack_batch *batch,
                     struct mlops_error *err)
{
    struct sweep *sweep = replacing->sweep;
    struct sweep_pack *pack = &sweep->packs[index];
    for (size_t i = 0; i < pack->tail.footer.count; i++) {
        struct location location = sweep_record(pack, i);
        if (!pack->at_home[i])
            continue;
        int code = copy_record(replacing->visitors[0], batch, &location, err);
        if (code != MLOPS_INTEGRITY) {
            TRY(code);
            continue;
        }
        replacing->failures[index] = xstrdup(err->message);
        return MLOPS_OK;
    }
    return MLOPS_OK;
}

static int copy_all(struct replacing *replacing, struct mlops_error *err)
{
    struct sweep *sweep = replacing->sweep;
    struct pack_writer *writer;
    uint64_t bytes;
    size_t total = 0, done = 0;
    for (size_t i = 0; i < sweep->count; i++)
        total += sweep->packs[i].fate == SWEEP_REWRITE;
    if (total == 0)
        return MLOPS_OK;
    replacing->visitors[0] = visitor_new(sweep->store);
    TRY(pack_writer_new(sweep->store, &writer, err));
    struct pack_batch *batch = pack_batch_new(writer);
    int code = MLOPS_OK;
    for (size_t i = 0; i < sweep->count && code == MLOPS_OK; i++) {
        if (sweep->packs[i].fate != SWEEP_REWRITE)
            continue;
        code = check_in(sweep, "rewriting packs", done++, total, err);
        if (code == MLOPS_OK)
            code = copy_pack(replacing, i, batch, err);
    }
    if (code == MLOPS_OK)
        code = pack_batch_flush(batch, err);
    if (code == MLOPS_OK)
        code = pack_writer_publish(writer, &bytes, err);
    pack_batch_free(batch);
    pack_writer_free(writer);
    TRY(code);
    return check_in(sweep, "rewriting packs", total, total, err);
}

/* ---- can all of it be read from elsewhere? --------------------------------------------------- */

static int compare_to_name(const void *name, const void *pack)
{
    return strcmp(name, ((const struct sweep_pack *)pack)->name);
}

static const struct sweep_pack *find_pack(const struct sweep *sweep, const char *name)
{
    if (sweep->count == 0)
        return NULL;
    return bsearch(name, sweep->packs, sweep->count, sizeof(*sweep->packs), compare_to_name);
}

static int confirm_record(const struct sweep *sweep, struct visitor *visitor,
                          const struct digest *name, struct mlops_error *err)
{
    struct location location;
    const struct sweep_pack *other = NULL;
    if (index_find(sweep->store->index, name, &location))
        other = find_pack(sweep, location.pack); /* NULL: it is new */
    else
        return mlops_fail(err, MLOPS_INTEGRITY, "a copy is missing");
    if (other && (is_replaced(other) || (other->condemned && other->fate != SWEEP_SAVE)))
        return mlops_fail(err, MLOPS_INTEGRITY, "pack %s has what no other has", other->name);
    return visitor_verify(visitor, &location, err);
}

static int confirm_pack(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct replacing *replacing = context;
    const struct sweep *sweep = replacing->sweep;
    const struct sweep_pack *pack = &sweep->packs[index];
    if (worker == 0) /* the thread that called us */
        TRY(check_in(sweep, "checking copies", replacing->done, sweep->count, err));
    if (!replacing->visitors[worker])
        replacing->visitors[worker] = visitor_new(sweep->store);
    for (size_t i = 0;
         is_replaced(pack) && !replacing->failures[index] && i < pack->tail.footer.count; i++) {
        struct location location = sweep_record(pack, i);
        if (!digest_set_has(sweep->live, &location.record.name))
            continue;
        int code = confirm_record(sweep, replacing->visitors[worker], &location.record.name, err);
        if (code == MLOPS_INTEGRITY)
            replacing->failures[index] = xstrdup(err->message);
        else
            TRY(code);
    }
    replacing->done++;
    return MLOPS_OK;
}

/* From now on copies in the packs that are to go come last. */
static void shun_all(const struct sweep *sweep)
{
    char **names = xcalloc(sweep->count, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < sweep->count; i++)
        if (is_replaced(&sweep->packs[i]) || sweep->packs[i].condemned)
            names[count++] = sweep->packs[i].name;
    index_shun(sweep->store->index, names, count);
    free(names);
}

static int replace(struct replacing *replacing, struct mlops_error *err)
{
    struct sweep *sweep = replacing->sweep;
    TRY(copy_all(replacing, err));
    TRY(store_refresh(sweep->store, err));
    shun_all(sweep);
    TRY(pool_run(sweep->count, confirm_pack, replacing, err));
    for (size_t i = 0; i < sweep->count; i++) {
        if (!replacing->failures[i])
            continue;
        sweep->packs[i].fate = SWEEP_KEEP;
        replacing->warn(replacing->context, replacing->failures[i]);
    }
    return check_in(sweep, "checking copies", sweep->count, sweep->count, err);
}

int sweep_replace(struct sweep *sweep, void (*warn)(void *context, const char *message),
                  void *context, struct mlops_error *err)
{
    struct replacing replacing = {.sweep = sweep, .warn = warn, .context = context};
    replacing.failures = xcalloc(sweep->count, sizeof(*replacing.failures));
    int code = replace(&replacing, err);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        visitor_free(replacing.visitors[i]);
    for (size_t i = 0; i < sweep->count; i++)
        free(replacing.failures[i]);
    free(replacing.failures);
    return code;
}
