/* lib/monitor/labels.c - lists of labels and their rows. */
#include "monitor/labels.h"
#include "base/endian.h"
#include "registry/db.h"

void label_list_add(struct label_list *list, const struct label_record *record)
{
    GROW(list->records, list->count, &list->capacity);
    list->records[list->count++] = *record;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct label_record *)a)->id, y = ((const struct label_record *)b)->id;
    return (x > y) - (x < y);
}

/* glibc's qsort is a merge sort, and stable, as long as memory allows; C does not promise it. */
static void merge_sort(struct label_record *records, size_t count, struct label_record *spare)
{
    size_t half = count / 2;
    if (count < 2)
        return;
    merge_sort(records, half, spare);
    merge_sort(records + half, count - half, spare);
    memcpy(spare, records, half * sizeof(*spare));
    for (size_t i = 0, j = half, out = 0; i < half; out++)
        records[out] = j < count && compare(&records[j], &spare[i]) < 0 ? records[j++] : spare[i++];
}

void label_list_sort(struct label_list *list)
{
    size_t kept = 0;
    struct label_record *spare = xcalloc(list->count / 2 + 1, sizeof(*spare));
    merge_sort(list->records, list->count, spare);
    free(spare);
    for (size_t i = 0; i < list->count; i++) {
        bool last = i + 1 == list->count || list->records[i + 1].id != list->records[i].id;
        if (last)
            list->records[kept++] = list->records[i];
    }
    list->count = kept;
}

struct label_record *label_list_find(const struct label_list *list, uint64_t id)
{
    const struct label_record key = {.id = id};
    return list->count ? bsearch(&key, list->records, list->count, sizeof(key), compare) : NULL;
}

void label_list_clear(struct label_list *list)
{
    free(list->records);
    *list = (struct label_list){0};
}

static int read_rows(struct db_rows *rows, struct label_list *list, struct mlops_error *err)
{
    bool more;
    *list = (struct label_list){0};
    for (;;) {
        size_t length;
        int code = db_step(rows, &more, err);
        if (code || !more) {
            label_list_sort(list);
            return code;
        }
        const uint8_t *bytes = db_bytes(rows, 0, &length);
        for (; length >= LABEL_RECORD_SIZE; length -= LABEL_RECORD_SIZE) {
            label_list_add(list, &(struct label_record){get_u64(bytes), (int64_t)get_u64(bytes + 8),
                                                        get_u32(bytes + 16)});
            bytes += LABEL_RECORD_SIZE;
        }
    }
}

static void encode(const struct label_list *list, struct buffer *out)
{
    for (size_t i = 0; i < list->count; i++) {
        uint8_t bytes[LABEL_RECORD_SIZE];
        put_u64(bytes, list->records[i].id);
        put_u64(bytes + 8, (uint64_t)list->records[i].time_ns);
        put_u32(bytes + 16, list->records[i].label);
        buffer_append(out, bytes, sizeof(bytes));
    }
}

int labels_read(struct db *db, const char *model, int64_t minute, struct label_list *list,
                struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(db, &rows, err,
                 "SELECT records FROM monitor_label WHERE model = $1 AND minute = $2 "
                 "ORDER BY batch",
                 DB_TEXT(model), DB_I64(minute)));
    return read_rows(rows, list, err);
}

int labels_read_between(struct db *db, const char *model, int64_t from, int64_t to,
                        struct label_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(db, &rows, err,
                 "SELECT records FROM monitor_label WHERE model = $1 AND minute >= $2 "
                 "AND minute < $3 ORDER BY batch",
                 DB_TEXT(model), DB_I64(from), DB_I64(to)));
    return read_rows(rows, list, err);
}

int labels_write(struct db *db, const char *model, int64_t minute, uint64_t batch,
                 const struct label_list *list, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    if (list->count == 0)
        return MLOPS_OK;
    encode(list, &bytes);
    return db_exec(db, err,
                   "INSERT INTO monitor_label (model, minute, batch, records) "
                   "VALUES ($1, $2, $3, $4)",
                   DB_TEXT(model), DB_I64(minute), DB_I64(batch), DB_BLOB(bytes.data, bytes.length));
}

int pending_read(struct db *db, const char *model, struct label_list *list,
                 struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(db, &rows, err,
                 "SELECT records FROM monitor_pending WHERE model = $1 ORDER BY batch",
                 DB_TEXT(model)));
    return read_rows(rows, list, err);
}

int pending_write(struct db *db, const char *model, uint64_t batch, const struct label_list *list,
                  struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    TRY(db_exec(db, err, "DELETE FROM monitor_pending WHERE model = $1", DB_TEXT(model)));
    if (list->count == 0)
        return MLOPS_OK;
    encode(list, &bytes);
    return db_exec(db, err,
                   "INSERT INTO monitor_pending (model, batch, records) VALUES ($1, $2, $3)",
                   DB_TEXT(model), DB_I64(batch), DB_BLOB(bytes.data, bytes.length));
}
