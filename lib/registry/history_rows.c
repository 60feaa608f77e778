/* lib/registry/history_rows.c - rows and log of a registry as text, and back into an empty one. */
#include "base/path.h"
#include "registry/audit.h"
#include "registry/fact.h"
#include "registry/history.h"
#include "registry/log_tree.h"
#include <errno.h>
#include <mlops/text.h>
#include <stdlib.h>

#define WRITE_AT 65536
#define NOTE_MAX 65536

/* ---- out ----------------------------------------------------------------------------------- */

bool history_is_written(const struct copy_table *table)
{
    return table->travel == TRAVEL_GROWS || table->travel == TRAVEL_CHANGES;
}

/* Bundles that nobody registered nor tested are nobody's history. */
#define BUNDLES                                                                                    \
    "SELECT id, model, files, bytes, created_ns, created_by, packaged_ns FROM bundle "             \
    "WHERE id IN (SELECT bundle FROM version UNION SELECT bundle FROM trash "                      \
    "UNION SELECT bundle FROM retired UNION SELECT bundle FROM evidence"

static const char *select_of(const struct copy_table *table, bool evaluation)
{
    if (!str_equal(table->name, "bundle"))
        return table->select;
    return evaluation ? BUNDLES " UNION SELECT bundle FROM evaluation)" : BUNDLES ")";
}

static void write_columns(const struct copy_table *table, struct buffer *line)
{
    const char *at = table->columns;

    for (;;) {
        size_t length = strcspn(at, ",");
        buffer_printf(line, "%s\"%.*s\"", at == table->columns ? "[" : ",", (int)length, at);
        if (at[length] == '\0')
            break;
        at += length + 2;
    }
    buffer_puts(line, "]\n");
}

static int write_row(const struct copy_table *table, const struct db_rows *rows,
                     struct buffer *line, struct mlops_error *err)
{
    for (int i = 0; table->kinds[i]; i++) {
        buffer_putc(line, i == 0 ? '[' : ',');
        if (db_is_null(rows, i)) {
            buffer_puts(line, "null");
        } else if (table->kinds[i] == 'i') { /* JSON's numbers have 53 bits */
            buffer_printf(line, "\"%lld\"", (long long)db_i64(rows, i));
        } else {
            const char *text = db_string(rows, i);
            if (!utf8_valid(text, strlen(text)))
                return mlops_fail(err, MLOPS_INTEGRITY, "a row of the table %s is not UTF-8",
                                  table->name);
            json_write_string(text, line);
        }
    }
    buffer_puts(line, "]\n");
    return MLOPS_OK;
}

/* Lines that are sorted here, as the engines order text each in its own way. */
struct lines {
    char **items;
    size_t count, capacity;
};

static void lines_clear(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
    free(lines->items);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_lines(struct db *db, const struct copy_table *table, bool evaluation,
                      struct lines *lines, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query_values(db, &rows, err, select_of(table, evaluation), &DB_END));
    for (;;) {
        _cleanup_(buffer_clear) struct buffer line = {0};
        bool more;

        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        TRY(write_row(table, rows, &line, err));
        GROW(lines->items, lines->count, &lines->capacity);
        lines->items[lines->count++] = buffer_steal(&line);
    }
    if (lines->count > 0)
        qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
    return MLOPS_OK;
}

int history_rows_write(struct mlops_registry *registry, const struct copy_table *table,
                       bool evaluation, history_sink sink, void *context, struct mlops_error *err)
{
    _cleanup_(lines_clear) struct lines lines = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};

    TRY(read_lines(registry->db, table, evaluation, &lines, err));
    write_columns(table, &text);
    for (size_t i = 0; i < lines.count; i++) {
        buffer_puts(&text, lines.items[i]);
        if (text.length < WRITE_AT)
            continue;
        TRY(sink(context, text.data, text.length, err));
        buffer_reset(&text);
    }
    return sink(context, text.data ? text.data : "", text.length, err);
}

/* ---- in: the log --------------------------------------------------------------------------- */

void history_log_clear(struct history_log *log)
{
    free(log->log_key);
    buffer_clear(&log->note);
}

static int fail_entry(const struct history_log *log, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of its log is missing or not an entry",
                      (unsigned long long)log->tree.size);
}

/* The row that audit_append would have written; mlops_log_verify holds it against the entry. */
static int insert_entry(struct transaction *tx, const cJSON *entry, const char *line,
                        int64_t time_ns, const struct digest *leaf, uint64_t index,
                        struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];

    digest_to_hex(leaf, hex);
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO audit (position, time_ns, actor, action, model, version, previous, "
                   "stage, reason, entry, leaf) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   DB_I64(index), DB_I64(time_ns), DB_TEXT(json_string(entry, "actor", "")),
                   DB_TEXT(json_string(entry, "action", "")),
                   DB_TEXT(json_string(entry, "model", "")), DB_I64(json_u64(entry, "version", 0)),
                   DB_I64(json_u64(entry, "previous", 0)), DB_TEXT(json_string(entry, "stage", "")),
                   DB_TEXT(json_string(entry, "reason", "")), DB_TEXT(line), DB_TEXT(hex));
}

int history_log_take(struct transaction *tx, struct history_log *log, const char *line,
                     size_t length, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *entry = NULL;
    struct mlops_error ignored = {0};
    struct digest leaf;
    const char *named;
    int64_t time_ns;

    if (log->in_note) {
        if (log->note.length + length > NOTE_MAX)
            return mlops_fail(err, MLOPS_INTEGRITY, "the checkpoint of its log is too long");
        buffer_printf(&log->note, "%s\n", line);
        return MLOPS_OK;
    }
    if (length == 0) {
        log->in_note = true;
        return MLOPS_OK;
    }
    if (length > AUDIT_ENTRY_MAX || json_parse(line, length, "entry", &entry, &ignored) ||
        !cJSON_IsObject(entry) || json_u64(entry, "index", UINT64_MAX) != log->tree.size ||
        mlops_time_parse(json_string(entry, "time", ""), &time_ns, &ignored))
        return fail_entry(log, err);
    named = json_string(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "log_key", NULL);
    if (named) {
        free(log->log_key);
        log->log_key = xstrdup(named);
    }
    merkle_leaf(line, length, &leaf);
    TRY(insert_entry(tx, entry, line, time_ns, &leaf, log->tree.size, err));
    merkle_append(&log->tree, &leaf, NULL);
    return MLOPS_OK;
}

int history_log_end(struct transaction *tx, struct history_log *log, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);

    if (!log->log_key || log->note.length == 0)
        return mlops_fail(err, MLOPS_INTEGRITY, "its log has no %s",
                          log->log_key ? "checkpoint" : "entry that names its key");
    TRY(db_exec(db, err, "INSERT INTO meta (key, value) VALUES ('log_key', $1)",
                DB_TEXT(log->log_key)));
    TRY(db_exec(db, err, "INSERT INTO meta (key, value) VALUES ('checkpoint', $1)",
                DB_TEXT(log->note.data)));
    return log_tree_fill(db, err);
}

/* ---- in: rows ---------------------------------------------------------------------------- */

static int fail_row(const struct copy_table *table, uint64_t number, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "line %llu of its table %s is no row of it",
                      (unsigned long long)number + 1, table->name);
}

static int check_columns(const struct copy_table *table, const char *line, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer columns = {0};

    write_columns(table, &columns);
    columns.data[columns.length - 1] = '\0'; /* the newline */
    if (str_equal(columns.data, line))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "its table %s has other columns than this mlops knows",
               table->name);
    return mlops_hint(err, "it was written by another version of mlops: use that one or a later");
}

static bool parse_integer(const char *text, int64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoll(text, &end, 10);
    return !errno && end != text && !*end;
}

int history_row_take(struct transaction *tx, const struct copy_table *table, uint64_t number,
                     const char *line, size_t length, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *row = NULL;
    struct db_value values[COPY_COLUMNS_MAX + 1];
    struct mlops_error ignored = {0};
    const cJSON *item;
    size_t i = 0;

    if (number == 0)
        return check_columns(table, line, err);
    if (json_parse(line, length, "row", &row, &ignored) || !cJSON_IsArray(row) ||
        (size_t)cJSON_GetArraySize(row) != strlen(table->kinds))
        return fail_row(table, number, err);
    cJSON_ArrayForEach(item, row)
    {
        int64_t integer;

        values[i] = (struct db_value){.type = DB_NULL};
        if (cJSON_IsString(item) && table->kinds[i] == 't')
            values[i] = DB_TEXT(item->valuestring);
        else if (cJSON_IsString(item) && parse_integer(item->valuestring, &integer))
            values[i] = DB_I64(integer);
        else if (!cJSON_IsNull(item))
            return fail_row(table, number, err);
        i++;
    }
    values[i] = DB_END;
    if (db_exec_values(transaction_db(tx), &ignored, table->insert, values) == MLOPS_OK)
        return MLOPS_OK;
    if (ignored.code == MLOPS_CANCELLED || ignored.code == MLOPS_IO) {
        *err = ignored;
        return mlops_wrap(err, "line %llu of its table %s", (unsigned long long)number + 1,
                          table->name);
    }
    return fail_row(table, number, err);
}

int history_find_facts(struct mlops_registry *registry, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(transaction_begin(registry, &tx, err));
    TRY(facts_fill(tx, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
