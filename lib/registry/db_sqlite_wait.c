/*
 * lib/registry/db_sqlite_wait.c - waiting for other processes, and SQLite's result codes as
 * errors. "database is locked" comes out of here as a pause or as what the caller's `wait` says.
 */
#include "base/clock.h"
#include "registry/db_sqlite.h"
#include <errno.h>
#include <unistd.h>

/* A transaction takes a few milliseconds, most of them for one fsync. */
#define PAUSE_MIN_NS 500000LL
#define PAUSE_MAX_NS 20000000LL

/* xorshift64*: only has to differ between processes that started together. */
static uint64_t next_random(struct sqlite_db *db)
{
    uint64_t x = db->wait_random;

    if (x == 0) {
        x = (uint64_t)clock_monotonic_ns() ^ (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)db;
        x |= 1;
    }
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    db->wait_random = x;
    return x * 0x2545f4914f6cdd1dULL;
}

void sqlite_wait_begin(struct sqlite_db *db)
{
    db->wait_began_ns = 0;
    db->wait_round = 0;
    db->wait_code = 0;
}

bool sqlite_wait_pause(struct sqlite_db *db)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t ceiling_ns;

    if (db->wait_code)
        return false;
    if (db->wait_began_ns == 0)
        db->wait_began_ns = now_ns;
    memset(&db->wait_error, 0, sizeof(db->wait_error));
    db->wait_code = db->wait
                        ? db->wait(db->wait_context, now_ns - db->wait_began_ns, &db->wait_error)
                        : mlops_fail(&db->wait_error, MLOPS_IO, "%s is busy", db->path);
    if (db->wait_code)
        return false;

    ceiling_ns = PAUSE_MAX_NS;
    if (db->wait_round < 6 && PAUSE_MIN_NS << db->wait_round < PAUSE_MAX_NS)
        ceiling_ns = PAUSE_MIN_NS << db->wait_round;
    db->wait_round++;
    clock_sleep_ns(ceiling_ns / 2 + (int64_t)(next_random(db) % (uint64_t)ceiling_ns));
    return true;
}

int sqlite_wait_handler(void *context, int count)
{
    (void)count;
    return sqlite_wait_pause(context);
}

bool sqlite_is_busy(int rc)
{
    /* SQLITE_PROTOCOL: many processes opened or recovered the write-ahead log at once. */
    return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED ||
           (rc & 0xff) == SQLITE_PROTOCOL;
}

bool sqlite_is_full(const struct sqlite_db *db, int rc)
{
    int errnum = sqlite3_system_errno(db->handle);

    return (rc & 0xff) == SQLITE_FULL ||
           ((rc & 0xff) == SQLITE_IOERR && (errnum == ENOSPC || errnum == EDQUOT));
}

static int fail_full(struct sqlite_db *db, struct mlops_error *err)
{
    mlops_fail_errno(err, MLOPS_IO, ENOSPC, "write %s", db->path);
    return mlops_hint(err, "free some space; nothing was changed");
}

static int fail_damaged(struct sqlite_db *db, const char *sql, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INTEGRITY, "the database %s is damaged: %s%s%s", db->path,
               sqlite3_errmsg(db->handle), sql ? ", at " : "", sql ? sql : "");
    return mlops_hint(err, "restore it from a backup; the objects beside it are not touched");
}

static int fail_system(struct sqlite_db *db, int rc, struct mlops_error *err)
{
    int errnum = sqlite3_system_errno(db->handle);

    if (errnum != 0)
        return mlops_fail_errno(err, MLOPS_IO, errnum, "cannot use %s: %s", db->path,
                                sqlite3_errstr(rc));
    return mlops_fail(err, MLOPS_IO, "cannot use %s: %s (%d)", db->path, sqlite3_errmsg(db->handle),
                      rc);
}

int sqlite_fail(struct sqlite_db *db, int rc, const char *sql, struct mlops_error *err)
{
    if (sqlite_is_busy(rc)) {
        if (db->wait_code == 0)
            return mlops_fail(err, MLOPS_IO, "%s is busy", db->path);
        *err = db->wait_error;
        return db->wait_code;
    }
    if (sqlite_is_full(db, rc))
        return fail_full(db, err);
    switch (rc & 0xff) {
    case SQLITE_READONLY:
        return mlops_fail(err, MLOPS_IO, "%s is read-only", db->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail_damaged(db, NULL, err);
    case SQLITE_ERROR: /* no such table or column */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return fail_damaged(db, sql, err);
    case SQLITE_TOOBIG:
        return mlops_fail(err, MLOPS_INVALID, "a value is too large for %s", db->path);
    default:
        return fail_system(db, rc, err);
    }
}
