/* lib/bundle/reach.c - what a bundle needs of the store, and that it stays there. */
#include "bundle/reach.h"
#include "base/digest_set.h"
#include "bundle/manifest.h"
#include "registry/bundle.h"
#include "registry/condemned.h"

static int visit_object(struct visitor *visitor, const struct digest *digest, bool bases,
                        visitor_each each, void *context, struct mlops_error *err)
{
    int code = bases ? visitor_needs(visitor, digest, each, context, err)
                     : visitor_parts(visitor, digest, each, context, err);
    if (code == MLOPS_NOT_FOUND)
        code = (int)(err->code = MLOPS_INTEGRITY);
    return code;
}

int reach_visit(struct store *store, struct visitor *visitor, const char *id, unsigned how,
                visitor_each each, void *context, struct mlops_error *err)
{
    bool bases = how & REACH_BASES, files = !(how & REACH_WITHOUT_FILES);
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    if (!bundle_id_parse(id, &digest))
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is not the id of a bundle", id);
    TRY(visit_object(visitor, &digest, bases, each, context, err));
    TRY(store_read(store, &digest, MANIFEST_MAX, &text, err));
    TRY(manifest_parse(text.data, text.length, &manifest, err));
    for (size_t i = 0; files && i < manifest.file_count; i++)
        if (manifest.files[i].kind == MANIFEST_FILE)
            TRY(visit_object(visitor, &manifest.files[i].digest, bases, each, context, err));
    for (size_t i = 0; i < manifest.data_count; i++)
        TRY(visit_object(visitor, &manifest.data[i].profile, bases, each, context, err));
    if (manifest.has_patch)
        TRY(visit_object(visitor, &manifest.patch, bases, each, context, err));
    return MLOPS_OK;
}

/* Which of the condemned packs are needed. */
struct saving {
    const struct condemned_list *condemned;
    struct digest_set seen;
    char **packs;
    size_t count, capacity;
};

static void saving_clear(struct saving *saving)
{
    for (size_t i = 0; i < saving->count; i++)
        free(saving->packs[i]);
    free(saving->packs);
    digest_set_clear(&saving->seen);
}

static bool note_pack(void *context, const struct location *location)
{
    struct saving *saving = context;
    if (!digest_set_add(&saving->seen, &location->record.name))
        return false;
    if (!condemned_list_has(saving->condemned, location->pack))
        return true;
    for (size_t i = 0; i < saving->count; i++)
        if (str_equal(saving->packs[i], location->pack))
            return true;
    GROW(saving->packs, saving->count, &saving->capacity);
    saving->packs[saving->count++] = xstrdup(location->pack);
    return true;
}

/* Something that becomes known: a bundle, or objects. */
struct known {
    const char *bundle; /* NULL: objects */
    unsigned how;
    const struct digest *objects;
    size_t count;
};

static int visit_known(struct store *store, struct visitor *visitor, const struct known *known,
                       struct saving *saving, struct mlops_error *err)
{
    if (known->bundle)
        return reach_visit(store, visitor, known->bundle, known->how, note_pack, saving, err);
    for (size_t i = 0; i < known->count; i++)
        TRY(visit_object(visitor, &known->objects[i], true, note_pack, saving, err));
    return MLOPS_OK;
}

/* Packs are removed in transactions, and this is one: what is there now stays until its end. */
static int save(struct transaction *tx, struct mlops_registry *registry, const struct known *known,
                uint64_t round, bool *gone, struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list condemned = {0};
    struct store *store;
    *gone = false;
    TRY(condemned_read(registry, &condemned, err));
    if (condemned.count == 0 && condemned.round == round)
        return MLOPS_OK;
    TRY(registry_store(registry, &store, err));
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(store);
    _cleanup_(saving_clear) struct saving saving = {.condemned = &condemned};
    TRY(store_refresh(store, err));
    store_shun(store, condemned.packs, condemned.count);
    int code = visit_known(store, visitor, known, &saving, err);
    *gone = code == MLOPS_INTEGRITY || code == MLOPS_NOT_FOUND;
    if (*gone)
        return MLOPS_OK;
    TRY(code);
    for (size_t i = 0; i < saving.count; i++)
        TRY(condemned_forget(tx, saving.packs[i], err));
    return MLOPS_OK;
}

int reach_visit_kept(struct visitor *visitor, const struct bundle_row *row,
                     unsigned how, visitor_each each, void *context, struct mlops_error *err)
{
    for (size_t i = 0; i < row->kept_count; i++)
        if (visit_object(visitor, &row->kept[i].digest, how & REACH_BASES, each, context, err))
            return mlops_wrap(err, "%s of evidence %llu", row->kept[i].what,
                              (unsigned long long)row->kept[i].evidence);
    return MLOPS_OK;
}

int reach_save(struct transaction *tx, struct mlops_registry *registry, const char *id,
               uint64_t round, bool *gone, struct mlops_error *err)
{
    int64_t released_ns;
    TRY(bundle_released_ns(registry, id, &released_ns, err));
    const struct known known = {
        .bundle = id,
        .how = released_ns ? REACH_BASES | REACH_WITHOUT_FILES : REACH_BASES};
    return save(tx, registry, &known, round, gone, err);
}

int reach_save_objects(struct transaction *tx, struct mlops_registry *registry,
                       const struct digest *digests, size_t count, uint64_t round, bool *gone,
                       struct mlops_error *err)
{
    const struct known known = {.objects = digests, .count = count};
    return save(tx, registry, &known, round, gone, err);
}

int reach_fail(struct mlops_error *err)
{
    struct mlops_error cause = *err;
    mlops_fail(err, MLOPS_CONFLICT,
               "parts of the bundle were removed faster than it could be stored: %s",
               cause.message);
    return mlops_hint(err, "run it again when no gc with a short --grace is running; where that "
                           "does not help, see what 'mlops fsck' says");
}
