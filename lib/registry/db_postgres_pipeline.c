/*
 * lib/registry/db_postgres_pipeline.c - entries of the journal through libpq's pipeline: sent with
 * what must be prepared for them, and answered, once.
 */
#include "base/clock.h"
#include "registry/db_postgres.h"
#include <poll.h>
#include <stdio.h>

#define PARAMETERS_MAX 32
#define LISTEN_MS 50 /* between looks at whether the caller still wants to wait */

/* ---- sending --------------------------------------------------------------------------------- */

/* Its name where it is prepared on this connection, or has been sent to be; NULL otherwise. */
static struct postgres_statement *find_statement(struct postgres_db *db, const char *sql)
{
    for (size_t i = 0; i < db->statement_count; i++)
        if (str_equal(db->statements[i].sql, sql))
            return &db->statements[i];
    return NULL;
}

static struct postgres_statement *add_statement(struct postgres_db *db, const char *sql)
{
    struct postgres_statement *statement;

    GROW(db->statements, db->statement_count, &db->statement_capacity);
    statement = &db->statements[db->statement_count++];
    statement->sql = xstrdup(sql);
    snprintf(statement->name, sizeof(statement->name), "s%u", ++db->statement_number);
    return statement;
}

/* A statement whose preparation failed is not there. */
static void forget_statement(struct postgres_db *db, const char *sql)
{
    struct postgres_statement *statement = find_statement(db, sql);

    if (!statement)
        return;
    free(statement->sql);
    *statement = db->statements[--db->statement_count];
}

struct arguments {
    int count;
    Oid types[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
    char numbers[PARAMETERS_MAX][32];
};

/* Types by their numbers in pg_type.dat, which never change. Text where the column is another is
 * refused by the server rather than guessed. */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 };

static bool take_arguments(const struct db_value *values, struct arguments *arguments)
{
    arguments->count = 0;
    for (; values->type != DB_NONE; values++) {
        int at = arguments->count++;

        if (at == PARAMETERS_MAX || values->length > INT32_MAX)
            return false;
        arguments->types[at] = 0;
        arguments->values[at] = NULL;
        arguments->lengths[at] = (int)values->length;
        arguments->formats[at] = values->type == DB_BYTES;
        if (values->type == DB_INTEGER) {
            snprintf(arguments->numbers[at], sizeof(arguments->numbers[at]), "%lld",
                     (long long)values->integer);
            arguments->types[at] = OID_INT8;
            arguments->values[at] = arguments->numbers[at];
        } else if (values->type == DB_REAL) {
            snprintf(arguments->numbers[at], sizeof(arguments->numbers[at]), "%.17g", values->real);
            arguments->types[at] = OID_FLOAT8;
            arguments->values[at] = arguments->numbers[at];
        } else if (values->type == DB_STRING || values->type == DB_BYTES) {
            arguments->types[at] = values->type == DB_STRING ? OID_TEXT : OID_BYTEA;
            arguments->values[at] = values->data;
        }
    }
    return true;
}

/* Into the pipeline; `*prepares` where a preparation goes before it. */
static bool send_entry(struct postgres_db *db, const struct postgres_entry *entry, bool *prepares)
{
    struct postgres_statement *statement = find_statement(db, entry->sql);
    struct arguments arguments;

    *prepares = false;
    if (!take_arguments(entry->values, &arguments))
        return false;
    if (arguments.count == 0 && !str_starts(entry->sql, "SELECT")) /* DDL, BEGIN and the like */
        return db->api.PQsendQueryParams(db->connection, entry->sql, 0, NULL, NULL, NULL, NULL, 0);
    if (!statement) {
        *prepares = true;
        statement = add_statement(db, entry->sql);
        if (!db->api.PQsendPrepare(db->connection, statement->name, entry->sql, arguments.count,
                                   arguments.types))
            return false;
    }
    return db->api.PQsendQueryPrepared(db->connection, statement->name, arguments.count,
                                       arguments.values, arguments.lengths, arguments.formats, 0);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* FNV-1a: two runs of one statement are compared, nobody forges anything. */
static uint64_t hash_of(const struct postgres_db *db, const PGresult *result)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    int rows = db->api.PQntuples(result), columns = db->api.PQnfields(result);

    for (int i = 0; i < rows * columns; i++) {
        const char *value = db->api.PQgetvalue(result, i / columns, i % columns);
        int length = db->api.PQgetlength(result, i / columns, i % columns);

        for (int k = 0; k <= length; k++)
            hash = (hash ^ (unsigned char)value[k]) * 0x100000001b3ULL;
    }
    for (const char *c = db->api.PQcmdTuples((PGresult *)(uintptr_t)result); *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3ULL;
    return hash;
}

/* Stop a statement that waits for others; its answer then says that it was stopped. */
static void cancel(struct postgres_db *db)
{
    PGcancel *handle = db->api.PQgetCancel(db->connection);
    char ignored[256];

    if (handle)
        (void)db->api.PQcancel(handle, ignored, sizeof(ignored)); /* or it ends by itself */
    db->api.PQfreeCancel(handle);
}

static int ask(struct postgres_db *db, int64_t began_ns, struct mlops_error *err)
{
    const struct mlops_observer *observer = db->observer;

    if (began_ns)
        return db->wait ? db->wait(db->wait_context, clock_monotonic_ns() - began_ns, err)
                        : MLOPS_OK;
    if (db->state == POSTGRES_READING && observer && observer->cancelled &&
        observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while the database answered");
    return MLOPS_OK;
}

/* Wait for something to come from the server. While it waits for other writers (`began_ns` is not
 * 0) or only reads, ask now and then whether to go on; where that is answered no, `db->patience`
 * has it and the statement is stopped. */
static void listen_once(struct postgres_db *db, int64_t began_ns)
{
    struct pollfd socket = {.fd = db->api.PQsocket(db->connection), .events = POLLIN};

    if (poll(&socket, 1, LISTEN_MS) > 0 || db->patience.code)
        return;
    if (ask(db, began_ns, &db->patience) != MLOPS_OK)
        cancel(db);
}

/* The next result, NULL between the results of two statements. */
static PGresult *next_result(struct postgres_db *db, bool waiting)
{
    int64_t began_ns = waiting ? clock_monotonic_ns() : 0;

    while (db->api.PQstatus(db->connection) == CONNECTION_OK && db->api.PQisBusy(db->connection)) {
        listen_once(db, began_ns);
        if (!db->api.PQconsumeInput(db->connection))
            break;
    }
    return db->api.PQgetResult(db->connection);
}

static bool is_good(const struct postgres_db *db, const PGresult *result)
{
    ExecStatusType status = db->api.PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Pass over everything up to the end of the pipeline. */
static void drain(struct postgres_db *db)
{
    bool gap = false;

    for (;;) {
        PGresult *result = next_result(db, false);
        bool end = result ? db->api.PQresultStatus(result) == PGRES_PIPELINE_SYNC
                          : gap || db->api.PQstatus(db->connection) != CONNECTION_OK;

        gap = !result;
        db->api.PQclear(result);
        if (end)
            return;
    }
}

/* The transaction was played again, and did not find what it had found before. */
static enum postgres_outcome fail_overtaken(const struct postgres_db *db, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_IO,
               "%s: the connection was lost, and others changed the registry before it was "
               "there again",
               db->shown);
    mlops_hint(err, "nothing of this command was recorded: run it again");
    return POSTGRES_FAILED;
}

/* `result` is the answer to `entry`. */
static enum postgres_outcome take_answer(struct postgres_db *db, struct postgres_entry *entry,
                                         const PGresult *result, struct mlops_error *err)
{
    uint64_t hash;

    if (!is_good(db, result)) {
        if (postgres_is_lost(db, result))
            return POSTGRES_LOST;
        if (postgres_is_retry(db, result) && db->state != POSTGRES_IDLE)
            return POSTGRES_AGAIN;
        db->unwanted = entry->guards && postgres_is_zero_division(db, result);
        if (db->unwanted && entry->answered)
            return fail_overtaken(db, err);
        db->hurried = entry->hurries && postgres_is_lock_timeout(db, result);
        postgres_fail(db, result, entry->sql, err);
        return POSTGRES_FAILED;
    }
    hash = hash_of(db, result);
    if (entry->answered && entry->result != hash && !entry->foreseen)
        return fail_overtaken(db, err);
    entry->answered = true;
    entry->result = hash;
    str_copy(db->changed, sizeof(db->changed), db->api.PQcmdTuples((PGresult *)(uintptr_t)result));
    return POSTGRES_ANSWERED;
}

/* The answer of one statement, after that of its preparation. */
static enum postgres_outcome collect(struct postgres_db *db, struct postgres_entry *entry,
                                     bool prepared, bool waiting, PGresult **last,
                                     struct mlops_error *err)
{
    enum postgres_outcome outcome = POSTGRES_ANSWERED;

    for (int step = prepared ? 0 : 1; step < 2 && outcome == POSTGRES_ANSWERED; step++) {
        PGresult *result = next_result(db, waiting), *gap;

        if (!result)
            return POSTGRES_LOST;
        if (step == 1) {
            outcome = take_answer(db, entry, result, err);
        } else if (!is_good(db, result)) {
            forget_statement(db, entry->sql);
            outcome = postgres_is_lost(db, result) ? POSTGRES_LOST : POSTGRES_FAILED;
            postgres_fail(db, result, entry->sql, err);
        }
        if (step == 1 && outcome == POSTGRES_ANSWERED) {
            PGresult **place = entry->foreseen ? &entry->kept : last;

            db->api.PQclear(*place);
            *place = result;
        } else {
            db->api.PQclear(result);
        }
        if (outcome == POSTGRES_ANSWERED && (gap = next_result(db, waiting)))
            db->api.PQclear(gap); /* there is always one, and it is NULL */
    }
    if (db->patience.code && outcome == POSTGRES_FAILED)
        *err = db->patience;
    return outcome;
}

/* As a transaction of its own: whatever state the one before was left in, what follows begins anew.
 */
static bool send_rollback(struct postgres_db *db)
{
    db->owes_rollback = false;
    return db->api.PQsendQueryParams(db->connection, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) &&
           db->api.PQpipelineSync(db->connection);
}

enum postgres_outcome postgres_exchange(struct postgres_db *db, size_t end, PGresult **last,
                                        struct mlops_error *err)
{
    size_t first = db->sent, count = end - first;
    _cleanup_(free_string) char *prepares = xcalloc(count + 1, 1);
    enum postgres_outcome outcome = POSTGRES_ANSWERED;
    bool owed = db->owes_rollback;
    bool waits = false; /* any of them: libpq already listens for the next while it ends one */

    db->patience = (struct mlops_error){0};
    if (owed && !send_rollback(db))
        return POSTGRES_LOST;
    for (size_t i = 0; i < count; i++) {
        bool prepared = false;

        waits |= db->journal[first + i].waits;

        if (!send_entry(db, &db->journal[first + i], &prepared))
            return POSTGRES_LOST;
        prepares[i] = prepared;
    }
    if (!db->api.PQpipelineSync(db->connection))
        return POSTGRES_LOST;
    if (owed)
        drain(db);
    for (size_t i = 0; i < count && outcome == POSTGRES_ANSWERED; i++) {
        outcome = collect(db, &db->journal[first + i], prepares[i], waits, last, err);
        if (outcome == POSTGRES_FAILED ||
            outcome == POSTGRES_AGAIN) /* those behind it were not prepared */
            for (size_t k = i + 1; k < count; k++)
                if (prepares[k])
                    forget_statement(db, db->journal[first + k].sql);
    }
    if (outcome == POSTGRES_LOST)
        return POSTGRES_LOST;
    drain(db);
    if (outcome == POSTGRES_ANSWERED)
        db->sent = end;
    return outcome;
}

void postgres_roll_back(struct postgres_db *db, bool now)
{
    db->sent = 0;
    db->owes_rollback = !now;
    if (!now || !db->connection)
        return;
    if (send_rollback(db))
        drain(db);
    if (db->api.PQstatus(db->connection) != CONNECTION_OK)
        postgres_disconnect(db);
}
