/*
 * lib/registry/db_postgres.c - the PostgreSQL driver: opening and transactions.
 *
 * Writers exclude one another by an advisory lock of the registry's schema, held until the
 * transaction ends; PostgreSQL queues those who wait in order. Each statement of a writer sees
 * what was committed before it, so the state behind the lock, and nobody else's later. Readers
 * have one snapshot and wait for nobody. The lock is order, not security.
 */
#include "registry/db_postgres.h"
#include "base/clock.h"
#include "registry/postgres_url.h"
#include <stdio.h>

#define APPLICATION "mlops " /* begins the names of connections; who it is follows */
#define NAME_MAX_BYTES 63
#define LOCK_CLASS "1835823984" /* "mlop" */
#define LOCK LOCK_CLASS ", hashtext(current_schema()::text)"

/* The lock, the schema, and settings of the transaction: durable whatever the server's default is,
 * and given up by the server where this process hangs, as nobody else can write meanwhile. */
#define LOCK_SQL                                                                                   \
    "SELECT current_schema()::text, "                                                              \
    "set_config('idle_in_transaction_session_timeout', '60s', true), "                             \
    "CASE current_setting('synchronous_commit') WHEN 'off' "                                       \
    "THEN set_config('synchronous_commit', 'on', true) END "                                       \
    "FROM (SELECT pg_advisory_xact_lock(" LOCK ") OFFSET 0) AS locked"

/* A line before that one, for those who want the same; taken first always. */
#define LINE_SQL                                                                                   \
    "SELECT pg_advisory_xact_lock(1835823985, hashtext(current_schema()::text || ' ' || $1))"

/* The same line, for longer than a transaction. */
#define LINE_KEY(parameter) "1835823985, hashtext(current_schema()::text || ' ' || " parameter ")"
#define PATIENCE_SQL "SELECT set_config('lock_timeout', '2s', true)"

static const struct db_value none[] = {{.type = DB_NONE}};

static void close_connection(struct db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;

    postgres_journal_foreseen(db);
    postgres_journal_clear(db);
    if (db->api.PQfinish)
        postgres_disconnect(db);
    free(db->journal);
    free(db->foreseen);
    free(db->statements);
    free(db->url);
    free(db->shown);
    free(db->application);
    free(db);
}

static bool read_only(const struct db *base)
{
    const struct postgres_db *db = (const struct postgres_db *)base;
    const char *standby, *by_default;

    if (!db->connection)
        return false;
    standby = db->api.PQparameterStatus(db->connection, "in_hot_standby");
    by_default = db->api.PQparameterStatus(db->connection, "default_transaction_read_only");
    return (standby && str_equal(standby, "on")) || (by_default && str_equal(by_default, "on"));
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void end(struct postgres_db *db)
{
    postgres_journal_clear(db);
    db->state = POSTGRES_IDLE;
    db->committing = db->fate_open = db->unwanted = false;
    db->failure = (struct mlops_error){0};
}

static void rollback(struct db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;
    bool begun = db->sent > 0 || db->failure.code || db->unrepeatable;

    if (db->state != POSTGRES_IDLE && begun) /* what failed in the server holds no lock any more */
        postgres_roll_back(db, db->state == POSTGRES_WRITING && !db->unwanted);
    end(db);
}

static int lock(struct postgres_db *db, struct mlops_error *err)
{
    PGresult *result = NULL;
    bool placed;

    postgres_journal_add(db, LOCK_SQL, none)->waits = true;
    postgres_journal_foreseen(db);
    TRY(postgres_flush(db, &result, err));
    placed = db->api.PQntuples(result) == 1 && !db->api.PQgetisnull(result, 0, 0);
    db->api.PQclear(result);
    if (placed)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "%s: no schema of its search path exists", db->shown);
    return mlops_hint(err, "make it with CREATE SCHEMA");
}

static int begin_to_write(struct db *base, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;

    if (read_only(base))
        return mlops_fail(err, MLOPS_IO, "%s is read-only", db->shown);
    db->state = POSTGRES_WRITING;
    postgres_journal_add(db, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", none);
    return MLOPS_OK;
}

static int begin(struct db *base, enum db_access access, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    int code;

    if (access == DB_READ) {
        db->state = POSTGRES_READING;
        postgres_journal_add(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", none);
        postgres_journal_foreseen(db);
        return MLOPS_OK;
    }
    TRY(begin_to_write(base, err));
    code = lock(db, err);
    if (code)
        rollback(base);
    return code;
}

/* Asked twice, at the head of either line. Where there is no row the question fails in the server,
 * which ends the transaction there and lets the next one in without waiting to be told by us. */
static int begin_if(struct db *base, const char *line, bool *held, const char *sql,
                    const struct db_value *values, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    _cleanup_(free_string) char *guard = xprintf("SELECT 1 / count(*) FROM (%s) AS wanted", sql);
    bool unwanted;
    int code;

    TRY(begin_to_write(base, err));
    postgres_journal_add(db, LINE_SQL, (struct db_value[]){DB_TEXT(line), DB_END})->waits = true;
    postgres_journal_add(db, guard, values)->guards = true;
    postgres_journal_add(db, LOCK_SQL, none)->waits = true;
    postgres_journal_add(db, guard, values)->guards = true;
    postgres_journal_foreseen(db);
    code = postgres_flush(db, NULL, err);
    *held = code == MLOPS_OK;
    unwanted = db->unwanted;
    if (code)
        rollback(base);
    if (!unwanted)
        return code;
    *err = (struct mlops_error){0};
    return MLOPS_OK;
}

static void free_values(struct db_value **values)
{
    free(*values);
}

/* `values` with `name` behind them, as parameter number `*count`. */
static struct db_value *with_name(const struct db_value *values, const char *name, size_t *count)
{
    for (*count = 0; values[*count].type != DB_NONE; (*count)++) {
    }
    struct db_value *all = xcalloc(*count + 2, sizeof(*all));

    memcpy(all, values, *count * sizeof(*all));
    all[(*count)++] = DB_TEXT(name);
    return all;
}

/* At the head of the line: a row where that is worth something; otherwise the place is given to the
 * next in the same breath. */
static void add_question(struct postgres_db *db, const char *line, const char *sql,
                         const struct db_value *values)
{
    size_t count;
    _cleanup_(free_values) struct db_value *all = with_name(values, line, &count);
    _cleanup_(free_string) char *question =
        xprintf("SELECT 1 FROM (SELECT EXISTS (%s) AS wanted) AS asked WHERE CASE WHEN wanted "
                "THEN true ELSE NOT pg_advisory_unlock(" LINE_KEY("$%zu") ") END",
                sql, count);

    postgres_journal_add(db, question, all);
}

static int stand_in_line(struct postgres_db *db, const char *line, const char *sql,
                         const struct db_value *values, bool *first, struct mlops_error *err)
{
    const struct db_value name[] = {DB_TEXT(line), DB_END};
    PGresult *result = NULL;
    struct postgres_entry *place;

    postgres_journal_add(db, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", none);
    postgres_journal_add(db, PATIENCE_SQL, none);
    place = postgres_journal_add(db, "SELECT pg_advisory_lock(" LINE_KEY("$1") ")", name);
    place->waits = place->hurries = true;
    add_question(db, line, sql, values);
    TRY(postgres_flush(db, &result, err));
    *first = db->api.PQntuples(result) > 0;
    db->api.PQclear(result);
    return MLOPS_OK;
}

static void leave_line(struct db *base, const char *line)
{
    struct postgres_db *db = (struct postgres_db *)base;
    struct mlops_error ignored = {0}; /* a connection that is lost holds no place either */

    if (db->lined_up)
        (void)postgres_exec_values(base, "SELECT pg_advisory_unlock(" LINE_KEY("$1") ")",
                                   (struct db_value[]){DB_TEXT(line), DB_END}, &ignored);
    db->lined_up = false;
}

/* A lock of the session, as what follows is several transactions. It is courtesy: whoever waits for
 * too long goes on without, and nothing depends on it. */
static int line_up(struct db *base, const char *line, bool *held, const char *sql,
                   const struct db_value *values, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    int code;

    db->state = POSTGRES_READING;
    db->hurried = false;
    code = stand_in_line(db, line, sql, values, held, err);
    rollback(base);
    db->lined_up = code == MLOPS_OK && *held;
    if (!db->hurried)
        return code;
    *err = (struct mlops_error){0};
    *held = true;
    return MLOPS_OK;
}

static int commit(struct db *base, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    int code;

    postgres_journal_add(db, "COMMIT", none);
    db->committing = true;
    code = postgres_flush(db, NULL, err);
    if (code)
        rollback(base);
    else
        end(db);
    return code;
}

static void witness(struct db *base, const char *sql, const struct db_value *values)
{
    postgres_journal_witness((struct postgres_db *)base, sql, values);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* A schema that this user may not use is none to PostgreSQL. */
static int fail_no_schema(const struct postgres_db *db, struct mlops_error *err)
{
    const char *user = db->connection ? db->api.PQuser(db->connection) : "you";

    mlops_fail(err, MLOPS_IO, "%s: %s may use no schema of its search path, or there is none",
               db->shown, user);
    return mlops_hint(err,
                      "an admin of the registry gives roles: 'mlops registry grant ROLE %s'; "
                      "CREATE SCHEMA makes schemas",
                      user);
}

static int now_ns(struct db *base, int64_t *now_ns, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query_values(base, &rows, err,
                        "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
                        &DB_END));
    TRY(db_step(rows, &any, err));
    *now_ns = db_i64(rows, 0) * 1000;
    return MLOPS_OK;
}

static int has_table(struct db *base, const char *name, bool *has, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(base, &rows, err,
                 "SELECT current_schema() IS NULL, EXISTS (SELECT 1 FROM pg_catalog.pg_class "
                 "WHERE relname = $1 AND relkind IN ('r', 'p') AND relnamespace = "
                 "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()))",
                 DB_TEXT(name)));
    TRY(db_step(rows, has, err));
    if (*has && db_i64(rows, 0))
        return fail_no_schema((struct postgres_db *)base, err);
    *has = *has && db_i64(rows, 1);
    return MLOPS_OK;
}

/* Read every row whole: a damaged page or value is found where it is read. */
static int check_table(struct db *base, const char *table, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(free_string) char *sql = xprintf("SELECT sum(length(t::text)) FROM %s AS t", table);

    return db_query_values(base, &rows, err, sql, none);
}

/* PostgreSQL itself sees to it that rows which are referred to are there, and to its indexes. */
static int check(struct db *base, bool quick, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(base, &rows, err,
                 "SELECT quote_ident(relname) FROM pg_catalog.pg_class WHERE relkind = 'r' "
                 "AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace "
                 "WHERE nspname = current_schema()) AND has_table_privilege(oid, 'SELECT') "
                 "ORDER BY relname"));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        if (!quick)
            TRY(check_table(base, db_string(rows, 0), err));
    }
}

/* "alice@host (pid 4711)" of whoever holds the lock; the caller frees. */
static char *holder(struct db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;
    char *who = NULL;
    PGconn *aside;

    if (db->dropped)
        return xprintf("%s, which cannot be reached", db->shown);
    aside = postgres_connect_aside(db);
    if (!aside)
        return NULL;
    if (db->api.PQsendQueryParams(
            aside,
            "SELECT activity.application_name FROM pg_catalog.pg_locks AS held "
            "JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = held.pid "
            "JOIN pg_catalog.pg_database AS base ON base.oid = held.database "
            "WHERE held.locktype = 'advisory' AND held.granted AND held.classid = " LOCK_CLASS " "
            "AND held.objid::bigint = hashtext(current_schema()::text)::bigint & 4294967295 "
            "AND base.datname = current_database()",
            0, NULL, NULL, NULL, NULL, 0)) {
        PGresult *result;

        while ((result = db->api.PQgetResult(aside))) {
            const char *name =
                db->api.PQntuples(result) > 0 ? db->api.PQgetvalue(result, 0, 0) : "";

            if (!who && *name)
                who = xstrdup(str_starts(name, APPLICATION) ? name + strlen(APPLICATION) : name);
            db->api.PQclear(result);
        }
    }
    db->api.PQfinish(aside);
    return who;
}

static const struct db_driver postgres_driver = {
    .name = "postgresql",
    .close = close_connection,
    .read_only = read_only,
    .begin = begin,
    .begin_if = begin_if,
    .commit = commit,
    .rollback = rollback,
    .witness = witness,
    .line_up = line_up,
    .leave_line = leave_line,
    .foresee = postgres_foresee,
    .now_ns = now_ns,
    .has_table = has_table,
    .check = check,
    .holder = holder,
    .exec = postgres_exec_values,
    .query = postgres_query_values,
    .changes = postgres_rows_changed,
    .step = postgres_rows_step,
    .i64 = postgres_rows_i64,
    .f64 = postgres_rows_f64,
    .string = postgres_rows_string,
    .bytes = postgres_rows_bytes,
    .is_null = postgres_rows_is_null,
    .rows_close = postgres_rows_close,
};

/* PostgreSQL cuts names at 63 bytes: keep the end, which says which process it is. */
static char *name_of(const char *who)
{
    size_t room = NAME_MAX_BYTES - strlen(APPLICATION), length = strlen(who);

    while (length > room || (length > 0 && ((unsigned char)*who & 0xc0) == 0x80)) {
        who++;
        length--;
    }
    return xprintf(APPLICATION "%s", who);
}

int db_open_postgres(const struct db_options *options, struct db **opened, struct mlops_error *err)
{
    struct postgres_db *db = xcalloc(1, sizeof(*db));
    int code;

    db->base.driver = &postgres_driver;
    db->url = xstrdup(options->path);
    db->shown = postgres_url_without_password(options->path);
    db->application = name_of(options->who ? options->who : "");
    db->wait = options->wait;
    db->wait_context = options->wait_context;
    db->observer = options->observer;
    code = postgres_connect(db, err);
    if (code) {
        close_connection(&db->base);
        return code;
    }
    *opened = &db->base;
    return MLOPS_OK;
}
