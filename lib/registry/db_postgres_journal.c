/*
 * lib/registry/db_postgres_journal.c - the statements of the open transaction: kept, sent, and
 * played again where the connection was lost or PostgreSQL asks for it. A transaction that is
 * played again goes on only if it is answered what it was before.
 */
#include "registry/db_postgres.h"

/* Longer transactions, which only read, are not kept for playing again. */
#define JOURNAL_MAX 8192

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

/* ---- sending ------------------------------------------------------------------------------- */

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
static enum postgres_outcome exchange_all(struct postgres_db *db, PGresult **last,
                                          struct mlops_error *err)
{
    if (db->committing && is_played_again(db)) {
        enum postgres_outcome outcome = postgres_exchange(db, db->journal_count - 1, last, err);

        if (outcome != POSTGRES_ANSWERED)
            return outcome;
    }
    db->fate_open = db->committing;
    return postgres_exchange(db, db->journal_count, last, err);
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
static enum postgres_outcome look_for_witness(struct postgres_db *db, bool *seen,
                                              struct mlops_error *err)
{
    struct postgres_entry look[] = {db->journal[0], db->journal[1], db->witness};
    struct postgres_entry *journal = db->journal;
    size_t count = db->journal_count;
    PGresult *result = NULL;
    enum postgres_outcome outcome;

    look[2].answered = false;
    db->sent = 0;
    db->journal = look;
    db->journal_count = ARRAY_LENGTH(look);
    outcome = postgres_exchange(db, ARRAY_LENGTH(look), &result, err);
    db->journal = journal;
    db->journal_count = count;
    *seen = outcome == POSTGRES_ANSWERED && db->api.PQntuples(result) > 0;
    db->api.PQclear(result);
    return outcome;
}

/* The answer to COMMIT was lost. `*committed` where it was done; otherwise it was not, and the
 * transaction may be run again. */
static int learn_fate(struct postgres_db *db, bool *committed, struct mlops_error *err)
{
    struct mlops_error why = {0};
    enum postgres_outcome outcome = POSTGRES_LOST;

    *committed = false;
    while (outcome == POSTGRES_LOST) {
        if (postgres_reconnect(db, &why) != MLOPS_OK || !db->witness.sql)
            return fail_fate(db, &why, err);
        outcome = look_for_witness(db, committed, &why);
    }
    if (outcome != POSTGRES_ANSWERED)
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
        enum postgres_outcome outcome =
            db->connection ? exchange_all(db, result, err) : POSTGRES_LOST;

        if (outcome == POSTGRES_ANSWERED)
            return MLOPS_OK;
        db->api.PQclear(*result);
        *result = NULL;
        if (outcome == POSTGRES_FAILED)
            return (int)err->code;
        if (!may_repeat(db))
            return fail_unrepeatable(db, err);
        TRY(outcome == POSTGRES_LOST ? recover(db, &committed, err) : run_again(db, err));
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
