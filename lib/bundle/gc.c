/*
 * lib/bundle/gc.c - what no bundle needs goes. docs/store.md, "Garbage", says why that is safe
 * beside writers and readers.
 */
#include "base/clock.h"
#include "base/pool.h"
#include "bundle/reach.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "registry/lifecycle.h"
#include "registry/scratch.h"
#include "store/scratch.h"
#include "store/sweep.h"
#include <mlops/maintenance.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define WORKERS_MAX 64
#define DAY_NS (86400 * 1000000000LL)
#define ATTEMPTS 5
/* Packs that are removed in one transaction: others wait meanwhile. */
#define REMOVED_AT_ONCE 64
/* Bytes that are copied before the packs they came from may go: that much more space is needed. */
#define REPLACED_AT_ONCE (1ULL << 30)

struct gc {
    struct mlops_registry *registry;
    const struct mlops_gc_options *options;
    struct mlops_gc_report *report;
    struct store *store;
    int64_t since_ns; /* what is older than the grace is from before */

    /* one look at everything; another run that changes something makes it stale */
    struct condemned_list condemned;
    struct bundle_list bundles;
    struct digest_set marked; /* bundles, and objects of evidence, whose needs are all in `live` */
    struct digest_set live;   /* names of records */
    struct sweep sweep;
    bool stale;
};

static void forget_look(struct gc *gc)
{
    sweep_clear(&gc->sweep);
    condemned_list_clear(&gc->condemned);
    bundle_list_clear(&gc->bundles);
    digest_set_clear(&gc->marked);
    digest_set_clear(&gc->live);
    gc->stale = false;
}

static int check_in(const struct gc *gc, const char *activity, uint64_t done, uint64_t total,
                    struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(gc->registry);
    if (observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while %s", activity);
    if (observer->progress)
        observer->progress(observer->context, activity, done, total);
    return MLOPS_OK;
}

/* ---- removing what is condemned -------------------------------------------------------------- */

/* Inside the transaction that finds it condemned: nobody can come to need it meanwhile. */
static int remove_pack(struct gc *gc, struct transaction *tx, const char *pack,
                       struct mlops_error *err)
{
    struct store_backend *backend = gc->store->backend;
    uint64_t size = 0;
    int code = backend->size(backend, pack, &size, err);
    if (code == MLOPS_NOT_FOUND) /* by a run that was killed before it could say so */
        return condemned_forget(tx, pack, err);
    TRY(code);
    TRY(backend->remove(backend, pack, err));
    TRY(condemned_forget(tx, pack, err));
    gc->report->removed_packs++;
    gc->report->removed_bytes += size;
    return MLOPS_OK;
}

/* `*any` false where nothing was left to be removed. */
static int remove_some(struct gc *gc, bool *any, struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list due = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    int64_t since_ns = clock_now_ns() - gc->options->grace_ns;
    uint64_t round;
    TRY(condemned_due(gc->registry, since_ns, 1, &due, err));
    *any = due.count > 0;
    if (!*any) /* most often so: no need to wait for writers */
        return MLOPS_OK;
    condemned_list_clear(&due);
    TRY(transaction_begin(gc->registry, &tx, err));
    TRY(condemned_due(gc->registry, since_ns, REMOVED_AT_ONCE, &due, err));
    TRY(condemned_round(gc->registry, &round, err));
    for (size_t i = 0; i < due.count; i++)
        TRY(remove_pack(gc, tx, due.packs[i], err));
    TRY(condemned_round_end(tx, err));
    TRY(transaction_commit(TAKE_PTR(tx), err));
    if (round == gc->condemned.round)
        gc->condemned.round++; /* this change is known here */
    return MLOPS_OK;
}

static int remove_due(struct gc *gc, struct mlops_error *err)
{
    for (bool any = true; any;) {
        const uint64_t *removed = &gc->report->removed_packs;
        TRY(remove_some(gc, &any, err));
        if (any)
            TRY(check_in(gc, "removing packs", *removed, *removed, err));
    }
    return MLOPS_OK;
}

/* ---- marking --------------------------------------------------------------------------------- */

struct marking {
    struct gc *gc;
    struct visitor *visitors[WORKERS_MAX]; /* a worker's own */
    pthread_mutex_t lock;                  /* guards the sets */
    atomic_size_t done;
};

static bool mark_record(void *context, const struct location *location)
{
    struct marking *marking = context;
    pthread_mutex_lock(&marking->lock);
    bool first = digest_set_add(&marking->gc->live, &location->record.name);
    pthread_mutex_unlock(&marking->lock);
    return first;
}

static int mark_kept(struct marking *marking, struct visitor *visitor,
                     const struct bundle_row *row, struct mlops_error *err)
{
    if (reach_visit_kept(visitor, row, REACH_PARTS, mark_record, marking, err))
        return mlops_wrap(err, "%.23s… of %s", row->id, row->model);
    pthread_mutex_lock(&marking->lock);
    for (size_t i = 0; i < row->kept_count; i++)
        digest_set_add(&marking->gc->marked, &row->kept[i].digest);
    pthread_mutex_unlock(&marking->lock);
    return MLOPS_OK;
}

static int mark_bundle(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct marking *marking = context;
    struct gc *gc = marking->gc;
    const struct bundle_row *row = &gc->bundles.items[index];
    struct digest digest;
    if (worker == 0) /* the thread that called us */
        TRY(check_in(gc, "marking bundles", marking->done, gc->bundles.count, err));
    marking->done++;
    if (bundle_is_expired(row, gc->since_ns))
        return MLOPS_OK;
    if (!marking->visitors[worker])
        marking->visitors[worker] = visitor_new(gc->store);
    if (reach_visit(gc->store, marking->visitors[worker], row->id,
                    row->released ? REACH_WITHOUT_FILES : REACH_PARTS, mark_record, marking, err))
        return mlops_wrap(err, "%.23s… of %s", row->id, row->model);
    TRY(mark_kept(marking, marking->visitors[worker], row, err));
    if (row->released) /* its files may come back meanwhile: looked at again when condemning */
        return MLOPS_OK;
    (void)bundle_id_parse(row->id, &digest); /* reach_visit did */
    pthread_mutex_lock(&marking->lock);
    digest_set_add(&gc->marked, &digest);
    pthread_mutex_unlock(&marking->lock);
    return MLOPS_OK;
}

static int mark(struct gc *gc, struct mlops_error *err)
{
    struct marking marking = {.gc = gc};
    pthread_mutex_init(&marking.lock, NULL);
    store_shun(gc->store, gc->condemned.packs, gc->condemned.count);
    int code = pool_run(gc->bundles.count, mark_bundle, &marking, err);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        visitor_free(marking.visitors[i]);
    pthread_mutex_destroy(&marking.lock);
    TRY(code);
    return check_in(gc, "marking bundles", gc->bundles.count, gc->bundles.count, err);
}

/* The round first: what is seen of the store after it was as the round says, or another round
 * comes. Rows before packs: what a row mentions was there before it. */
static int look(struct gc *gc, struct mlops_error *err)
{
    TRY(condemned_read(gc->registry, &gc->condemned, err));
    TRY(registry_bundles(gc->registry, &gc->bundles, err));
    TRY(store_refresh(gc->store, err));
    TRY(mark(gc, err));
    return sweep_plan(gc->store, &gc->live, gc->condemned.packs, gc->condemned.count,
                      gc->options->grace_ns, &gc->sweep, err);
}

/* Where something is missing because another run moved it, that run's round has ended. */
static int look_again(struct gc *gc, struct mlops_error *err)
{
    uint64_t round;
    int code = look(gc, err);
    if (code != MLOPS_INTEGRITY && code != MLOPS_NOT_FOUND)
        return code;
    struct mlops_error found = *err;
    TRY(condemned_round(gc->registry, &round, err));
    gc->stale = round != gc->condemned.round;
    if (gc->stale)
        return MLOPS_OK;
    *err = found;
    return mlops_hint(err, "nothing was removed. 'mlops fsck' says all that is damaged, and 'mlops "
                           "fsck --repair' may get it from a copy");
}

/* ---- condemning ------------------------------------------------------------------------------ */

/* A bundle that came to be known, or was packaged again, since it was looked. */
static int save_bundle(struct gc *gc, struct transaction *tx, const char *id,
                       struct mlops_error *err)
{
    bool gone;
    TRY(reach_save(tx, gc->registry, id, UINT64_MAX, &gone, err));
    return gone ? (int)err->code : MLOPS_OK;
}

/* Evidence may be newer than the look at its bundle. */
static int save_kept(struct gc *gc, struct transaction *tx, const struct bundle_row *row,
                     struct mlops_error *err)
{
    for (size_t i = 0; i < row->kept_count; i++) {
        bool gone;
        if (digest_set_has(&gc->marked, &row->kept[i].digest))
            continue;
        TRY(reach_save_objects(tx, gc->registry, &row->kept[i].digest, 1, UINT64_MAX, &gone, err));
        if (gone)
            return (int)err->code;
    }
    return MLOPS_OK;
}

static int drop_bundles(struct gc *gc, struct transaction *tx, uint64_t *dropped,
                        struct mlops_error *err)
{
    char detail[64];
    *dropped = 0;
    for (size_t i = 0; i < gc->bundles.count; i++) {
        const struct bundle_row *row = &gc->bundles.items[i];
        bool gone = false;
        if (bundle_is_expired(row, gc->since_ns))
            TRY(bundle_drop_expired(tx, row->id, gc->since_ns, &gone, err));
        *dropped += gone;
    }
    if (*dropped == 0)
        return MLOPS_OK;
    snprintf(detail, sizeof(detail), "{\"bundles\":%llu}", (unsigned long long)*dropped);
    return audit_append(tx, &(struct audit_entry){.action = "gc", .detail = detail}, err);
}

static int save_new_bundles(struct gc *gc, struct transaction *tx, struct mlops_error *err)
{
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};
    TRY(registry_bundles(gc->registry, &bundles, err));
    for (size_t i = 0; i < bundles.count; i++) {
        struct digest digest;
        TRY(save_kept(gc, tx, &bundles.items[i], err));
        if (bundle_id_parse(bundles.items[i].id, &digest) && digest_set_has(&gc->marked, &digest))
            continue;
        TRY(save_bundle(gc, tx, bundles.items[i].id, err));
    }
    return MLOPS_OK;
}

static bool goes(const struct sweep_pack *pack, bool replaced)
{
    return replaced ? pack->fate == SWEEP_REDUNDANT || pack->fate == SWEEP_REWRITE
                    : pack->fate == SWEEP_UNREACHABLE;
}

static int condemn_in(struct gc *gc, struct transaction *tx, bool replaced, uint64_t *dropped,
                      struct mlops_error *err)
{
    uint64_t round;
    TRY(condemned_round(gc->registry, &round, err));
    gc->stale = round != gc->condemned.round;
    if (gc->stale)
        return MLOPS_OK;
    TRY(drop_bundles(gc, tx, dropped, err));
    for (size_t i = 0; i < gc->sweep.count; i++) {
        const struct sweep_pack *pack = &gc->sweep.packs[i];
        if (goes(pack, replaced))
            TRY(condemned_add(tx, pack->name, replaced, err));
        else if (pack->fate == SWEEP_SAVE)
            TRY(condemned_forget(tx, pack->name, err));
    }
    TRY(save_new_bundles(gc, tx, err));
    return condemned_round_end(tx, err);
}

/* One transaction: bundles that expired go, and packs are condemned; what is needed by bundles that
 * were not looked at is taken out again. */
static int condemn(struct gc *gc, bool replaced, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t dropped = 0;
    TRY(transaction_begin(gc->registry, &tx, err));
    TRY(condemn_in(gc, tx, replaced, &dropped, err));
    if (gc->stale)
        return MLOPS_OK;
    TRY(transaction_commit(TAKE_PTR(tx), err));
    gc->condemned.round++;
    gc->report->dropped_bundles += dropped;
    return MLOPS_OK;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static uint64_t count_packs(const struct gc *gc, bool replaced)
{
    uint64_t count = 0;
    for (size_t i = 0; i < gc->sweep.count; i++)
        count += goes(&gc->sweep.packs[i], replaced);
    return count;
}

static uint64_t count_expired(const struct gc *gc)
{
    uint64_t count = 0;
    for (size_t i = 0; i < gc->bundles.count; i++)
        count += bundle_is_expired(&gc->bundles.items[i], gc->since_ns);
    return count;
}

static void warn(void *context, const char *message)
{
    registry_warn(((struct gc *)context)->registry, "a pack is kept as it is: %s", message);
}

static int remove_unreachable(struct gc *gc, struct mlops_error *err)
{
    bool saves = false;
    for (size_t i = 0; i < gc->sweep.count; i++)
        saves |= gc->sweep.packs[i].fate == SWEEP_SAVE;
    if (count_expired(gc) == 0 && count_packs(gc, false) == 0 && !saves)
        return MLOPS_OK;
    TRY(condemn(gc, false, err));
    return gc->stale ? MLOPS_OK : remove_due(gc, err);
}

/* Of the packs that are to be replaced, by their fates in `fates`, as many as may be at once; the
 * others stay for now. Small ones stay together: they are merged. False where none is left. */
static bool take_batch(struct gc *gc, enum sweep_fate *fates)
{
    uint64_t bytes = 0;
    bool any = false;
    for (size_t i = 0; i < gc->sweep.count; i++) {
        struct sweep_pack *pack = &gc->sweep.packs[i];
        bool waits = bytes >= REPLACED_AT_ONCE && pack->size >= SWEEP_SMALL_SIZE;
        if (fates[i] == SWEEP_KEEP || waits)
            continue;
        pack->fate = fates[i];
        fates[i] = SWEEP_KEEP;
        bytes += pack->home;
        any = true;
    }
    return any;
}

static int replace_batch(struct gc *gc, struct mlops_error *err)
{
    TRY(sweep_replace(&gc->sweep, warn, gc, err));
    uint64_t count = count_packs(gc, true); /* those that could be */
    if (count == 0)
        return MLOPS_OK;
    TRY(condemn(gc, true, err));
    if (gc->stale)
        return MLOPS_OK;
    gc->report->rewritten_packs += count;
    for (size_t i = 0; i < gc->sweep.count; i++) {
        struct sweep_pack *pack = &gc->sweep.packs[i];
        if (!goes(pack, true))
            continue;
        pack->fate = SWEEP_KEEP;
        pack->condemned = true;
    }
    return remove_due(gc, err);
}

/* Batch by batch: where space runs out, or somebody stops it, what was done is done. */
static int replace_wasteful(struct gc *gc, struct mlops_error *err)
{
    enum sweep_fate *fates = xcalloc(gc->sweep.count, sizeof(*fates));
    int code = MLOPS_OK;
    for (size_t i = 0; i < gc->sweep.count; i++) {
        struct sweep_pack *pack = &gc->sweep.packs[i];
        fates[i] = goes(pack, true) ? pack->fate : SWEEP_KEEP;
        if (goes(pack, true))
            pack->fate = SWEEP_KEEP;
    }
    while (code == MLOPS_OK && !gc->stale && take_batch(gc, fates))
        code = replace_batch(gc, err);
    free(fates);
    return code;
}

/* What is unreachable goes before anything is copied: space may be short. */
static int run_once(struct gc *gc, struct mlops_error *err)
{
    TRY(remove_due(gc, err));
    TRY(look_again(gc, err));
    if (!gc->stale)
        TRY(remove_unreachable(gc, err));
    return gc->stale ? MLOPS_OK : replace_wasteful(gc, err);
}

/* ---- the report ------------------------------------------------------------------------------ */

struct counting {
    const struct condemned_list *condemned;
    struct mlops_gc_report *report;
};

static int count_pack(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    const struct counting *counting = context;
    (void)err;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK;
    if (condemned_list_has(counting->condemned, blob->name)) {
        counting->report->waiting_packs++;
        counting->report->waiting_bytes += blob->size;
    } else {
        counting->report->kept_packs++;
    }
    return MLOPS_OK;
}

static int count_rest(struct gc *gc, struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list condemned = {0};
    struct counting counting = {.condemned = &condemned, .report = gc->report};
    TRY(condemned_read(gc->registry, &condemned, err));
    return gc->store->backend->list(gc->store->backend, count_pack, &counting, err);
}

/* What a run would do, had it not been told to change nothing. */
static int foretell(struct gc *gc, struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list due = {0};
    struct mlops_gc_report *report = gc->report;
    TRY(look_again(gc, err));
    TRY(condemned_due(gc->registry, gc->since_ns, INT64_MAX, &due, err));
    for (size_t i = 0; i < gc->sweep.count; i++) {
        const struct sweep_pack *pack = &gc->sweep.packs[i];
        bool replaced = goes(pack, true), at_once = gc->options->grace_ns == 0;
        report->rewritten_packs += replaced;
        if (condemned_list_has(&due, pack->name) || goes(pack, false) || (replaced && at_once)) {
            report->removed_packs++;
            report->removed_bytes += pack->size;
        } else if (replaced || (pack->condemned && pack->fate != SWEEP_SAVE)) {
            report->waiting_packs++;
            report->waiting_bytes += pack->size;
        } else {
            report->kept_packs++;
        }
    }
    report->dropped_bundles = count_expired(gc);
    return MLOPS_OK;
}

/* A writer that is at work may take a day, whatever the grace. That it cannot be done harms
 * nobody. */
static void tidy_store(struct gc *gc)
{
    struct store_backend *backend = gc->store->backend;
    int64_t grace_ns = gc->options->grace_ns > DAY_NS ? gc->options->grace_ns : DAY_NS;
    struct mlops_error failed = {0};
    scratch_sweep(gc->store);
    if (backend->tidy && backend->tidy(backend, grace_ns, &failed) != MLOPS_OK)
        registry_warn(gc->registry, "what killed writers left stays: %s", failed.message);
}

/* Versions that were deleted or retired long enough ago. What a dry run says of packs does not
 * have them in it. */
static int let_go(struct gc *gc, struct mlops_error *err)
{
    int64_t now_ns = clock_now_ns();
    const struct lifecycle_due due = {
        .deleted_ns = now_ns - gc->options->grace_ns,
        .retired_ns = gc->options->releases ? now_ns - gc->options->retired_after_ns : INT64_MIN};
    struct lifecycle_count count;
    TRY(gc->options->dry_run ? lifecycle_count_due(gc->registry, &due, &count, err)
                             : lifecycle_let_go(gc->registry, &due, &count, err));
    gc->report->purged_versions = count.purged;
    gc->report->released_versions = count.released;
    return MLOPS_OK;
}

static int run(struct gc *gc, struct mlops_error *err)
{
    TRY(registry_store(gc->registry, &gc->store, err));
    TRY(let_go(gc, err));
    if (!gc->options->dry_run) {
        scratch_sweep_folders(gc->registry, gc->options->grace_ns);
        tidy_store(gc);
    }
    gc->stale = true;
    for (int i = 0; gc->stale && i < ATTEMPTS; i++) {
        forget_look(gc);
        gc->since_ns = clock_now_ns() - gc->options->grace_ns;
        TRY(gc->options->dry_run ? foretell(gc, err) : run_once(gc, err));
    }
    if (!gc->stale)
        return gc->options->dry_run ? MLOPS_OK : count_rest(gc, err);
    mlops_fail(err, MLOPS_CONFLICT, "another gc is at work in this registry");
    return mlops_hint(err, "it does the same: wait until it has ended");
}

int mlops_gc(struct mlops_registry *registry, const struct mlops_gc_options *options,
             struct mlops_gc_report *report, struct mlops_error *err)
{
    struct gc gc = {.registry = registry, .options = options, .report = report};
    *report = (struct mlops_gc_report){0};
    int code = run(&gc, err);
    forget_look(&gc);
    return code;
}
