/*
 * lib/registry/db_postgres_journal.c - the statements of the open transaction: sent through the
 * pipeline, answered, and played again where the connection was lost or PostgreSQL asks for it.
 * A transaction that is played again goes on only if it is answered what it was before.
 */
#include "base/clock.h"
#include "registry/db_postgres.h"
#include <poll.h>
#include <stdio.h>

#define PARAMETERS_MAX 32
/* Longer transactions, which only read, are not kept for playing again. */
#define JOURNAL_MAX 8192
#define LISTEN_MS 50 /* between looks at whether the caller still wants to wait */

/* What came of sending: all answered, failed for good, or to be played again. */
enum outcome { ANSWERED, FAILED, LOST, AGAIN };

/* ---- keeping --------------------------------------------------------------------------------- */

struct db_value *postgres_copy_values(const struct db_value *values)
{
    size_t count = 0;
    struct db_value *copy;

    while (values[count].type != DB_NONE)
        count++;
    copy = xcalloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = values[i];
        if (values[i].type == DB_STRING || values[i].type == DB_BYTES) {
            char *data = xmalloc(values[i].length + 1);

            memcpy(data, values[i].data, values[i].length);
            data[values[i].length] = '\0';
            copy[i].data = data;
        }
    }
    return copy;
}

static void entry_clear(struct postgres_db *db, struct postgres_entry *entry)
{
    if (entry->kept)
        db->api.PQclear(entry->kept);
    for (struct db_value *value = entry->values; value && value->type != DB_NONE; value++)
        if (value->type == DB_STRING || value->type == DB_BYTES)
            free((void *)(uintptr_t)value->data);
    free(entry->values);
    free(entry->sql);
}

void postgres_journal_witness(struct postgres_db *db, const char *sql,
                              const struct db_value *values)
{
    entry_clear(db, &db->witness);
    db->witness =
        (struct postgres_entry){.sql = xstrdup(sql), .values = postgres_copy_values(values)};
}

struct postgres_entry *postgres_journal_add(struct postgres_db *db, const char *sql,
                                            const struct db_value *values)
{
    struct postgres_entry *entry;

    GROW(db->journal, db->journal_count, &db->journal_capacity);
    entry = &db->journal[db->journal_count++];
    *entry = (struct postgres_entry){.sql = xstrdup(sql), .values = postgres_copy_values(values)};
    return entry;
}

void postgres_journal_clear(struct postgres_db *db)
{
    for (size_t i = 0; i < db->journal_count; i++)
        entry_clear(db, &db->journal[i]);
    entry_clear(db, &db->witness);
    db->witness = (struct postgres_entry){0};
    db->journal_count = db->sent = db->kept = 0;
    db->unrepeatable = false;
}

/* Forget what was answered, where there is too much of it to play again. */
static void journal_trim(struct postgres_db *db)
{
    if (db->journal_count < JOURNAL_MAX || db->sent < db->journal_count)
        return;
    postgres_journal_clear(db);
    db->unrepeatable = true;
}

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

/* Wait for something to come from the server. While it waits for other writers, ask now and then
 * whether to go on; where that is answered no, `db->patience` has it and the statement is stopped.
 */
static void listen_once(struct postgres_db *db, int64_t began_ns)
{
    struct pollfd socket = {.fd = db->api.PQsocket(db->connection), .events = POLLIN};

    if (poll(&socket, 1, began_ns ? LISTEN_MS : -1) > 0 || !began_ns || db->patience.code ||
        !db->wait)
        return;
    if (db->wait(db->wait_context, clock_monotonic_ns() - began_ns, &db->patience) != MLOPS_OK)
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
static enum outcome fail_overtaken(const struct postgres_db *db, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_IO,
               "%s: the connection was lost, and others changed the registry before it was "
               "there again",
               db->shown);
    mlops_hint(err, "nothing of this command was recorded: run it again");
    return FAILED;
}

/* `result` is the answer to `entry`. */
static enum outcome take_answer(struct postgres_db *db, struct postgres_entry *entry,
                                const PGresult *result, struct mlops_error *err)
{
    uint64_t hash;

    if (!is_good(db, result)) {
        if (postgres_is_lost(db, result))
            return LOST;
        if (postgres_is_retry(db, result) && db->state != POSTGRES_IDLE)
            return AGAIN;
        db->unwanted = entry->guards && postgres_is_zero_division(db, result);
        if (db->unwanted && entry->answered)
            return fail_overtaken(db, err);
        db->hurried = entry->hurries && postgres_is_lock_timeout(db, result);
        postgres_fail(db, result, entry->sql, err);
        return FAILED;
    }
    hash = hash_of(db, result);
    if (entry->answered && entry->result != hash && !entry->foreseen)
        return fail_overtaken(db, err);
    entry->answered = true;
    entry->result = hash;
    str_copy(db->changed, sizeof(db->changed), db->api.PQcmdTuples((PGresult *)(uintptr_t)result));
    return ANSWERED;
}

/* The answer of one statement, after that of its preparation. */
static enum outcome collect(struct postgres_db *db, struct postgres_entry *entry, bool prepared,
                            bool waiting, PGresult **last, struct mlops_error *err)
{
    enum outcome outcome = ANSWERED;

    for (int step = prepared ? 0 : 1; step < 2 && outcome == ANSWERED; step++) {
        PGresult *result = next_result(db, waiting), *gap;

        if (!result)
            return LOST;
        if (step == 1) {
            outcome = take_answer(db, entry, result, err);
        } else if (!is_good(db, result)) {
            forget_statement(db, entry->sql);
            outcome = postgres_is_lost(db, result) ? LOST : FAILED;
            postgres_fail(db, result, entry->sql, err);
        }
        if (step == 1 && outcome == ANSWERED) {
            PGresult **place = entry->foreseen ? &entry->kept : last;

            db->api.PQclear(*place);
            *place = result;
        } else {
            db->api.PQclear(result);
        }
        if (outcome == ANSWERED && (gap = next_result(db, waiting)))
            db->api.PQclear(gap); /* there is always one, and it is NULL */
    }
    if (db->patience.code && outcome == FAILED)
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

/* Send what this connection has not seen of the journal up to `end`, and collect its answers. */
static enum outcome exchange(struct postgres_db *db, size_t end, PGresult **last,
                             struct mlops_error *err)
{
    size_t first = db->sent, count = end - first;
    _cleanup_(free_string) char *prepares = xcalloc(count + 1, 1);
    enum outcome outcome = ANSWERED;
    bool owed = db->owes_rollback;
    bool waits = false; /* any of them: libpq already listens for the next while it ends one */

    db->patience = (struct mlops_error){0};
    if (owed && !send_rollback(db))
        return LOST;
    for (size_t i = 0; i < count; i++) {
        bool prepared = false;

        waits |= db->journal[first + i].waits;

        if (!send_entry(db, &db->journal[first + i], &prepared))
            return LOST;
        prepares[i] = prepared;
    }
    if (!db->api.PQpipelineSync(db->connection))
        return LOST;
    if (owed)
        drain(db);
    for (size_t i = 0; i < count && outcome == ANSWERED; i++) {
        outcome = collect(db, &db->journal[first + i], prepares[i], waits, last, err);
        if (outcome == FAILED || outcome == AGAIN) /* those behind it were not prepared */
            for (size_t k = i + 1; k < count; k++)
                if (prepares[k])
                    forget_statement(db, db->journal[first + k].sql);
    }
    if (outcome == LOST)
        return LOST;
    drain(db);
    if (outcome == ANSWERED)
        db->sent = end;
    return outcome;
}

/* Is something sent now that was answered before, on a connection that is no more? */
static bool is_played_again(const struct postgres_db *db)
{
    for (size_t i = db->sent; i < db->journal_count; i++)
        if (db->journal[i].answered)
            return true;
    return false;
}

/* All that is left of the journal. A transaction that is played again is committed when all its
 * answers have been seen to be what they were, and not in the same breath. */
static enum outcome exchange_all(struct postgres_db *db, PGresult **last, struct mlops_error *err)
{
    if (db->committing && is_played_again(db)) {
        enum outcome outcome = exchange(db, db->journal_count - 1, last, err);

        if (outcome != ANSWERED)
            return outcome;
    }
    db->fate_open = db->committing;
    return exchange(db, db->journal_count, last, err);
}

/* ---- again ----------------------------------------------------------------------------------- */

/* Is it safe to run what the journal has once more? Outside transactions only what reads is. */
static bool may_repeat(const struct postgres_db *db)
{
    if (db->unrepeatable)
        return false;
    return db->state != POSTGRES_IDLE ||
           (db->journal_count == 1 && str_starts(db->journal[0].sql, "SELECT"));
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

/* ---- the fate of a commit ------------------------------------------------------------------ */

/* `why`: what came of asking. A stop stays one. Only what writes into the log has a witness, and
 * may be done twice. */
static int fail_fate(struct postgres_db *db, const struct mlops_error *why, struct mlops_error *err)
{
    _cleanup_(free_string) char *said = xstrdup(why->code ? why->message : "nobody else can tell");
    enum mlops_code code = why->code == MLOPS_CANCELLED ? MLOPS_CANCELLED : MLOPS_IO;

    *err = (struct mlops_error){0};
    mlops_fail(err, code,
               "%s: the answer to the commit was lost, and whether it was done cannot be found "
               "out: %s",
               db->shown, said);
    if (!db->witness.sql)
        return mlops_hint(err, "run the command again: what is done already it does not do twice");
    return mlops_hint(err, "look for it in 'mlops log' before you run the command again");
}

/* Look for what the transaction would have left, behind the writers' lock: who held it before us,
 * our own lost connection too, is done by then. */
static enum outcome look_for_witness(struct postgres_db *db, bool *seen, struct mlops_error *err)
{
    struct postgres_entry look[] = {db->journal[0], db->journal[1], db->witness};
    struct postgres_entry *journal = db->journal;
    size_t count = db->journal_count;
    PGresult *result = NULL;
    enum outcome outcome;

    look[2].answered = false;
    db->sent = 0;
    db->journal = look;
    db->journal_count = ARRAY_LENGTH(look);
    outcome = exchange(db, ARRAY_LENGTH(look), &result, err);
    db->journal = journal;
    db->journal_count = count;
    *seen = outcome == ANSWERED && db->api.PQntuples(result) > 0;
    db->api.PQclear(result);
    return outcome;
}

/* The answer to COMMIT was lost. `*committed` where it was done; otherwise it was not, and the
 * transaction may be run again. */
static int learn_fate(struct postgres_db *db, bool *committed, struct mlops_error *err)
{
    struct mlops_error why = {0};
    enum outcome outcome = LOST;

    *committed = false;
    while (outcome == LOST) {
        if (postgres_reconnect(db, &why) != MLOPS_OK || !db->witness.sql)
            return fail_fate(db, &why, err);
        outcome = look_for_witness(db, committed, &why);
    }
    if (outcome != ANSWERED)
        return fail_fate(db, &why, err);
    postgres_roll_back(db, true);
    db->fate_open = false;
    return MLOPS_OK;
}

static int fail_unrepeatable(struct postgres_db *db, struct mlops_error *err)
{
    struct mlops_error why = {0};

    postgres_fail_lost(db, &why);
    if (db->fate_open)
        return fail_fate(db, &why, err);
    *err = why;
    return mlops_hint(err, "the connection broke while it was used: run the command again");
}

/* ---- sending, whatever comes between ------------------------------------------------------- */

/* After the connection was lost: a new one, and what is known of a commit that was under way. */
static int recover(struct postgres_db *db, bool *committed, struct mlops_error *err)
{
    return db->fate_open ? learn_fate(db, committed, err) : postgres_reconnect(db, err);
}

static int run_again(struct postgres_db *db, struct mlops_error *err)
{
    db->fate_open = false; /* PostgreSQL says that nothing was done */
    postgres_roll_back(db, true);
    return postgres_pause(db, err);
}

static int exchange_until_answered(struct postgres_db *db, PGresult **result,
                                   struct mlops_error *err)
{
    postgres_wait_begin(db);
    for (bool committed = false;;) {
        enum outcome outcome = db->connection ? exchange_all(db, result, err) : LOST;

        if (outcome == ANSWERED)
            return MLOPS_OK;
        db->api.PQclear(*result);
        *result = NULL;
        if (outcome == FAILED)
            return (int)err->code;
        if (!may_repeat(db))
            return fail_unrepeatable(db, err);
        TRY(outcome == LOST ? recover(db, &committed, err) : run_again(db, err));
        if (committed)
            return MLOPS_OK;
    }
}

int postgres_flush(struct postgres_db *db, PGresult **last, struct mlops_error *err)
{
    PGresult *result = NULL;
    int code = MLOPS_OK;

    if (db->failure.code) {
        *err = db->failure;
        return (int)err->code;
    }
    code = exchange_until_answered(db, &result, err);
    if (code == MLOPS_OK)
        journal_trim(db);
    else if (db->state != POSTGRES_IDLE)
        db->failure = *err;
    if (last)
        *last = result;
    else
        db->api.PQclear(result);
    return code;
}
