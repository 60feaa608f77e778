/*
 * lib/registry/db_sqlite.c - SQLite connections: opening safely and durably, also on network file
 * systems and where nothing can be written, and transactions.
 *
 * Locally the database has a write-ahead log. Its two files ("-wal", "-shm") are kept when the last
 * writer leaves, with the log empty, so that readers who may not make files find them. On network
 * file systems the log's shared memory does not work: there it is a rollback journal.
 */
#include "registry/db_sqlite.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

/* The write-ahead log shrinks to this when it starts anew, to nothing when the last writer goes. */
#define LOG_MAX "4194304"

bool sqlite_filesystem_is_shared(long type)
{
    /* What linux/magic.h does not have, from the file systems' own sources. */
    enum { GPFS = 0x47504653, LUSTRE = 0x0bd00bd0, GFS2 = 0x01161970, VBOX = 0x786f4256 };

    switch ((uint32_t)type) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case AFS_FS_MAGIC:
    case CODA_SUPER_MAGIC:
    case CEPH_SUPER_MAGIC:
    case NCP_SUPER_MAGIC:
    case OCFS2_SUPER_MAGIC:
    case V9FS_MAGIC:
    case FUSE_SUPER_MAGIC: /* sshfs, glusterfs, s3fs …: one cannot tell which */
    case GPFS:
    case LUSTRE:
    case GFS2:
    case VBOX:
        return true;
    default:
        return false;
    }
}

/* Run SQL of our own without parameters; rows are passed over. */
static int run(struct sqlite_db *db, const char *sql, struct mlops_error *err)
{
    int rc;

    sqlite_wait_begin(db);
    do
        rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    while (sqlite_is_busy(rc) && sqlite_wait_pause(db));
    return rc == SQLITE_OK ? MLOPS_OK : sqlite_fail(db, rc, sql, err);
}

/* ---- opening ----------------------------------------------------------------------------- */

/* "file:" URI of a path: what has a meaning in URIs is escaped. */
static char *immutable_uri(const char *path)
{
    struct buffer uri = {0};

    buffer_puts(&uri, "file:");
    for (const char *c = path; *c; c++) {
        if (strchr("%?#", *c))
            buffer_printf(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        else
            buffer_putc(&uri, *c);
    }
    buffer_puts(&uri, "?mode=ro&immutable=1");
    return buffer_steal(&uri);
}

static int connect_to(struct sqlite_db *db, const char *name, int flags, struct mlops_error *err)
{
    int rc = sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (db->handle == NULL)
        return mlops_fail(err, MLOPS_IO, "open %s: out of memory", db->path);
    sqlite3_extended_result_codes(db->handle, 1);
    if (rc != SQLITE_OK)
        return sqlite_fail(db, rc, NULL, err);
    sqlite3_busy_handler(db->handle, sqlite_wait_handler, db);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Readers leave no trace; see prepare_to_write. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", err);
}

/* Read the schema: the first time that SQLite touches the file. */
static int touch(struct sqlite_db *db)
{
    int rc;

    sqlite_wait_begin(db);
    do
        rc = sqlite3_exec(db->handle, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    while (sqlite_is_busy(rc) && sqlite_wait_pause(db));
    return rc;
}

static bool holds_something(const char *path, const char *suffix)
{
    _cleanup_(free_string) char *name = xprintf("%s%s", path, suffix);
    struct stat st;

    return stat(name, &st) == 0 && st.st_size > 0;
}

int sqlite_check_unchanged(const struct sqlite_db *db, struct mlops_error *err)
{
    const struct stat *then = &db->immutable_stat;
    struct stat now;

    if (!db->immutable)
        return MLOPS_OK;
    if (stat(db->path, &now) == 0 && !holds_something(db->path, "-wal") &&
        now.st_ino == then->st_ino && now.st_size == then->st_size &&
        now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_IO, "%s was changed while it was read", db->path);
    return mlops_hint(err, "run the command again");
}

/*
 * Where neither the database nor its folder can be written and the log's files are missing, or
 * there is no space for the log's index, SQLite needs to be told that nobody writes. Only true
 * while everything is in the one file: what stands in a log or journal would be overlooked.
 */
static int open_immutable(struct sqlite_db *db, struct mlops_error *err)
{
    _cleanup_(free_string) char *uri = immutable_uri(db->path);
    int rc;

    if (holds_something(db->path, "-wal") || holds_something(db->path, "-journal")) {
        if (db->full)
            return sqlite_fail(db, SQLITE_FULL, NULL, err);
        mlops_fail(err, MLOPS_IO,
                   "%s cannot be read: a writer was stopped before it was done with it, and what "
                   "is left to do cannot be done where nothing can be written",
                   db->path);
        return mlops_hint(err, "run any mlops command once where the registry can be written, or "
                               "as a user who may");
    }
    if (stat(db->path, &db->immutable_stat) != 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open %s", db->path);
    sqlite3_close(db->handle);
    db->handle = NULL;
    db->immutable = true;
    TRY(connect_to(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err));
    rc = touch(db);
    return rc == SQLITE_OK ? MLOPS_OK : sqlite_fail(db, rc, NULL, err);
}

/* Choose the journal: a log, or on network file systems a rollback journal. */
static int choose_journal(struct sqlite_db *db, const struct db_options *options,
                          struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_parent(db->path);
    struct statfs fs;
    bool shared = options->shared_filesystem ||
                  (statfs(folder, &fs) == 0 && sqlite_filesystem_is_shared((long)fs.f_type));

    if (db->immutable || sqlite3_db_readonly(db->handle, "main") == 1)
        return MLOPS_OK;
    if (shared) /* also where it was made on a local one and moved */
        return run(db, "PRAGMA journal_mode = DELETE", err);
    return options->create ? run(db, "PRAGMA journal_mode = WAL", err) : MLOPS_OK;
}

/* SQLite takes what is missing of the last page for zeros. Another process may just be writing
 * it, so look a few times. */
static int check_whole_pages(struct sqlite_db *db, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(&db->base, &rows, err, "PRAGMA page_size"));
    TRY(db_step(rows, &more, err));
    for (int attempt = 0; attempt < 10; attempt++) {
        struct stat st;

        if (stat(db->path, &st) != 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "open %s", db->path);
        if (st.st_size % db_i64(rows, 0) == 0)
            return MLOPS_OK;
        clock_sleep_ns(2000000);
    }
    mlops_fail(err, MLOPS_INTEGRITY, "the database %s is damaged: its end is missing", db->path);
    return mlops_hint(err, "restore it from a backup; the objects beside it are not touched");
}

static int open_connection(struct sqlite_db *db, const struct db_options *options,
                           struct mlops_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | (options->create ? SQLITE_OPEN_CREATE : 0);
    int rc;

    TRY(connect_to(db, db->path, flags, err));
    rc = touch(db);
    db->full = sqlite_is_full(db, rc);
    if ((rc & 0xff) == SQLITE_READONLY || (db->full && !options->create) ||
        ((rc & 0xff) == SQLITE_CANTOPEN && sqlite3_db_readonly(db->handle, "main") == 1))
        TRY(open_immutable(db, err));
    else if (rc != SQLITE_OK)
        return sqlite_fail(db, rc, NULL, err);
    TRY(check_whole_pages(db, err));
    return choose_journal(db, options, err);
}

static void close_connection(struct db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    sqlite_statements_clear(db);
    /* Busy only with statements left open, which there are none of; a checkpoint that fails
     * leaves its work to the next one. */
    (void)sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

static bool read_only(const struct db *base)
{
    const struct sqlite_db *db = (const struct sqlite_db *)base;

    return !db->full && (db->immutable || sqlite3_db_readonly(db->handle, "main") == 1);
}

/* ---- transactions ------------------------------------------------------------------------ */

/* What only writers need. EXTRA is FULL, and for rollback journals the fsync of the folder after
 * the commit as well, without which a power cut undoes it. */
static int prepare_to_write(struct sqlite_db *db, struct mlops_error *err)
{
    int keep_log_files = 1;

    if (db->write_ready)
        return MLOPS_OK;
    TRY(run(db, "PRAGMA synchronous = EXTRA; PRAGMA journal_size_limit = " LOG_MAX, err));
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_log_files);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    db->write_ready = true;
    return MLOPS_OK;
}

static int begin(struct db *base, enum db_access access, struct mlops_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    if (access == DB_READ)
        return db_exec(base, err, "BEGIN");
    if (db->full || read_only(base))
        return sqlite_fail(db, db->full ? SQLITE_FULL : SQLITE_READONLY, NULL, err);
    TRY(prepare_to_write(db, err));
    return db_exec(base, err, "BEGIN IMMEDIATE");
}

static void rollback(struct db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    /* Fails only where SQLite has rolled back already. */
    if (!sqlite3_get_autocommit(db->handle))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct db *base, struct mlops_error *err)
{
    int code = db_exec(base, err, "COMMIT");

    if (code)
        rollback(base);
    return code;
}

static int has_table(struct db *base, const char *name, bool *has, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(base, &rows, err, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
                 DB_TEXT(name)));
    return db_step(rows, has, err);
}

static int fail_check(const struct db *base, struct mlops_error *err, const char *what)
{
    mlops_fail(err, MLOPS_INTEGRITY, "the database %s is damaged: %s",
               ((const struct sqlite_db *)base)->path, what);
    return mlops_hint(err, "restore it from a backup; the objects beside it are not touched");
}

static int check_structure(struct db *base, bool quick, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(base, &rows, err, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)"));
    TRY(db_step(rows, &any, err));
    return str_equal(db_string(rows, 0), "ok") ? MLOPS_OK
                                               : fail_check(base, err, db_string(rows, 0));
}

static int check_references(struct db *base, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(free_string) char *what = NULL;
    bool any;

    TRY(db_query(base, &rows, err, "PRAGMA foreign_key_check"));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    what = xprintf("a row of %s refers to one of %s that is not there", db_string(rows, 0),
                   db_string(rows, 2));
    return fail_check(base, err, what);
}

static int check(struct db *base, bool quick, struct mlops_error *err)
{
    TRY(check_structure(base, quick, err));
    return check_references(base, err);
}

static const struct db_driver sqlite_driver = {
    .name = "sqlite",
    .close = close_connection,
    .read_only = read_only,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .has_table = has_table,
    .check = check,
    .exec = sqlite_exec_values,
    .query = sqlite_query_values,
    .changes = sqlite_rows_changed,
    .step = sqlite_rows_step,
    .i64 = sqlite_rows_i64,
    .f64 = sqlite_rows_f64,
    .string = sqlite_rows_string,
    .bytes = sqlite_rows_bytes,
    .is_null = sqlite_rows_is_null,
    .rows_close = sqlite_rows_close,
};

int db_open_sqlite(const struct db_options *options, struct db **opened, struct mlops_error *err)
{
    struct sqlite_db *db = xcalloc(1, sizeof(*db));
    int code;

    db->base.driver = &sqlite_driver;
    db->path = xstrdup(options->path);
    db->wait = options->wait;
    db->wait_context = options->wait_context;
    code = open_connection(db, options, err);
    if (code) {
        close_connection(&db->base);
        return code;
    }
    *opened = &db->base;
    return MLOPS_OK;
}
