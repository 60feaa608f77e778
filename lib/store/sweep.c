/* lib/store/sweep.c - which packs a store can do without. */
#include "store/sweep.h"
#include "store/visit.h"

/* ---- the packs that there are ---------------------------------------------------------------- */

struct listing {
    struct sweep *sweep;
    size_t capacity;
    int64_t grace_ns;
};

static int add_pack(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct listing *listing = context;
    struct sweep *sweep = listing->sweep;
    (void)err;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK;
    GROW(sweep->packs, sweep->count, &listing->capacity);
    sweep->packs[sweep->count++] = (struct sweep_pack){
        .name = xstrdup(blob->name), .size = blob->size, .young = blob->age_ns < listing->grace_ns};
    return MLOPS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct sweep_pack *)a)->name, ((const struct sweep_pack *)b)->name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void pack_forget(struct sweep_pack *pack)
{
    free(pack->name);
    free(pack->at_home);
    pack_clear(&pack->tail);
}

/* The names of packs first, then their indexes; what went in between is left out. */
static int list_packs(struct sweep *sweep, char *const *condemned, size_t condemned_count,
                      int64_t grace_ns, struct mlops_error *err)
{
    struct listing listing = {.sweep = sweep, .grace_ns = grace_ns};
    struct store_backend *backend = sweep->store->backend;
    TRY(backend->list(backend, add_pack, &listing, err));
    size_t kept = 0, count = sweep->count;
    if (count > 0)
        qsort(sweep->packs, count, sizeof(*sweep->packs), compare_names);
    for (size_t i = 0; i < count; i++) {
        struct sweep_pack *pack = &sweep->packs[i];
        pack->condemned = condemned_count > 0 && bsearch(&pack->name, condemned, condemned_count,
                                                         sizeof(*condemned), compare_texts);
        int code = pack_load(backend, pack->name, &pack->tail, err);
        if (code == MLOPS_NOT_FOUND) {
            pack_forget(pack);
            *pack = (struct sweep_pack){0};
            continue;
        }
        if (code != MLOPS_INTEGRITY)
            TRY(code);
        pack->damaged = code == MLOPS_INTEGRITY;
        pack->at_home = xcalloc(pack->tail.footer.count, sizeof(*pack->at_home));
        if (kept != i) {
            sweep->packs[kept] = *pack;
            *pack = (struct sweep_pack){0};
        }
        kept++;
    }
    sweep->count = kept;
    return MLOPS_OK;
}

static uint64_t bytes_of(const struct location *location)
{
    return RECORD_HEADER_SIZE + location->record.stored;
}

/* ---- what is needed of them ------------------------------------------------------------------ */

static void measure(const struct sweep *sweep, struct sweep_pack *pack)
{
    pack->live = 0;
    for (size_t i = 0; i < pack->tail.footer.count; i++) {
        struct location location = sweep_record(pack, i);
        if (digest_set_has(sweep->live, &location.record.name))
            pack->live += bytes_of(&location);
    }
}

/* Does the pack stay in any case? What it has are then more than its needed records: a later
 * writer may find any of the others there and rely on it. */
static bool stays(const struct sweep_pack *pack)
{
    return !pack->condemned && (pack->young || pack->live > 0);
}

/* The bases of all deltas of a pack are needed. True where one was not known to be. */
static int add_bases(const struct sweep *sweep, struct visitor *visitor,
                     const struct sweep_pack *pack, bool *added, struct mlops_error *err)
{
    for (size_t i = 0; i < pack->tail.footer.count; i++) {
        struct location location = sweep_record(pack, i), base;
        struct digest bases[DELTA_BASES_MAX];
        size_t count;
        if (location.record.encoding != ENCODING_DELTA)
            continue;
        int code = visitor_bases(visitor, &location, bases, &count, err);
        if (code == MLOPS_INTEGRITY) /* damaged: where it is needed, that comes out later */
            continue;
        TRY(code);
        /* One whose bases are gone is of no use to anybody, and must not hold the others up. */
        for (size_t j = 0; j < count; j++)
            if (index_find(sweep->store->index, &bases[j], &base))
                *added |= digest_set_add(sweep->live, &bases[j]);
    }
    return MLOPS_OK;
}

/* Whatever stays keeps what its deltas need, and that can make other packs stay. */
static int close_over_deltas(const struct sweep *sweep, struct visitor *visitor,
                             struct mlops_error *err)
{
    bool *done = xcalloc(sweep->count, sizeof(*done));
    int code = MLOPS_OK;
    for (bool again = true; again && code == MLOPS_OK;) {
        again = false;
        for (size_t i = 0; i < sweep->count; i++)
            measure(sweep, &sweep->packs[i]);
        for (size_t i = 0; i < sweep->count && code == MLOPS_OK; i++) {
            if (done[i] || !stays(&sweep->packs[i]))
                continue;
            done[i] = true;
            code = add_bases(sweep, visitor, &sweep->packs[i], &again, err);
        }
    }
    free(done);
    return code;
}

/* ---- where each needed record is at home ----------------------------------------------------- */

static int compare_use(const void *a, const void *b)
{
    const struct sweep_pack *left = *(struct sweep_pack *const *)a;
    const struct sweep_pack *right = *(struct sweep_pack *const *)b;
    double left_share = left->size ? (double)left->live / (double)left->size : 0;
    double right_share = right->size ? (double)right->live / (double)right->size : 0;
    if (left_share > right_share || left_share < right_share)
        return left_share > right_share ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Can a delta be read, as far as its bases go? */
static bool has_bases(const struct sweep *sweep, struct visitor *visitor,
                      const struct location *location)
{
    struct digest bases[DELTA_BASES_MAX];
    struct location base;
    struct mlops_error ignored = {0}; /* what cannot be read is no home */
    size_t count;
    if (visitor_bases(visitor, location, bases, &count, &ignored))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!index_find(sweep->store->index, &bases[i], &base))
            return false;
    return true;
}

struct claims {
    const struct sweep *sweep;
    struct visitor *visitor;
    struct digest_set taken;
};

/* In the order of index.c's ranks. */
enum copies { WHOLE_BLOBS, DELTAS, RECIPES, COPIES_COUNT };

static enum copies copies_of(const struct record *record)
{
    return record->kind == RECORD_RECIPE        ? RECIPES
           : record->encoding == ENCODING_DELTA ? DELTAS
                                                : WHOLE_BLOBS;
}

static void claim(struct claims *claims, struct sweep_pack *pack, enum copies copies)
{
    for (size_t i = 0; i < pack->tail.footer.count; i++) {
        struct location location = sweep_record(pack, i);
        const struct digest *name = &location.record.name;
        if (copies_of(&location.record) != copies || !digest_set_has(claims->sweep->live, name) ||
            digest_set_has(&claims->taken, name) ||
            (copies == DELTAS && !has_bases(claims->sweep, claims->visitor, &location)))
            continue;
        (void)digest_set_add(&claims->taken, name); /* it is not in: see above */
        pack->at_home[i] = true;
        pack->home += bytes_of(&location);
    }
}

static int fail_missing(const struct sweep *sweep, size_t missing, struct mlops_error *err)
{
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->packs[i].damaged)
            return mlops_fail(err, MLOPS_INTEGRITY,
                              "%zu needed objects are missing; pack %s is "
                              "damaged",
                              missing, sweep->packs[i].name);
    return mlops_fail(err, MLOPS_INTEGRITY, "%zu needed objects are not in the store", missing);
}

/* The best copy of each needed record is the one to keep: no delta before deltas, as these need
 * blobs that are none, blobs before the recipes of slices, then not condemned, then in the pack
 * that is of most use. */
static int find_homes(struct sweep *sweep, struct visitor *visitor, struct mlops_error *err)
{
    struct claims claims = {.sweep = sweep, .visitor = visitor};
    struct sweep_pack **order = xcalloc(sweep->count, sizeof(*order));
    for (size_t i = 0; i < sweep->count; i++)
        order[i] = &sweep->packs[i];
    if (sweep->count > 0)
        qsort(order, sweep->count, sizeof(*order), compare_use);
    for (enum copies copies = 0; copies < COPIES_COUNT; copies++)
        for (unsigned condemned = 0; condemned < 2; condemned++)
            for (size_t i = 0; i < sweep->count; i++)
                if (order[i]->condemned == (condemned == 1))
                    claim(&claims, order[i], copies);
    size_t missing = sweep->live->count - claims.taken.count;
    free(order);
    digest_set_clear(&claims.taken);
    return missing > 0 ? fail_missing(sweep, missing, err) : MLOPS_OK;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static bool may_go(const struct sweep_pack *pack)
{
    return !pack->young && !pack->condemned && !pack->damaged;
}

static bool is_small(const struct sweep_pack *pack)
{
    return may_go(pack) && pack->fate == SWEEP_KEEP && pack->size < SWEEP_SMALL_SIZE;
}

static void judge(struct sweep *sweep)
{
    size_t small = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        struct sweep_pack *pack = &sweep->packs[i];
        if (pack->condemned && pack->home > 0)
            pack->fate = SWEEP_SAVE;
        if (!may_go(pack))
            continue;
        if (pack->live == 0)
            pack->fate = SWEEP_UNREACHABLE;
        else if (pack->home == 0)
            pack->fate = SWEEP_REDUNDANT;
        else if ((double)pack->home < SWEEP_LIVE_SHARE * (double)pack->size)
            pack->fate = SWEEP_REWRITE;
        small += is_small(pack);
    }
    for (size_t i = 0; i < sweep->count && small > SWEEP_SMALL_COUNT; i++)
        if (is_small(&sweep->packs[i]))
            sweep->packs[i].fate = SWEEP_REWRITE;
}

static int plan(struct sweep *sweep, char *const *condemned, size_t condemned_count,
                int64_t grace_ns, struct mlops_error *err)
{
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(sweep->store);
    TRY(store_refresh(sweep->store, err));
    TRY(list_packs(sweep, condemned, condemned_count, grace_ns, err));
    TRY(close_over_deltas(sweep, visitor, err));
    TRY(find_homes(sweep, visitor, err));
    judge(sweep);
    return MLOPS_OK;
}

int sweep_plan(struct store *store, struct digest_set *live, char *const *condemned,
               size_t condemned_count, int64_t grace_ns, struct sweep *sweep,
               struct mlops_error *err)
{
    *sweep = (struct sweep){.store = store, .live = live};
    int code = plan(sweep, condemned, condemned_count, grace_ns, err);
    if (code)
        sweep_clear(sweep);
    return code;
}

struct location sweep_record(const struct sweep_pack *pack, size_t i)
{
    struct location location = {.pack = pack->name};
    /* checked when the pack was loaded */
    (void)pack_index_entry(pack->tail.block, i, &pack->tail.footer, &location.record);
    return location;
}

void sweep_clear(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->count; i++)
        pack_forget(&sweep->packs[i]);
    free(sweep->packs);
    *sweep = (struct sweep){0};
}
