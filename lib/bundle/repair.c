/* lib/bundle/repair.c - what is damaged or missing in a registry, taken from copies of it. */
#include "bundle/repair.h"
#include "base/digest_set.h"
#include "base/path.h"
#include "bundle/archive.h"
#include "bundle/manifest.h"
#include "bundle/repair_folder.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "store/salvage.h"
#include "store/visit.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 5

/* What bundles need and the store does not have. */
struct missing {
    struct digest_set known; /* of the names */
    struct digest *names;    /* of records */
    size_t count, capacity;
    struct missed_file *files; /* that are incomplete */
    size_t file_count, file_capacity;
};

static void missing_clear(struct missing *missing)
{
    digest_set_clear(&missing->known);
    free(missing->names);
    free(missing->files);
    *missing = (struct missing){0};
}

struct repair {
    struct mlops_registry *registry;
    struct store *store;
    struct digest_set ever; /* names that were missing at any time */
};

/* ---- what is missing? ------------------------------------------------------------------------ */

struct looking {
    struct repair *repair;
    struct missing *missing;
    size_t misses; /* of the present object, known before or not */
};

static void note_missing(void *context, const struct digest *name)
{
    struct looking *looking = context;
    struct missing *missing = looking->missing;
    looking->misses++;
    (void)digest_set_add(&looking->repair->ever, name);
    if (!digest_set_add(&missing->known, name))
        return;
    GROW(missing->names, missing->count, &missing->capacity);
    missing->names[missing->count++] = *name;
}

static int look_at_file(struct looking *looking, struct visitor *visitor,
                        const struct digest *digest, uint64_t size, struct mlops_error *err)
{
    struct missing *missing = looking->missing;
    looking->misses = 0;
    TRY(visitor_missing(visitor, digest, note_missing, looking, err));
    if (looking->misses == 0)
        return MLOPS_OK;
    GROW(missing->files, missing->file_count, &missing->file_capacity);
    missing->files[missing->file_count++] = (struct missed_file){.digest = *digest, .size = size};
    return MLOPS_OK;
}

/* A manifest that is not there hides what else is missing, until it is found. */
static int look_at_bundle(struct looking *looking, struct visitor *visitor,
                          const struct bundle_row *row, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    if (!bundle_id_parse(row->id, &digest))
        return MLOPS_OK; /* fsck's matter */
    looking->misses = 0;
    TRY(visitor_missing(visitor, &digest, note_missing, looking, err));
    if (looking->misses > 0)
        return MLOPS_OK;
    int code = store_read(looking->repair->store, &digest, MANIFEST_MAX, &text, err);
    if (code == MLOPS_OK)
        code = manifest_parse(text.data, text.length, &manifest, err);
    if (code)
        return code == MLOPS_INTEGRITY || code == MLOPS_NOT_FOUND ? MLOPS_OK : code;
    for (size_t i = 0; !row->released && i < manifest.file_count; i++)
        if (manifest.files[i].kind == MANIFEST_FILE)
            TRY(look_at_file(looking, visitor, &manifest.files[i].digest, manifest.files[i].size,
                             err));
    for (size_t i = 0; i < manifest.data_count; i++)
        TRY(visitor_missing(visitor, &manifest.data[i].profile, note_missing, looking, err));
    for (size_t i = 0; i < row->kept_count; i++)
        TRY(look_at_file(looking, visitor, &row->kept[i].digest, row->kept[i].bytes, err));
    if (manifest.has_patch)
        TRY(visitor_missing(visitor, &manifest.patch, note_missing, looking, err));
    return MLOPS_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    uint64_t left = ((const struct missed_file *)a)->size;
    uint64_t right = ((const struct missed_file *)b)->size;
    return (left > right) - (left < right);
}

static int look(struct repair *repair, struct missing *missing, struct mlops_error *err)
{
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};
    struct looking looking = {.repair = repair, .missing = missing};
    missing_clear(missing);
    TRY(registry_bundles(repair->registry, &bundles, err));
    TRY(store_refresh(repair->store, err));
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(repair->store);
    for (size_t i = 0; i < bundles.count; i++) {
        TRY(archive_progress(repair->registry, "looking for what is missing", i, bundles.count,
                             err));
        TRY(look_at_bundle(&looking, visitor, &bundles.items[i], err));
    }
    if (missing->file_count > 0)
        qsort(missing->files, missing->file_count, sizeof(*missing->files), compare_sizes);
    return archive_progress(repair->registry, "looking for what is missing", bundles.count,
                            bundles.count, err);
}

/* ---- damaged packs go aside ------------------------------------------------------------------ */

/* Somebody may have published a pack anew: then it is sound. The handle is one that has no files
 * open from before. */
static int set_aside(struct repair *repair, struct transaction *tx, const char *pack,
                     uint64_t *count, struct mlops_error *err)
{
    _cleanup_(store_close_ptr) struct store *fresh = NULL;
    bool damaged;
    TRY(store_open(repair->store->directory, NULL, &fresh, err));
    TRY(salvage_is_damaged(fresh, pack, &damaged, err));
    if (!damaged)
        return MLOPS_OK;
    TRY(salvage_set_aside(repair->store, pack, err));
    ++*count;
    return condemned_forget(tx, pack, err);
}

/* As gc removes packs: in a transaction that ends the round, where no other round has ended since
 * what is sound was looked at and copied. */
static int set_all_aside(struct repair *repair, char *const *packs, size_t count, uint64_t round,
                         bool *stale, uint64_t *done, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t now;
    TRY(transaction_begin(repair->registry, &tx, err));
    TRY(condemned_round(repair->registry, &now, err));
    *stale = now != round;
    if (*stale)
        return MLOPS_OK;
    for (size_t i = 0; i < count; i++)
        TRY(set_aside(repair, tx, packs[i], done, err));
    TRY(condemned_round_end(tx, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int evacuate_once(struct repair *repair, bool *stale, uint64_t *done,
                         struct mlops_error *err)
{
    _cleanup_(free_strings) char **packs = NULL;
    size_t count;
    uint64_t round;
    *stale = false;
    TRY(condemned_round(repair->registry, &round, err));
    TRY(salvage_find(repair->store, &packs, &count, err));
    if (count == 0)
        return MLOPS_OK;
    TRY(salvage_copy(repair->store, packs, count, err));
    return set_all_aside(repair, packs, count, round, stale, done, err);
}

static int evacuate(struct repair *repair, uint64_t *done, struct mlops_error *err)
{
    bool stale = true;
    for (int i = 0; stale && i < ATTEMPTS; i++)
        TRY(evacuate_once(repair, &stale, done, err));
    if (!stale)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_CONFLICT, "gc is at work in this registry");
    return mlops_hint(err, "wait until it has ended");
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* The store of the registry at `path`; NULL where there is none, or it is the one to repair. */
static int open_other(const struct repair *repair, const char *path, struct store **other,
                      struct mlops_error *err)
{
    static const char *const places[] = {".mlops/objects", "objects"};
    *other = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        _cleanup_(free_string) char *objects = path_join(path, places[i]);
        _cleanup_(free_string) char *format = path_join(objects, "format");
        struct stat ours, theirs;
        if (access(format, F_OK) < 0)
            continue;
        if (stat(repair->store->directory, &ours) < 0 || stat(objects, &theirs) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", objects);
        if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
            continue;
        return store_open(objects, repair->store->observer, other, err);
    }
    return MLOPS_OK;
}

/* As long as that brings something: what was found says what else is missing. */
static int take_from_store(struct repair *repair, struct store *other, struct missing *missing,
                           struct mlops_error *err)
{
    for (size_t before = SIZE_MAX; missing->count > 0;) {
        size_t ever = repair->ever.count;
        if (missing->count == before)
            return MLOPS_OK;
        before = missing->count;
        TRY(salvage_fetch(repair->store, other, missing->names, missing->count, err));
        TRY(look(repair, missing, err));
        if (repair->ever.count > ever) /* a recipe or manifest was found */
            before = SIZE_MAX;
    }
    return MLOPS_OK;
}

/* An archive that cannot be read is no reason not to ask the others. */
static int take_from_archive(struct repair *repair, const char *path, struct mlops_error *err)
{
    int code = archive_salvage(repair->registry, path, err);
    if (code != MLOPS_INTEGRITY && code != MLOPS_INVALID)
        return code;
    registry_warn(repair->registry, "%s", err->message);
    return MLOPS_OK;
}

static int take_from(struct repair *repair, const char *path, struct missing *missing,
                     struct mlops_error *err)
{
    _cleanup_(store_close_ptr) struct store *other = NULL;
    struct stat status;
    if (stat(path, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "repair from '%s'", path);
    if (S_ISREG(status.st_mode)) {
        TRY(take_from_archive(repair, path, err));
        return look(repair, missing, err);
    }
    if (!S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is neither a folder, an archive nor a registry",
                          path);
    TRY(open_other(repair, path, &other, err));
    if (other)
        TRY(take_from_store(repair, other, missing, err));
    TRY(repair_from_folder(repair->store, registry_observer(repair->registry), path, missing->files,
                           missing->file_count, err));
    return look(repair, missing, err);
}

static int run(struct repair *repair, const char *const *from, struct missing *missing,
               struct repaired *repaired, struct mlops_error *err)
{
    TRY(registry_store(repair->registry, &repair->store, err));
    TRY(evacuate(repair, &repaired->set_aside, err));
    TRY(look(repair, missing, err));
    for (; *from && missing->count > 0; from++)
        TRY(take_from(repair, *from, missing, err));
    repaired->objects = repair->ever.count - missing->count;
    return MLOPS_OK;
}

int repair(struct mlops_registry *registry, const char *const *from, struct repaired *repaired,
           struct mlops_error *err)
{
    struct repair state = {.registry = registry};
    struct missing missing = {0};
    *repaired = (struct repaired){0};
    int code = run(&state, from, &missing, repaired, err);
    missing_clear(&missing);
    digest_set_clear(&state.ever);
    return code;
}
