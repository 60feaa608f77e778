/* lib/monitor/labelled.c - labels found by id, whatever the minute of their event. */
#include "monitor/labelled.h"
#include "base/endian.h"
#include "registry/db.h"

#define SPARE_MAX ((size_t)1 << 20) /* ids that may be gone before all are read again */

static struct label_record record_at(const uint8_t *bytes)
{
    return (struct label_record){get_u64(bytes), (int64_t)get_u64(bytes + 8), get_u32(bytes + 16)};
}

int labelled_load(struct labelled *labelled, struct db *db, const char *model, uint64_t batch,
                  struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool all = labelled->batch == 0, more;
    if (labelled->batch >= batch)
        return MLOPS_OK;
    TRY(db_query(db, &rows, err,
                 "SELECT records FROM monitor_label WHERE model = $1 AND batch > $2",
                 DB_TEXT(model), DB_I64(labelled->batch)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        const uint8_t *bytes = db_bytes(rows, 0, &length);
        for (; length >= LABEL_RECORD_SIZE; length -= LABEL_RECORD_SIZE, bytes += LABEL_RECORD_SIZE)
            (void)id_set_add(&labelled->ids, get_u64(bytes));
    }
    labelled->batch = batch;
    if (all)
        labelled->loaded = labelled->ids.count;
    return MLOPS_OK;
}

/* A label with the batch that wrote it. */
struct found {
    int64_t batch;
    struct label_record record;
};

struct found_list {
    struct found *items;
    size_t count, capacity;
};

static void found_clear(struct found_list *list)
{
    free(list->items);
}

static int compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->batch > y->batch) - (x->batch < y->batch);
}

/* Sorted here, and not by the database, which would have to move the rows of all minutes. */
static int read_found(struct db *db, const char *model, const struct id_set *wanted,
                      struct found_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(db_query(db, &rows, err, "SELECT batch, records FROM monitor_label WHERE model = $1",
                 DB_TEXT(model)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        int64_t batch = db_i64(rows, 0);
        const uint8_t *bytes = db_bytes(rows, 1, &length);
        for (; length >= LABEL_RECORD_SIZE;
             length -= LABEL_RECORD_SIZE, bytes += LABEL_RECORD_SIZE) {
            if (!id_set_has(wanted, get_u64(bytes)))
                continue;
            GROW(list->items, list->count, &list->capacity);
            list->items[list->count++] = (struct found){batch, record_at(bytes)};
        }
    }
}

int labelled_find(struct db *db, const char *model, const struct id_set *wanted,
                  struct label_list *found, struct mlops_error *err)
{
    _cleanup_(found_clear) struct found_list list = {0};
    *found = (struct label_list){0};
    TRY(read_found(db, model, wanted, &list, err));
    if (list.count > 0)
        qsort(list.items, list.count, sizeof(*list.items), compare);
    for (size_t i = 0; i < list.count; i++)
        label_list_add(found, &list.items[i].record);
    label_list_sort(found);
    return MLOPS_OK;
}

void labelled_sweep(struct labelled *labelled)
{
    if (labelled->ids.count > 2 * labelled->loaded + SPARE_MAX)
        labelled_clear(labelled);
}

void labelled_clear(struct labelled *labelled)
{
    id_set_clear(&labelled->ids);
    *labelled = (struct labelled){0};
}
