/*
 * lib/registry/db_postgres.h - what the files of the PostgreSQL driver share: libpq's functions,
 * the connection with its journal, and PostgreSQL's failures as errors.
 *
 * A connection is in libpq's pipeline mode for good. What gives no rows is sent and not waited
 * for; the next query, or the commit, collects. So a transaction costs a round trip a query, not
 * one a statement.
 *
 * Of the open transaction the driver keeps a journal: each statement, its parameters, a hash of
 * its result. Where the connection is lost, or PostgreSQL asks for the transaction to be run anew
 * (deadlock, serialization), the journal is played again, and goes on only if every result is what
 * it was. A commit whose answer was lost is looked up by its transaction's number.
 */
#ifndef REGISTRY_DB_POSTGRES_H
#define REGISTRY_DB_POSTGRES_H
#include "base/dynload.h"
#include "registry/db_driver.h"
#include <libpq-fe.h>

#define POSTGRES_FUNCTIONS(X)                                                                      \
    X(PQconnectdbParams)                                                                           \
    X(PQfinish)                                                                                    \
    X(PQstatus)                                                                                    \
    X(PQerrorMessage)                                                                              \
    X(PQsocket)                                                                                    \
    X(PQhost)                                                                                      \
    X(PQuser)                                                                                      \
    X(PQdb)                                                                                        \
    X(PQsslInUse)                                                                                  \
    X(PQconninfo)                                                                                  \
    X(PQparameterStatus)                                                                           \
    X(PQserverVersion)                                                                             \
    X(PQconninfoParse)                                                                             \
    X(PQconninfoFree)                                                                              \
    X(PQfreemem)                                                                                   \
    X(PQsetNoticeReceiver)                                                                         \
    X(PQenterPipelineMode)                                                                         \
    X(PQpipelineSync)                                                                              \
    X(PQsendPrepare)                                                                               \
    X(PQsendQueryPrepared)                                                                         \
    X(PQsendQueryParams)                                                                           \
    X(PQconsumeInput)                                                                              \
    X(PQisBusy)                                                                                    \
    X(PQgetResult)                                                                                 \
    X(PQclear)                                                                                     \
    X(PQresultStatus)                                                                              \
    X(PQresultErrorField)                                                                          \
    X(PQntuples)                                                                                   \
    X(PQnfields)                                                                                   \
    X(PQftype)                                                                                     \
    X(PQgetvalue)                                                                                  \
    X(PQgetlength)                                                                                 \
    X(PQgetisnull)                                                                                 \
    X(PQcmdTuples)                                                                                 \
    X(PQunescapeBytea)                                                                             \
    X(PQgetCancel)                                                                                 \
    X(PQcancel)                                                                                    \
    X(PQfreeCancel)

struct postgres_api {
    POSTGRES_FUNCTIONS(DYNLOAD_MEMBER)
};

/* A statement of the open transaction as it was sent. */
struct postgres_entry {
    char *sql;
    struct db_value *values; /* ends with DB_END; text and bytes are copies */
    bool answered;           /* its result is known: `result` is the hash of it */
    bool waits;              /* for other writers */
    bool hurries;            /* may find its wait too long, which `db->hurried` then says */
    bool guards;             /* fails, dividing by zero, where the transaction is not wanted */
    bool foreseen; /* nobody has asked it yet: `kept`, once it is answered, is the answer */
    uint64_t result;
    PGresult *kept;
};

struct postgres_statement {
    char *sql;
    char name[16];
};

enum postgres_state { POSTGRES_IDLE, POSTGRES_READING, POSTGRES_WRITING };

struct postgres_db {
    struct db base;
    struct postgres_api api;
    PGconn *connection; /* NULL: not connected */
    char *url;          /* as given, maybe with a password */
    char *shown;        /* for messages: without */
    char *application;  /* who this is, for others who wait */
    bool dropped;       /* the connection was lost; to be made anew */
    bool lined_up;      /* at the head of the line of db_line_up */
    bool owes_rollback; /* a transaction that only read is over; the server does not know yet */

    struct postgres_statement *statements; /* prepared on this connection */
    size_t statement_count, statement_capacity;
    unsigned statement_number; /* of the last one that was prepared */

    enum postgres_state state;
    struct postgres_entry *journal;
    size_t journal_count, journal_capacity;
    size_t sent;                     /* entries of the journal that this connection has been sent */
    struct postgres_entry *foreseen; /* for the next transaction */
    size_t foreseen_count, foreseen_capacity;
    size_t kept;                 /* entries of the journal that are foreseen */
    bool unrepeatable;           /* it got too long to be kept */
    bool committing;             /* the journal's last statement is COMMIT */
    bool fate_open;              /* COMMIT was sent, and is not known to have failed */
    bool hurried;                /* a wait for courtesy was given up */
    bool unwanted;               /* the statement that guards the transaction said so */
    struct mlops_error patience; /* why the waiting for other writers, or for rows, was given up */
    struct mlops_error failure;  /* of a statement of the transaction: it can only be rolled back */
    struct postgres_entry
        witness;      /* a query that has a row once it is committed; sql may be NULL */
    char changed[24]; /* how many rows the last statement changed */

    db_wait wait;
    void *wait_context;
    const struct mlops_observer *observer; /* as of db_options */
    int64_t wait_began_ns;                 /* 0: not waiting */
    unsigned wait_round;
    uint64_t wait_random;
};

/* db_postgres_connect.c */

/* Load libpq and connect for the first time. Errors: MLOPS_INVALID the URL; MLOPS_IO. */
int postgres_connect(struct postgres_db *db, struct mlops_error *err);
/* Connect anew after a pause, and with more of them while the server cannot be reached, up to the
 * caller's patience since postgres_wait_begin. */
int postgres_reconnect(struct postgres_db *db, struct mlops_error *err);
void postgres_disconnect(struct postgres_db *db);
/* A second connection, for looking at the first one's fate; NULL where there is none to be had.
 * The caller ends it with PQfinish. */
PGconn *postgres_connect_aside(struct postgres_db *db);
/* Pause, longer from round to round; non-zero where the caller does not want to wait longer. */
int postgres_pause(struct postgres_db *db, struct mlops_error *err);
void postgres_wait_begin(struct postgres_db *db);

/* db_postgres_apart.c */

/* As PQconnectdbParams, which waits and cannot be stopped, in a thread of its own where there is an
 * observer to ask meanwhile; a thread that is not waited for any longer ends by itself.
 * `*connection` may have failed; the caller ends it. Errors: MLOPS_CANCELLED; MLOPS_IO. */
int postgres_connect_apart(struct postgres_db *db, const char *const *keys,
                           const char *const *values, PGconn **connection, struct mlops_error *err);

/* db_postgres_error.c */

/* What `result`, which failed, means to whoever runs a command. `sql` may be NULL. */
int postgres_fail(struct postgres_db *db, const PGresult *result, const char *sql,
                  struct mlops_error *err);
/* The connection broke: what there is to say of it. */
int postgres_fail_lost(struct postgres_db *db, struct mlops_error *err);
/* Does the failure say that the server went away, or is about to? */
bool postgres_is_lost(const struct postgres_db *db, const PGresult *result);
/* Does it ask for the transaction to be run again? */
bool postgres_is_retry(const struct postgres_db *db, const PGresult *result);
/* Was the wait for a lock longer than the statement allows? */
bool postgres_is_lock_timeout(const struct postgres_db *db, const PGresult *result);
bool postgres_is_zero_division(const struct postgres_db *db, const PGresult *result);

/* db_postgres_statement.c: the statement part of struct db_driver */

int postgres_exec_values(struct db *db, const char *sql, const struct db_value *values,
                         struct mlops_error *err);
int postgres_query_values(struct db *db, const char *sql, const struct db_value *values,
                          struct db_rows **rows, struct mlops_error *err);
uint64_t postgres_rows_changed(const struct db *db);
int postgres_rows_step(struct db_rows *rows, bool *more, struct mlops_error *err);
int64_t postgres_rows_i64(const struct db_rows *rows, int column);
double postgres_rows_f64(const struct db_rows *rows, int column);
const char *postgres_rows_string(const struct db_rows *rows, int column);
const void *postgres_rows_bytes(const struct db_rows *rows, int column, size_t *length);
bool postgres_rows_is_null(const struct db_rows *rows, int column);
void postgres_rows_close(struct db_rows *rows);

/* db_postgres_journal.c */

/* Put a statement behind the others of the transaction; nothing is sent yet. */
struct postgres_entry *postgres_journal_add(struct postgres_db *db, const char *sql,
                                            const struct db_value *values);
/* The query that finds the transaction once it is committed. */
void postgres_journal_witness(struct postgres_db *db, const char *sql,
                              const struct db_value *values);
/* A copy that owns its texts and bytes. */
struct db_value *postgres_copy_values(const struct db_value *values);
void postgres_journal_clear(struct postgres_db *db);
/* Send what was not sent yet and collect all answers, connecting and playing the journal again
 * where that must be; `*last` (may be NULL) gets the result of the last statement, the caller
 * clears it with PQclear. */
int postgres_flush(struct postgres_db *db, PGresult **last, struct mlops_error *err);
/* db_postgres_pipeline.c */

/* What came of sending: all answered, failed for good, or to be played again. */
enum postgres_outcome { POSTGRES_ANSWERED, POSTGRES_FAILED, POSTGRES_LOST, POSTGRES_AGAIN };
/* Send what this connection has not seen of the journal up to entry `end`, and collect the answers;
 * `*last` becomes the result of the last statement, in place of the one that it was. */
enum postgres_outcome postgres_exchange(struct postgres_db *db, size_t end, PGresult **last,
                                        struct mlops_error *err);
/* Take the server back to before the transaction: now, or where not `now` before the next
 * statement. Failures drop the connection, which does the same. */
void postgres_roll_back(struct postgres_db *db, bool now);

/* db_postgres_foresee.c */

/* A query that will be asked (db_foresee); those of before a transaction join its journal where
 * this says so. */
void postgres_foresee(struct db *db, const char *sql, const struct db_value *values);
void postgres_journal_foreseen(struct postgres_db *db);
/* The answer to a query that was foreseen, NULL where it was not; the caller clears it. */
int postgres_journal_take(struct postgres_db *db, const char *sql, const struct db_value *values,
                          PGresult **result, struct mlops_error *err);
/* Something is about to be written: what was foreseen is asked anew. */
void postgres_journal_outdate(struct postgres_db *db);

#endif
