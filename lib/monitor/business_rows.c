/* lib/monitor/business_rows.c - business series: a file in, rows of days, and out again. */
#include "monitor/business_rows.h"
#include "base/clock.h"
#include "base/number.h"
#include "registry/db.h"
#include "table/table.h"
#include <inttypes.h>
#include <math.h>
#include <mlops/business.h>

#define DAYS_MAX 100000 /* of a file: 273 years */
#define DATE_LENGTH 10  /* "2026-05-03" */

struct day {
    int64_t day_ns;
    double value;
    uint64_t line;
};
struct day_list {
    struct day *items;
    size_t count, capacity;
};
static void day_list_clear(struct day_list *list)
{
    free(list->items);
}

static int known_model(struct mlops_registry *registry, const char *model, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    return mlops_version_list(registry, model, &list, err);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Where a message says what is wrong. */
struct place {
    const char *path;
    uint64_t line;
};

static int read_row(const struct batch *batch, const size_t at[2], size_t row,
                    const struct place *place, struct day *day, struct mlops_error *err)
{
    const struct column *dates = &batch->columns[at[0]], *values = &batch->columns[at[1]];
    if (dates->missing[row] || values->missing[row])
        return mlops_fail(err, MLOPS_INVALID, "%s:%" PRIu64 ": no %s", place->path, place->line,
                          dates->missing[row] ? "date" : "value");
    const struct text_view *date = &dates->texts[row], *value = &values->texts[row];
    day->line = place->line;
    if (date->length != DATE_LENGTH || !clock_parse(date->data, date->length, &day->day_ns)) {
        mlops_fail(err, MLOPS_INVALID, "%s:%" PRIu64 ": '%.*s' is no date", place->path,
                   place->line, (int)(date->length < 64 ? date->length : 64), date->data);
        return mlops_hint(err, "write one as 2026-05-03");
    }
    if (!number_parse(value->data, value->length, &day->value) || !isfinite(day->value))
        return mlops_fail(err, MLOPS_INVALID, "%s:%" PRIu64 ": '%.*s' is no number", place->path,
                          place->line, (int)(value->length < 64 ? value->length : 64), value->data);
    return MLOPS_OK;
}

static int by_day(const void *a, const void *b)
{
    const struct day *x = a, *y = b;
    return x->day_ns != y->day_ns ? (x->day_ns > y->day_ns) - (x->day_ns < y->day_ns)
                                  : (x->line > y->line) - (x->line < y->line);
}

static int check_days(const char *path, struct day_list *days, struct mlops_error *err)
{
    qsort(days->items, days->count, sizeof(*days->items), by_day);
    for (size_t i = 1; i < days->count; i++)
        if (days->items[i].day_ns == days->items[i - 1].day_ns) {
            mlops_fail(err, MLOPS_INVALID, "%s:%" PRIu64 ": the day of line %" PRIu64 " once more",
                       path, days->items[i].line, days->items[i - 1].line);
            return mlops_hint(err, "a series has one value a day: add them up first");
        }
    return MLOPS_OK;
}

static int read_file(const struct mlops_registry *registry, const char *path,
                     struct day_list *days, struct mlops_error *err)
{
    struct column_schema texts[] = {{(char[]){"date"}, COLUMN_TEXT},
                                    {(char[]){"value"}, COLUMN_TEXT}};
    const struct table_schema expected = {texts, ARRAY_LENGTH(texts)};
    const struct table_options options = {.expected = &expected,
                                          .only_expected = true,
                                          .observer = registry_observer(registry)};
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    const struct batch *batch;
    bool more = true;
    TRY(table_open(path, &options, &reader, err));
    const struct table_schema *schema = table_schema(reader);
    const size_t at[2] = {table_schema_find(schema, "date"), table_schema_find(schema, "value")};
    if (at[0] == SIZE_MAX || at[1] == SIZE_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s: a series has no '%s'", path,
                          at[0] == SIZE_MAX ? "date" : "value");
    for (;;) {
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            return check_days(path, days, err);
        for (size_t row = 0; row < batch->rows; row++) {
            struct day day;
            TRY(read_row(batch, at, row, &(struct place){path, table_line(reader, row)}, &day,
                         err));
            if (days->count == DAYS_MAX)
                return mlops_fail(err, MLOPS_INVALID, "%s has more than %d days", path, DAYS_MAX);
            GROW(days->items, days->count, &days->capacity);
            days->items[days->count++] = day;
        }
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int write_day(struct db *db, const char *model, const char *name, const struct day *day,
                     struct mlops_series_added *added, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool there;
    TRY(db_query(db, &rows, err,
                 "SELECT amount FROM monitor_series "
                 "WHERE model = $1 AND series = $2 AND day_ns = $3",
                 DB_TEXT(model), DB_TEXT(name), DB_I64(day->day_ns)));
    TRY(db_step(rows, &there, err));
    added->days++;
    if (there && db_f64(rows, 0) >= day->value && db_f64(rows, 0) <= day->value) {
        added->unchanged++;
        return MLOPS_OK;
    }
    added->replaced += there;
    db_rows_close(TAKE_PTR(rows));
    return db_exec(db, err,
                   "INSERT INTO monitor_series (model, series, day_ns, amount) "
                   "VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (model, series, day_ns) DO UPDATE SET amount = excluded.amount",
                   DB_TEXT(model), DB_TEXT(name), DB_I64(day->day_ns), DB_F64(day->value));
}

int mlops_series_add(struct mlops_registry *registry, const char *model, const char *name,
                     const char *path, struct mlops_series_added *added, struct mlops_error *err)
{
    _cleanup_(day_list_clear) struct day_list days = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    *added = (struct mlops_series_added){0};
    TRY(name_check("series", name, err));
    TRY(known_model(registry, model, err));
    TRY(read_file(registry, path, &days, err));
    TRY(transaction_begin(registry, &tx, err));
    for (size_t i = 0; i < days.count; i++)
        TRY(write_day(transaction_db(tx), model, name, &days.items[i], added, err));
    if (added->unchanged == added->days) /* nothing to log: a file that is sent every night */
        return MLOPS_OK;
    char first[32], last[32];
    mlops_time_format(days.items[0].day_ns, first);
    mlops_time_format(days.items[days.count - 1].day_ns, last);
    _cleanup_(free_string) char *reason =
        xprintf("%s: %" PRIu64 " days, %.10s to %.10s, %" PRIu64 " replaced", name, added->days,
                first, last, added->replaced);
    TRY(audit_append(
        tx, &(struct audit_entry){.action = "series", .model = model, .reason = reason}, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int business_series_missing(const char *model, const char *name, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_NOT_FOUND, "%s has no series '%s'", model, name);
    return mlops_hint(err, "'mlops monitor business list %s' shows those that there are", model);
}

int mlops_series_remove(struct mlops_registry *registry, const char *model, const char *name,
                        struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(known_model(registry, model, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_exec(transaction_db(tx), err,
                "DELETE FROM monitor_series WHERE model = $1 AND series = $2", DB_TEXT(model),
                DB_TEXT(name)));
    if (db_changes(transaction_db(tx)) == 0)
        return business_series_missing(model, name, err);
    TRY(audit_append(
        tx, &(struct audit_entry){.action = "unseries", .model = model, .reason = name}, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int read_list(struct db *db, const char *model, struct mlops_series_list *list,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT series, day_ns, amount FROM monitor_series WHERE model = $1 "
                 "ORDER BY series, day_ns",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        if (list->count == 0 || !str_equal(list->items[list->count - 1].name, db_string(rows, 0))) {
            GROW(list->items, list->count, &capacity);
            struct mlops_series *fresh = &list->items[list->count++];
            *fresh = (struct mlops_series){.first_ns = db_i64(rows, 1)};
            str_copy(fresh->name, sizeof(fresh->name), db_string(rows, 0));
        }
        struct mlops_series *series = &list->items[list->count - 1];
        series->last_ns = db_i64(rows, 1);
        series->last = db_f64(rows, 2);
        series->days++;
        series->mean += (series->last - series->mean) / (double)series->days;
    }
}

int mlops_series_list(struct mlops_registry *registry, const char *model,
                      struct mlops_series_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    *list = (struct mlops_series_list){0};
    TRY(known_model(registry, model, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    int code = read_list(registry_db(registry), model, list, err);
    if (code)
        mlops_series_list_clear(list);
    return code;
}

void mlops_series_list_clear(struct mlops_series_list *list)
{
    free(list->items);
    *list = (struct mlops_series_list){0};
}

int business_series_read(struct mlops_registry *registry, const char *model, const char *name,
                         int64_t from_ns, double *values, size_t days, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    for (size_t i = 0; i < days; i++)
        values[i] = NAN;
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT day_ns, amount FROM monitor_series WHERE model = $1 AND series = $2 "
                 "AND day_ns >= $3 AND day_ns < $4",
                 DB_TEXT(model), DB_TEXT(name), DB_I64(from_ns),
                 DB_I64(from_ns + (int64_t)days * DAY_NS)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        values[(db_i64(rows, 0) - from_ns) / DAY_NS] = db_f64(rows, 1);
    }
}
