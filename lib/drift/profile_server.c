/* lib/drift/profile_server.c - a profile out of what PostgreSQL answers. */
#include "drift/profile_server.h"
#include "drift/table_sql.h"
#include "registry/db.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/profile.h"
#include "stats/row_sample.h"
#include "table/missing.h"
#include <math.h>

#define REGISTER_BITS 12     /* of a hash, that choose the register (stats/hll.h) */
#define SAMPLE_FROM 16384    /* rows, from which on only those with small hashes are grouped */
#define SAMPLE_EXPECTED 8192 /* of those: eight times as many as the sample takes */
#define WIDE_CHARACTERS 64   /* texts longer than these on average are no categories */

/* What a server says of a column, while it says it. */
struct answer {
    struct column_profile *column;
    struct kll_view ranks;
    size_t rank_capacity, value_capacity;
    double unit, powers[4]; /* Σ d^p, in units of the values */
    uint64_t different, listed, patterned, looked_at;
    uint64_t beyond, long_ones, unseen; /* most of what is not listed */
};

/* ---- one row of an answer -------------------------------------------------------------------- */

static void take_missing(struct answer *answer, const char *word, uint64_t count)
{
    struct text_view cell = {word, (uint32_t)strlen(word)};
    uint8_t code = cell_missing(cell);
    answer->column->missing += count;
    if (code < MISSING_CODES)
        answer->column->absence[code] += count;
}

static void take_hour(struct column_profile *column, const char *value, uint64_t count)
{
    size_t hour = strtoul(value, NULL, 10) % (24 * 7);
    column->hours[hour % 24] += count;
    column->weekdays[(hour / 24 + 3) % 7] += count; /* 1970-01-01 was a Thursday */
}

static void take_value(struct answer *answer, const char *value, uint64_t count)
{
    struct column_profile *column = answer->column;
    answer->listed += count;
    if (column->values) {
        double number = strtod(value, NULL);
        frequent_put_number(column->values, number, count);
        if (column->type == COLUMN_BOOL)
            frequent_update_times(column->frequent, number != 0 ? "true" : "false", count);
    } else if (column->frequent) {
        frequent_put(column->frequent, value, strlen(value), count);
    }
}

static void take_rank(struct answer *answer, const char *value, uint64_t count)
{
    struct kll_view *ranks = &answer->ranks;
    GROW(ranks->values, ranks->size, &answer->value_capacity);
    GROW(ranks->cumulative, ranks->size, &answer->rank_capacity);
    ranks->values[ranks->size] = strtod(value, NULL);
    ranks->cumulative[ranks->size++] = count;
}

static void take_register(struct column_profile *column, const char *place, uint64_t least)
{
    uint64_t hash = strtoull(place, NULL, 10) << (64 - REGISTER_BITS) | least;
    hll_update_hashes(column->distinct, &hash, 1);
}

static void take_edge(struct column_profile *column, const char *value, bool least)
{
    *(least ? &column->min : &column->max) = strtod(value, NULL);
    if (column->type == COLUMN_TIME)
        *(least ? &column->first_ns : &column->last_ns) = strtoll(value, NULL, 10);
}

static void take_pattern(struct answer *answer, const char *value, uint64_t count)
{
    answer->patterned += count;
    if (*value)
        frequent_put(answer->column->patterns, value, strlen(value), count);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Counts of a column that stand in a row of their own. */
static uint64_t *plain_count(struct answer *answer, const char *kind)
{
    struct column_profile *column = answer->column;
    const struct {
        const char *kind;
        uint64_t *count;
    } counts[] = {{"infinite", &column->infinite},   {"zeros", &column->zeros},
                  {"negatives", &column->negatives}, {"shortest", &column->length_min},
                  {"longest", &column->length_max},  {"bytes", &column->length_sum},
                  {"different", &answer->different}, {"beyond", &answer->beyond},
                  {"unseen", &answer->unseen},       {"looked", &answer->looked_at}};
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        if (str_equal(kind, counts[i].kind))
            return counts[i].count;
    return NULL;
}

static void take(struct answer *answer, const char *kind, const char *value, uint64_t count)
{
    struct column_profile *column = answer->column;
    uint64_t *plain = plain_count(answer, kind);
    if (plain) {
        *plain = count;
    } else if (str_equal(kind, "null")) {
        column->missing += count;
        column->absence[MISSING_NULL] += count;
    } else if (str_equal(kind, "misfit")) {
        column->missing += count;
        column->misfits += count;
    } else if (str_equal(kind, "word")) {
        take_missing(answer, value, count);
    } else if (str_equal(kind, "present")) {
        column->count += count;
    } else if (str_equal(kind, "least")) {
        column->count += count;
        take_edge(column, value, true);
    } else if (str_equal(kind, "largest")) {
        take_edge(column, value, false);
    } else if (str_equal(kind, "hour")) {
        take_hour(column, value, count);
    } else if (str_equal(kind, "value")) {
        take_value(answer, value, count);
    } else if (str_equal(kind, "long")) {
        answer->long_ones = larger(answer->long_ones, count);
    } else if (str_equal(kind, "pattern")) {
        take_pattern(answer, value, count);
    } else if (str_equal(kind, "rank")) {
        take_rank(answer, value, count);
    } else if (str_equal(kind, "register")) {
        take_register(column, value, count);
    } else if (str_equal(kind, "unit")) {
        answer->unit = strtod(value, NULL);
    } else if (str_equal(kind, "mean")) {
        column->mean = strtod(value, NULL);
    } else if (str_starts(kind, "power")) {
        answer->powers[(size_t)(kind[5] - '1') % 4] = strtod(value, NULL);
    }
}

/* ---- a column ------------------------------------------------------------------------------- */

/* Moments about the mean out of power sums about a number near it, which is `mean`. */
static void set_moments(struct answer *answer)
{
    struct column_profile *column = answer->column;
    const double *s = answer->powers;
    double n = (double)column_finite(column), unit = answer->unit;
    if (!(n > 0))
        return;
    double e = s[0] / n; /* how far the mean is from there */
    struct double_double mean = two_sum(column->mean, e);
    mean = two_sum(mean.high * unit, mean.low * unit);
    column->mean = mean.high;
    column->mean_low = mean.low;
    column->m2 = (s[1] - n * e * e) * unit * unit;
    column->m3 = (s[2] - 3 * e * s[1] + 2 * n * e * e * e) * unit * unit * unit;
    column->m4 = (s[3] - 4 * e * s[2] + 6 * e * e * s[1] - 3 * n * e * e * e * e) * unit * unit *
                 unit * unit;
}

static void finish_column(struct answer *answer)
{
    struct column_profile *column = answer->column;
    uint64_t present = column->count; /* until now only of the values that are there */
    column->count += column->missing;
    if (column_is_numeric(column->type) || column->type == COLUMN_TIME) {
        set_moments(answer);
        kll_add_ranked(column->quantiles ? column->quantiles : column->times, &answer->ranks);
    }
    if (column->values)
        frequent_leave_out(column->values, present - answer->listed, answer->beyond);
    if (!column->patterns)
        return;
    frequent_leave_out(column->frequent, present - answer->listed,
                       larger(answer->beyond, answer->long_ones));
    /* of texts that were not looked at, all might have one pattern */
    uint64_t unseen = present - answer->looked_at;
    frequent_leave_out(column->patterns, present - answer->patterned, unseen + answer->unseen);
    bool differing = present >= 20 && answer->different * 2 > present;
    if (!differing && column->length_sum <= present * WIDE_CHARACTERS)
        column->type = COLUMN_CATEGORY;
}

static int ask_column(struct db *db, const struct server_table *table, size_t i,
                      struct column_profile *column, struct mlops_error *err)
{
    _cleanup_(free_string) char *sql = server_column_query(table, &table->columns[i]);
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct answer answer = {.column = column};
    bool more = false;
    int code = db_query(db, &rows, err, sql);
    if (!code)
        code = db_step(rows, &more, err);
    while (!code && more) {
        if (!db_is_null(rows, 2))
            take(&answer, db_string(rows, 0), db_string(rows, 1), (uint64_t)db_i64(rows, 2));
        code = db_step(rows, &more, err);
    }
    if (!code)
        finish_column(&answer);
    kll_view_clear(&answer.ranks);
    return code ? mlops_wrap(err, "column '%s'", column->name) : MLOPS_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static uint64_t cell_of(const struct server_column *column, const struct db_rows *rows, int at)
{
    const char *text = db_string(rows, at);
    uint64_t bits;
    double value;
    if (db_is_null(rows, at))
        return ROW_CELL_MISSING;
    if (column->type == COLUMN_TEXT)
        value = (double)(uint32_t)stats_hash(text, strlen(text));
    else if (column->type == COLUMN_TIME)
        value = (double)strtoll(text, NULL, 10);
    else
        value = strtod(text, NULL);
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Rows whose hashes are not above `bound`; how many different ones came is in `*found`. */
static int ask_rows(struct db *db, const struct server_table *table, int64_t bound,
                    struct row_sample *sample, size_t *found, struct mlops_error *err)
{
    size_t columns = row_sample_columns(sample);
    _cleanup_(free_string) char *sql = server_sample_query(table, columns);
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    uint64_t cells[ROW_SAMPLE_COLUMNS_MAX];
    bool more;
    *found = 0;
    TRY(db_query(db, &rows, err, sql, DB_I64(bound)));
    TRY(db_step(rows, &more, err));
    for (; more; (*found)++) {
        for (size_t i = 0; i < columns; i++)
            cells[i] = cell_of(&table->columns[i], rows, (int)i + 2);
        uint64_t hash = (uint64_t)db_i64(rows, 0) ^ 1ULL << 63; /* in the order of the server's */
        row_sample_update(sample, hash, (uint64_t)db_i64(rows, 1), cells);
        TRY(db_step(rows, &more, err));
    }
    return MLOPS_OK;
}

/* Of many rows only those with small hashes are grouped, unless most rows are the same. */
static int sample_rows(struct db *db, const struct server_table *table, struct profile *profile,
                       struct mlops_error *err)
{
    size_t found;
    if (profile->rows > SAMPLE_FROM) {
        uint64_t share = UINT64_MAX / profile->rows * SAMPLE_EXPECTED;
        TRY(ask_rows(db, table, (int64_t)(share ^ 1ULL << 63), profile->sample, &found, err));
        if (found > ROW_SAMPLE_MAX)
            return MLOPS_OK;
        row_sample_free(profile->sample);
        profile->sample = row_sample_new(table->count);
    }
    return ask_rows(db, table, INT64_MAX, profile->sample, &found, err);
}

/* ---- the table ------------------------------------------------------------------------------ */

static int find_table(struct db *db, const char *name, struct server_table *table,
                      struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(db_query(
        db, &rows, err,
        "SELECT a.attname, quote_ident(a.attname), coalesce(b.typname, t.typname),"
        " a.attrelid::regclass::text"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " LEFT JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attrelid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        DB_TEXT(name)));
    TRY(db_step(rows, &more, err));
    while (more) {
        GROW(table->columns, table->count, &table->capacity);
        table->columns[table->count++] =
            (struct server_column){.name = xstrdup(db_string(rows, 0)),
                                   .quoted = xstrdup(db_string(rows, 1)),
                                   .type = server_type(db_string(rows, 2))};
        if (!table->quoted)
            table->quoted = xstrdup(db_string(rows, 3));
        TRY(db_step(rows, &more, err));
    }
    if (table->count > 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "no table or view '%s' that has columns", name);
    return mlops_hint(err, "write it as SQL does: SCHEMA.NAME, or in double quotes where it has "
                           "capital letters");
}

static int profile_table(struct db *db, const struct server_table *table,
                         const struct mlops_observer *observer, struct profile **profile,
                         struct mlops_error *err)
{
    struct table_schema schema = {xcalloc(table->count, sizeof(*schema.columns)), table->count};
    for (size_t i = 0; i < table->count; i++)
        schema.columns[i] = (struct column_schema){table->columns[i].name, table->columns[i].type};
    _cleanup_(profile_free_ptr) struct profile *made = profile_new(&schema);
    free(schema.columns);
    made->hashing = PROFILE_HASHED_BY_POSTGRESQL;
    for (size_t i = 0; i < table->count; i++) {
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while the server counts");
        TRY(ask_column(db, table, i, &made->columns[i], err));
        made->rows = made->columns[i].count;
        if (made->rows == 0)
            return mlops_fail(err, MLOPS_INVALID, "%s has no rows", table->quoted);
        if (observer && observer->progress)
            observer->progress(observer->context, "counting columns", i + 1, table->count);
    }
    TRY(sample_rows(db, table, made, err));
    *profile = TAKE_PTR(made);
    return MLOPS_OK;
}

static int prepare(struct db *db, struct mlops_error *err)
{
    TRY(db_exec(db, err, "SET LOCAL timezone = 'UTC'"));
    TRY(db_exec(db, err, "SET LOCAL extra_float_digits = 1")); /* numbers as they are */
    TRY(db_exec(db, err, "SET LOCAL work_mem = '64MB'"));
    TRY(db_exec(db, err, "SET LOCAL jit = off")); /* compiling a query takes longer than most run */
    return db_exec(db, err, "SET LOCAL standard_conforming_strings = on");
}

int profile_on_server(const char *url, const char *name, const struct mlops_observer *observer,
                      struct profile **profile, struct mlops_error *err)
{
    _cleanup_(db_close_ptr) struct db *db = NULL;
    struct server_table table = {0};
    TRY(db_open_postgres(&(struct db_options){.path = url, .observer = observer}, &db, err));
    TRY(db_begin(db, DB_READ, err));
    int code = prepare(db, err);
    if (!code)
        code = find_table(db, name, &table, err);
    if (!code)
        code = profile_table(db, &table, observer, profile, err);
    server_table_clear(&table);
    db_rollback(db);
    return code;
}
