/* lib/store/check.c - the whole store verified and counted. */
#include "store/check.h"
#include "base/pool.h"
#include "store/pack.h"
#include "store/reader.h"
#include "store/visit.h"
#include <stdatomic.h>

struct name_list {
    char **names;
    size_t count, capacity;
};

static int add_name(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct name_list *list = context;
    (void)err;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK;
    GROW(list->names, list->count, &list->capacity);
    list->names[list->count++] = xstrdup(blob->name);
    return MLOPS_OK;
}

static void name_list_clear(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a worker found wrong with one pack; told to the caller in order when all is done. */
struct finding {
    const char *kind;
    char *message;
};

struct pack_findings {
    struct finding *items;
    size_t count, capacity;
};

struct check {
    struct store *store;
    const struct name_list *packs;
    bool quick;
    struct pack_findings *findings; /* a pack's own */
    struct reader *readers[64];     /* a worker's own */
    atomic_size_t done;
};

static void note(struct pack_findings *findings, const char *kind, const char *message)
{
    GROW(findings->items, findings->count, &findings->capacity);
    findings->items[findings->count++] = (struct finding){kind, xstrdup(message)};
}

static int no_sink(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    (void)context, (void)data, (void)length, (void)err;
    return MLOPS_OK;
}

/* A recipe of which parts are missing may be one that nobody needs, left over when gc removed its
 * blobs; whoever does need it is told by who it is (lib/bundle/fsck.c). */
static int check_record(struct reader *reader, const struct location *location,
                        struct mlops_error *err)
{
    const struct digest *name = &location->record.name;
    const uint8_t *data;
    bool whole;
    TRY(reader_load(reader, location, &data, err));
    if (location->record.kind == RECORD_BLOB)
        return MLOPS_OK;
    TRY(reader_has_whole(reader, name, &whole, err));
    return whole ? reader_stream(reader, name, no_sink, NULL, err) : MLOPS_OK;
}

static int compare_offsets(const void *a, const void *b)
{
    uint64_t left = ((const struct record *)a)->offset, right = ((const struct record *)b)->offset;
    return (left > right) - (left < right);
}

/* In the order in which they lie: the slices of a chunk follow it. */
static struct record *records_of(const struct pack *pack)
{
    size_t count = pack->footer.count;
    struct record *records = xcalloc(count, sizeof(*records));
    for (size_t i = 0; i < count; i++)
        (void)pack_index_entry(pack->block, i, &pack->footer, &records[i]); /* pack_load did */
    if (count > 0)
        qsort(records, count, sizeof(*records), compare_offsets);
    return records;
}

static int check_pack(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct check *check = context;
    struct pack_findings *findings = &check->findings[index];
    const struct mlops_observer *observer = check->store->observer;
    struct store_backend *backend = check->store->backend;
    struct pack pack;
    if (worker == 0 && observer) { /* worker 0 is the thread that called us */
        if (observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while checking");
        if (observer->progress)
            observer->progress(observer->context, "checking packs", check->done,
                               check->packs->count);
    }
    if (!check->quick && backend->forget) /* what lies there is checked, and not a copy of it */
        (void)backend->forget(backend, check->packs->names[index]);
    int code = pack_load(backend, check->packs->names[index], &pack, err);
    if (code == MLOPS_OK && !check->quick && backend->remote) {
        code = pack_check_header(backend, pack.name, err);
        if (code)
            pack_clear(&pack);
    }
    if (code == MLOPS_INTEGRITY) {
        note(findings, "pack", err->message);
        return MLOPS_OK;
    }
    if (code == MLOPS_NOT_FOUND) /* gc removed it; the bundles will miss it where they need it */
        return MLOPS_OK;
    TRY(code);
    if (!check->readers[worker])
        check->readers[worker] = reader_new(check->store);
    struct record *records = check->quick ? NULL : records_of(&pack);
    for (size_t i = 0; records && i < pack.footer.count && code == MLOPS_OK; i++) {
        struct location location = {.pack = pack.name, .record = records[i]};
        code = check_record(check->readers[worker], &location, err);
        if (code == MLOPS_INTEGRITY) {
            note(findings, location.record.kind == RECORD_BLOB ? "object" : "recipe", err->message);
            code = MLOPS_OK;
        }
    }
    free(records);
    pack_clear(&pack);
    check->done++;
    return code;
}

static void tell(struct check *check, const struct store_problems *problems)
{
    for (size_t i = 0; i < check->packs->count; i++) {
        struct pack_findings *findings = &check->findings[i];
        for (size_t j = 0; j < findings->count; j++) {
            problems->report(problems->context, findings->items[j].kind, check->packs->names[i],
                             findings->items[j].message);
            free(findings->items[j].message);
        }
        free(findings->items);
    }
}

int store_check(struct store *store, bool quick, const struct store_problems *problems,
                struct mlops_error *err)
{
    _cleanup_(name_list_clear) struct name_list packs = {0};
    struct check check = {.store = store, .packs = &packs, .quick = quick};
    TRY(store_refresh(store, err));
    TRY(store->backend->list(store->backend, add_name, &packs, err));
    if (packs.count > 0)
        qsort(packs.names, packs.count, sizeof(*packs.names), compare_names);
    check.findings = xcalloc(packs.count, sizeof(*check.findings));
    int code = pool_run(packs.count, check_pack, &check, err);
    for (size_t i = 0; i < ARRAY_LENGTH(check.readers); i++)
        reader_free(check.readers[i]);
    tell(&check, problems);
    free(check.findings);
    return code;
}

int store_usage(struct store *store, struct store_usage *usage, struct mlops_error *err)
{
    _cleanup_(name_list_clear) struct name_list packs = {0};
    _cleanup_(digest_set_clear) struct digest_set seen = {0};
    *usage = (struct store_usage){0};
    TRY(store->backend->list(store->backend, add_name, &packs, err));
    for (size_t i = 0; i < packs.count; i++) {
        struct pack pack;
        int code = pack_load(store->backend, packs.names[i], &pack, err);
        if (code == MLOPS_NOT_FOUND) /* gc removed it meanwhile */
            continue;
        TRY(code);
        usage->packs++;
        usage->stored_bytes +=
            pack.footer.index_offset + pack.footer.count * INDEX_ENTRY_SIZE + PACK_FOOTER_SIZE;
        for (size_t j = 0; j < pack.footer.count; j++) {
            struct record record;
            (void)pack_index_entry(pack.block, j, &pack.footer, &record); /* pack_load did */
            if (record.kind != RECORD_BLOB || !digest_set_add(&seen, &record.name))
                continue;
            usage->objects++;
            usage->raw_bytes += record.raw;
        }
        pack_clear(&pack);
    }
    return MLOPS_OK;
}

struct counting {
    struct digest_set *seen;
    struct store_usage *usage;
};

static bool count_record(void *context, const struct location *location)
{
    struct counting *counting = context;
    const struct record *record = &location->record;
    if (!digest_set_add(counting->seen, &record->name))
        return false;
    counting->usage->stored_bytes += RECORD_HEADER_SIZE + record->stored;
    if (record->kind == RECORD_RECIPE)
        return true;
    counting->usage->objects++;
    counting->usage->raw_bytes += record->raw;
    return true;
}

int store_object_usage(struct store *store, const struct digest *digest, struct digest_set *seen,
                       struct store_usage *usage, struct mlops_error *err)
{
    struct counting counting = {.seen = seen, .usage = usage};
    if (digest_set_has(seen, digest))
        return MLOPS_OK;
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(store);
    return visitor_needs(visitor, digest, count_record, &counting, err);
}

int store_object_size(struct store *store, const struct digest *digest, uint64_t *size,
                      struct mlops_error *err)
{
    *size = 0;
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(store);
    return visitor_length(visitor, digest, size, err);
}
