/* lib/registry/db_postgres_error.c - PostgreSQL's SQLSTATEs as errors. */
#include "registry/db_postgres.h"
#include <errno.h>

/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
static bool is_class(const char *state, const char *class)
{
    return strncmp(state, class, 2) == 0;
}

static bool is_one_of(const char *state, const char *states)
{
    return strlen(state) == 5 && strstr(states, state) != NULL;
}

static const char *state_of(const struct postgres_db *db, const PGresult *result)
{
    const char *state = result ? db->api.PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    return state ? state : "";
}

/* libpq's messages end with a newline and may have several lines: the first says what it is. */
static char *first_line(const char *message)
{
    return xstrndup(message, strcspn(message, "\n"));
}

bool postgres_is_lost(const struct postgres_db *db, const PGresult *result)
{
    const char *state = state_of(db, result);

    return !db->connection || db->api.PQstatus(db->connection) == CONNECTION_BAD ||
           is_class(state, "08") || is_one_of(state, "57P01 57P02 57P03 25P03");
}

bool postgres_is_retry(const struct postgres_db *db, const PGresult *result)
{
    return is_one_of(state_of(db, result), "40001 40P01");
}

bool postgres_is_lock_timeout(const struct postgres_db *db, const PGresult *result)
{
    return is_one_of(state_of(db, result), "55P03");
}

bool postgres_is_zero_division(const struct postgres_db *db, const PGresult *result)
{
    return is_one_of(state_of(db, result), "22012");
}

int postgres_fail_lost(struct postgres_db *db, struct mlops_error *err)
{
    _cleanup_(free_string) char *why =
        first_line(db->connection ? db->api.PQerrorMessage(db->connection) : "");

    mlops_fail(err, MLOPS_IO, "%s: %s", db->shown, *why ? why : "the connection was lost");
    return mlops_hint(err, "is the server up, and can it be reached from here?");
}

static int fail_permission(struct postgres_db *db, const char *why, struct mlops_error *err)
{
    const char *user = db->connection ? db->api.PQuser(db->connection) : "you";

    mlops_fail(err, MLOPS_IO, "%s does not let %s do that: %s", db->shown, user, why);
    return mlops_hint(err, "an admin of the registry gives roles: 'mlops registry grant ROLE %s'",
                      user);
}

static int fail_damaged(struct postgres_db *db, const char *why, const char *sql,
                        struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INTEGRITY, "the database %s is damaged: %s%s%s", db->shown, why,
               sql ? ", at " : "", sql ? sql : "");
    return mlops_hint(err, "restore it from a backup; the objects are not touched");
}

int postgres_fail(struct postgres_db *db, const PGresult *result, const char *sql,
                  struct mlops_error *err)
{
    const char *state = state_of(db, result);
    const char *said = result ? db->api.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    _cleanup_(free_string) char *why = NULL;

    if (!said)
        return postgres_fail_lost(db, err);
    why = first_line(said);
    if (is_one_of(state, "42501"))
        return fail_permission(db, why, err);
    if (is_one_of(state, "25006"))
        return mlops_fail(err, MLOPS_IO, "%s is read-only", db->shown);
    if (is_one_of(state, "53100")) {
        mlops_fail_errno(err, MLOPS_IO, ENOSPC, "write %s", db->shown);
        return mlops_hint(err, "free some space on the server; nothing was changed");
    }
    if (is_class(state, "22") || is_class(state, "54"))
        return mlops_fail(err, MLOPS_INVALID, "%s does not take a value: %s", db->shown, why);
    if (is_class(state, "XX") || is_class(state, "F0"))
        return fail_damaged(db, why, NULL, err);
    if (is_class(state, "23") || is_class(state, "42") || is_class(state, "P0")) /* as SQLite's */
        return fail_damaged(db, why, sql, err);
    mlops_fail(err, MLOPS_IO, "%s: %s (%s)", db->shown, why, state);
    return mlops_hint(err, "nothing was changed: run the command again");
}
