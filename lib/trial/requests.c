/* lib/trial/requests.c - a snapshot's first rows, written as JSON. */
#include "trial/requests.h"
#include "base/json.h"
#include "base/path.h"
#include "registry/registry.h"
#include "store/store.h"
#include "table/table.h"

#define BYTES_MAX (64U << 20) /* of all requests: after that the first ones come again */

void requests_clear(struct requests *requests)
{
    buffer_clear(&requests->text);
    free(requests->ends);
    *requests = (struct requests){0};
}

static const struct manifest_data *find_data(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->data_count; i++)
        if (str_equal(manifest->data[i].name, name))
            return &manifest->data[i];
    return NULL;
}

static int lay_out(struct mlops_registry *registry, const struct manifest *manifest,
                   const struct manifest_data *data, const char *path, struct mlops_error *err)
{
    struct store *store;
    const struct manifest_file *file = manifest_find(manifest, data->path);
    if (!file || file->kind != MANIFEST_FILE)
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no file of the bundle", data->path);
    const struct store_restore restore = {
        .digest = file->digest, .size = file->size, .path = path, .mode = 0600};
    TRY(registry_store(registry, &store, err));
    return store_restore_files(store, &restore, 1, true, NULL, err);
}

static void add_value(const struct column *column, size_t row, struct buffer *text)
{
    if (column->missing[row] != MISSING_NOT)
        buffer_puts(text, "null");
    else if (column->type == COLUMN_BOOL)
        buffer_puts(text, column->numbers[row] > 0 ? "true" : "false");
    else if (column->numbers)
        json_write_number(column->numbers[row], text);
    else {
        _cleanup_(free_string) char *copy =
            xstrndup(column->texts[row].data, column->texts[row].length);
        json_write_string(copy, text);
    }
}

static void add_row(const struct batch *batch, const struct table_schema *schema,
                    const char *target, size_t row, struct buffer *text)
{
    bool any = false;
    buffer_putc(text, '{');
    for (size_t i = 0; i < batch->column_count; i++) {
        if (target && str_equal(schema->columns[i].name, target))
            continue;
        buffer_puts(text, any ? "," : "");
        json_write_string(schema->columns[i].name, text);
        buffer_putc(text, ':');
        add_value(&batch->columns[i], row, text);
        any = true;
    }
    buffer_putc(text, '}');
}

static int add_rows(struct table_reader *reader, const char *target, uint64_t batch_size,
                    uint64_t most, struct requests *requests, struct mlops_error *err)
{
    const struct table_schema *schema = table_schema(reader);
    struct buffer *text = &requests->text;
    size_t capacity = 0;
    uint64_t in_line = 0;
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            return MLOPS_OK;
        for (size_t row = 0; row < batch->rows; row++) {
            buffer_puts(text, batch_size == 1 ? "" : in_line == 0 ? "[" : ",");
            add_row(batch, schema, target, row, text);
            if (++in_line < batch_size)
                continue;
            buffer_puts(text, batch_size == 1 ? "\n" : "]\n");
            in_line = 0;
            GROW(requests->ends, requests->count, &capacity);
            requests->ends[requests->count++] = text->length;
            if (requests->count == most || text->length > BYTES_MAX)
                return MLOPS_OK;
        }
    }
}

/* Times as they are written: the columns of the table, with text in their place. */
static int open_table(const char *path, const struct csv_keys *csv, struct table_reader **reader,
                      struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *first = NULL;
    struct table_schema times = {0};
    struct table_options options = {.expected = NULL};
    csv_keys_apply(csv, &options);
    TRY(table_open(path, &options, &first, err));
    const struct table_schema *schema = table_schema(first);
    times.columns = xcalloc(schema->count + 1, sizeof(*times.columns));
    for (size_t i = 0; i < schema->count; i++)
        if (schema->columns[i].type == COLUMN_TIME)
            times.columns[times.count++] =
                (struct column_schema){.name = schema->columns[i].name, .type = COLUMN_TEXT};
    options.expected = &times;
    int code = table_open(path, &options, reader, err);
    free(times.columns);
    return code;
}

int requests_make(struct mlops_registry *registry, const struct manifest *manifest,
                  const char *name, uint64_t batch, uint64_t most, const char *folder,
                  struct requests *requests, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    const struct manifest_data *data = find_data(manifest, name);
    if (!data)
        return mlops_fail(err, MLOPS_NOT_FOUND, "the bundle has no snapshot called '%s'", name);
    _cleanup_(free_string) char *path = path_join(folder, "requests");
    TRY(lay_out(registry, manifest, data, path, err));
    TRY(open_table(path, &data->csv, &reader, err));
    TRY(add_rows(reader, data->target, batch, most, requests, err));
    if (requests->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s has fewer than the %llu rows of a request",
                          data->path, (unsigned long long)batch);
    return MLOPS_OK;
}
