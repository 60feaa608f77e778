/* lib/store/copy_records.c - what one store has and another has not, carried over record by record.
 */
#include "base/digest_set.h"
#include "store/copy.h"
#include "store/handle.h"
#include "store/pack.h"
#include "store/pack_writer.h"
#include "store/visit.h"
#include <stdlib.h>

struct carriage {
    struct store *from, *to;
    const struct digest_set *wanted; /* NULL: all */
    struct visitor *visitor;         /* reads `from` */
    struct pack_batch *batch;
    struct store_copied *copied;
    char **packs; /* of `from` */
    size_t count, capacity;
};

static void carriage_clear(struct carriage *carriage)
{
    for (size_t i = 0; i < carriage->count; i++)
        free(carriage->packs[i]);
    free(carriage->packs);
    visitor_free(carriage->visitor);
    pack_batch_free(carriage->batch);
}

static int keep(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct carriage *carriage = context;
    (void)err;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK;
    GROW(carriage->packs, carriage->count, &carriage->capacity);
    carriage->packs[carriage->count++] = xstrdup(blob->name);
    return MLOPS_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_in(const struct carriage *carriage, size_t done, struct mlops_error *err)
{
    const struct mlops_observer *observer = carriage->to->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while copying objects");
    if (observer && observer->progress)
        observer->progress(observer->context, "copying objects", done, carriage->count);
    return MLOPS_OK;
}

/* Of a record that stands in several packs, the copy that a reader would take. */
static int carry_pack(struct carriage *carriage, const char *name, struct mlops_error *err)
{
    _cleanup_(pack_clear) struct pack pack = {0};
    TRY(pack_load(carriage->from->backend, name, &pack, err));
    for (size_t i = 0; i < pack.footer.count; i++) {
        struct location ours = {0}, theirs;
        const uint8_t *stored;
        (void)pack_index_entry(pack.block, i, &pack.footer,
                               &ours.record); /* checked by pack_load */
        if (carriage->wanted && !digest_set_has(carriage->wanted, &ours.record.name))
            continue;
        if (index_find(carriage->to->index, &ours.record.name, &theirs)) {
            carriage->copied->present++;
            continue;
        }
        if (!index_find(carriage->from->index, &ours.record.name, &theirs) ||
            !str_equal(theirs.pack, name) || theirs.record.offset != ours.record.offset)
            continue;
        /* from afar the bases that are there already would have to come for it */
        TRY(visitor_stored(carriage->visitor, &theirs, !carriage->from->backend->remote, &stored,
                           err));
        TRY(pack_batch_copy(carriage->batch, &theirs.record, stored, err));
        carriage->copied->packs++;
    }
    return MLOPS_OK;
}

static int carry_all(struct carriage *carriage, struct pack_writer *writer, struct mlops_error *err)
{
    uint64_t bytes = 0;
    carriage->visitor = visitor_new(carriage->from);
    carriage->batch = pack_batch_new(writer);
    for (size_t i = 0; i < carriage->count; i++) {
        TRY(check_in(carriage, i, err));
        TRY(carry_pack(carriage, carriage->packs[i], err));
    }
    TRY(pack_batch_flush(carriage->batch, err));
    TRY(pack_writer_publish(writer, &bytes, err));
    carriage->copied->bytes += bytes;
    return check_in(carriage, carriage->count, err);
}

int store_copy_wanted(struct store *from, struct store *to, const struct digest_set *wanted,
                      struct store_copied *copied, struct mlops_error *err)
{
    _cleanup_(carriage_clear) struct carriage carriage = {
        .from = from, .to = to, .wanted = wanted, .copied = copied};
    struct pack_writer *writer;

    TRY(store_refresh(from, err));
    TRY(store_refresh(to, err));
    TRY(from->backend->list(from->backend, keep, &carriage, err));
    if (carriage.count == 0)
        return MLOPS_OK;
    qsort(carriage.packs, carriage.count, sizeof(*carriage.packs), by_name);
    TRY(pack_writer_new(to, &writer, err));
    int code = carry_all(&carriage, writer, err);
    pack_writer_free(writer);
    return code ? code : store_refresh(to, err);
}

int store_copy_records(struct store *from, struct store *to, struct store_copied *copied,
                       struct mlops_error *err)
{
    return store_copy_wanted(from, to, NULL, copied, err);
}
