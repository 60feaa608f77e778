/* lib/table/parquet_fields.c - the columns of a Parquet file, and the SQL that reads them. */
#include "table/parquet.h"

#define FROM " FROM read_parquet($1, hive_partitioning := false)"

void parquet_fields_clear(struct parquet_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free(fields->items[i].name);
        free(fields->items[i].expression);
    }
    free(fields->items);
    *fields = (struct parquet_fields){0};
}

/* `text` within quotes, those in it doubled. */
static void put_quoted(struct buffer *out, const char *text, char quote)
{
    buffer_putc(out, quote);
    for (; *text; text++) {
        if (*text == quote)
            buffer_putc(out, quote);
        buffer_putc(out, *text);
    }
    buffer_putc(out, quote);
}

/* Are its vectors read as they are? */
static bool is_understood(uint32_t id)
{
    return (id >= DUCKDB_BOOLEAN && id <= DUCKDB_DATE) ||
           (id >= DUCKDB_HUGEINT && id <= DUCKDB_TIMESTAMP_NS) || id == DUCKDB_TIMESTAMP_TZ;
}

static void read_as_text(struct parquet_field *field)
{
    char *cast = xprintf("CAST(%s AS VARCHAR)", field->expression);
    free(field->expression);
    field->expression = cast;
    field->type = DUCKDB_VARCHAR;
    field->scale = 0;
}

static uint32_t whole_number(const struct duckdb_api *api, void *type, uint32_t id)
{
    return id == DUCKDB_DECIMAL ? api->duckdb_decimal_internal_type(type) : id;
}

static int add_field(const struct duckdb_api *api, void *type, const char *name,
                     const char *expression, size_t depth, struct parquet_fields *fields,
                     struct mlops_error *err);

static int add_members(const struct duckdb_api *api, void *type, const char *outer,
                       const char *expression, size_t depth, struct parquet_fields *fields,
                       struct mlops_error *err)
{
    if (depth == PARQUET_DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "column '%.64s' is nested too deep", outer);
    uint64_t count = api->duckdb_struct_type_child_count(type);
    for (uint64_t i = 0; i < count; i++) {
        _cleanup_(buffer_clear) struct buffer inner = {0};
        char *member = api->duckdb_struct_type_child_name(type, i);
        void *member_type = api->duckdb_struct_type_child_type(type, i);
        _cleanup_(free_string) char *name = xprintf("%s.%s", outer, member);
        buffer_printf(&inner, "struct_extract(%s, ", expression);
        put_quoted(&inner, member, '\'');
        buffer_putc(&inner, ')');
        int code = add_field(api, member_type, name, inner.data, depth + 1, fields, err);
        api->duckdb_free(member);
        api->duckdb_destroy_logical_type(&member_type);
        TRY(code);
    }
    return MLOPS_OK;
}

static int add_field(const struct duckdb_api *api, void *type, const char *name,
                     const char *expression, size_t depth, struct parquet_fields *fields,
                     struct mlops_error *err)
{
    uint32_t id = api->duckdb_get_type_id(type);
    if (id == DUCKDB_STRUCT)
        return add_members(api, type, name, expression, depth, fields, err);
    if (fields->count == PARQUET_COLUMNS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "it has more than %d columns", PARQUET_COLUMNS_MAX);
    GROW(fields->items, fields->count, &fields->capacity);
    struct parquet_field *field = &fields->items[fields->count++];
    *field = (struct parquet_field){.name = xstrdup(name),
                                    .expression = xstrdup(expression),
                                    .type = whole_number(api, type, id)};
    if (id == DUCKDB_DECIMAL)
        field->scale = api->duckdb_decimal_scale(type);
    if (!is_understood(id))
        read_as_text(field);
    return MLOPS_OK;
}

static int describe_columns(struct duckdb_session *session, const char *path,
                            struct parquet_fields *fields, struct mlops_error *err)
{
    const struct duckdb_api *api = &session->api;
    duckdb_result result = {0};
    int code = duckdb_run(session, "SELECT *" FROM " LIMIT 0", path, &result, err);
    uint64_t count = code ? 0 : api->duckdb_column_count(&result);
    for (uint64_t i = 0; i < count && !code; i++) {
        _cleanup_(buffer_clear) struct buffer expression = {0};
        const char *name = api->duckdb_column_name(&result, i);
        void *type = api->duckdb_column_logical_type(&result, i);
        put_quoted(&expression, name, '"');
        code = add_field(api, type, name, expression.data, 0, fields, err);
        api->duckdb_destroy_logical_type(&type);
    }
    api->duckdb_destroy_result(&result);
    return code;
}

static int count_rows(struct duckdb_session *session, const char *path, uint64_t *rows,
                      struct mlops_error *err)
{
    const struct duckdb_api *api = &session->api;
    duckdb_result result = {0};
    int code = duckdb_run(session, "SELECT num_rows::UBIGINT FROM parquet_file_metadata($1)", path,
                          &result, err);
    void *chunk = code ? NULL : api->duckdb_fetch_chunk(result);
    if (!code && (!chunk || api->duckdb_data_chunk_get_size(chunk) != 1))
        code = mlops_fail(err, MLOPS_INVALID, "it does not say how many rows it has");
    if (!code)
        *rows = *(const uint64_t *)api->duckdb_vector_get_data(
            api->duckdb_data_chunk_get_vector(chunk, 0));
    if (chunk)
        api->duckdb_destroy_data_chunk(&chunk);
    api->duckdb_destroy_result(&result);
    return code;
}

int parquet_describe(struct duckdb_session *session, const char *path,
                     struct parquet_fields *fields, uint64_t *rows, struct mlops_error *err)
{
    TRY(describe_columns(session, path, fields, err));
    return count_rows(session, path, rows, err);
}

enum parquet_class parquet_class(const struct parquet_field *field)
{
    switch (field->type) {
    case DUCKDB_VARCHAR:
    case DUCKDB_BLOB:
        return PARQUET_TEXTS;
    case DUCKDB_DATE:
    case DUCKDB_TIMESTAMP:
    case DUCKDB_TIMESTAMP_S:
    case DUCKDB_TIMESTAMP_MS:
    case DUCKDB_TIMESTAMP_NS:
    case DUCKDB_TIMESTAMP_TZ:
        return PARQUET_TIMES;
    default:
        return PARQUET_NUMBERS;
    }
}

enum column_type parquet_type(const struct parquet_field *field)
{
    switch (parquet_class(field)) {
    case PARQUET_TEXTS:
        return COLUMN_TEXT;
    case PARQUET_TIMES:
        return COLUMN_TIME;
    case PARQUET_NUMBERS:
        break;
    }
    if (field->type == DUCKDB_BOOLEAN)
        return COLUMN_BOOL;
    bool fraction =
        field->type == DUCKDB_FLOAT || field->type == DUCKDB_DOUBLE || field->scale > 0;
    return fraction ? COLUMN_FLOAT : COLUMN_INTEGER;
}

void parquet_adapt(struct parquet_field *field, enum column_type wanted)
{
    enum parquet_class class = parquet_class(field);
    if ((class == PARQUET_NUMBERS && !column_is_numeric(wanted)) ||
        (class == PARQUET_TIMES && wanted != COLUMN_TIME))
        read_as_text(field); /* texts serve for all: they are read as the cells of CSV are */
}

char *parquet_select(const struct parquet_fields *fields)
{
    struct buffer sql = {0};
    buffer_puts(&sql, "SELECT ");
    for (size_t i = 0; i < fields->count; i++)
        buffer_printf(&sql, "%s%s", i ? ", " : "", fields->items[i].expression);
    buffer_puts(&sql, fields->count ? FROM : "1" FROM);
    return buffer_steal(&sql);
}
