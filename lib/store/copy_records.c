/* lib/store/copy_records.c - what one store has and another has not, carried over record by record.
 */
#include "base/digest_set.h"
#include "base/pool.h"
#include "store/copy.h"
#include "store/handle.h"
#include "store/pack.h"
#include "store/pack_writer.h"
#include "store/visit.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Of one thread. */
struct porter {
    struct visitor *visitor; /* reads `from` */
    struct pack_batch *batch;
    struct store_copied copied;
};

struct carriage {
    struct store *from, *to;
    const struct digest_set *wanted; /* NULL: all */
    struct pack_writer *writer;
    char **packs; /* of `from` */
    size_t count, capacity;
    atomic_size_t done;
    struct porter *porters; /* of each thread */
    size_t porter_count;
};

static void carriage_clear(struct carriage *carriage)
{
    for (size_t i = 0; i < carriage->count; i++)
        free(carriage->packs[i]);
    free(carriage->packs);
    for (size_t i = 0; i < carriage->porter_count; i++) {
        visitor_free(carriage->porters[i].visitor);
        pack_batch_free(carriage->porters[i].batch);
    }
    free(carriage->porters);
    pack_writer_free(carriage->writer);
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

/* By the thread that called us. */
static int check_in(const struct carriage *carriage, struct mlops_error *err)
{
    const struct mlops_observer *observer = carriage->to->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while copying objects");
    if (observer && observer->progress)
        observer->progress(observer->context, "copying objects", carriage->done,
                           carriage->count);
    return MLOPS_OK;
}

/* Of a record that stands in several packs, the copy that a reader would take. */
static int carry_record(const struct carriage *carriage, struct porter *porter, const char *pack,
                        const struct record *record, struct mlops_error *err)
{
    struct location found;
    const uint8_t *stored;
    if (carriage->wanted && !digest_set_has(carriage->wanted, &record->name))
        return MLOPS_OK;
    if (index_find(carriage->to->index, &record->name, &found)) {
        porter->copied.present++;
        return MLOPS_OK;
    }
    if (!index_find(carriage->from->index, &record->name, &found) ||
        !str_equal(found.pack, pack) || found.record.offset != record->offset)
        return MLOPS_OK;
    /* from afar the bases that are there already would have to come for it */
    TRY(visitor_stored(porter->visitor, &found, !carriage->from->backend->remote, &stored, err));
    TRY(pack_batch_copy(porter->batch, &found.record, stored, err));
    porter->copied.packs++;
    return MLOPS_OK;
}

static int carry_pack(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct carriage *carriage = context;
    struct porter *porter = &carriage->porters[worker];
    _cleanup_(pack_clear) struct pack pack = {0};
    if (worker == 0)
        TRY(check_in(carriage, err));
    if (!porter->visitor) {
        porter->visitor = visitor_new(carriage->from);
        porter->batch = pack_batch_new(carriage->writer);
    }
    TRY(pack_load(carriage->from->backend, carriage->packs[index], &pack, err));
    for (size_t i = 0; i < pack.footer.count; i++) {
        struct record record;
        (void)pack_index_entry(pack.block, i, &pack.footer, &record); /* checked by pack_load */
        TRY(carry_record(carriage, porter, pack.name, &record, err));
    }
    carriage->done++;
    return MLOPS_OK;
}

static int carry_all(struct carriage *carriage, struct store_copied *copied,
                     struct mlops_error *err)
{
    uint64_t bytes = 0;
    carriage->porter_count = pool_threads();
    carriage->porters = xcalloc(carriage->porter_count, sizeof(*carriage->porters));
    TRY(pool_run(carriage->count, carry_pack, carriage, err));
    for (size_t i = 0; i < carriage->porter_count; i++) {
        const struct porter *porter = &carriage->porters[i];
        if (porter->batch)
            TRY(pack_batch_flush(porter->batch, err));
        copied->packs += porter->copied.packs;
        copied->present += porter->copied.present;
    }
    TRY(pack_writer_publish(carriage->writer, &bytes, err));
    copied->bytes += bytes;
    return check_in(carriage, err);
}

int store_copy_wanted(struct store *from, struct store *to, const struct digest_set *wanted,
                      struct store_copied *copied, struct mlops_error *err)
{
    _cleanup_(carriage_clear) struct carriage carriage = {
        .from = from, .to = to, .wanted = wanted};

    TRY(store_refresh(from, err));
    TRY(store_refresh(to, err));
    TRY(from->backend->list(from->backend, keep, &carriage, err));
    if (carriage.count == 0)
        return MLOPS_OK;
    qsort(carriage.packs, carriage.count, sizeof(*carriage.packs), by_name);
    TRY(pack_writer_new(to, &carriage.writer, err));
    TRY(carry_all(&carriage, copied, err));
    return store_refresh(to, err);
}

int store_copy_records(struct store *from, struct store *to, struct store_copied *copied,
                       struct mlops_error *err)
{
    return store_copy_wanted(from, to, NULL, copied, err);
}
