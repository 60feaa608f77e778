#include "base/clock.h"
#include "registry/db_sqlite.h"
#include "registry/fixture.h"

static int patient(void *context, int64_t waited_ns, struct mlops_error *err)
{
    (void)context;
    if (waited_ns > IN_LINE_NS)
        return mlops_fail(err, MLOPS_IO, "waited too long");
    return MLOPS_OK;
}

static char *db_path(const struct fixture *f)
{
    return xprintf("%s/odd %%?#name.db", f->folder);
}

static struct db *open_db(struct fixture *f, bool shared, bool create)
{
    _cleanup_(free_string) char *path = db_path(f);
    struct db *db = NULL;

    assert_ok(f, db_open_sqlite(&(struct db_options){.path = path,
                                                     .create = create,
                                                     .shared_filesystem = shared,
                                                     .wait = patient},
                                &db, &f->err));
    return db;
}

static struct db *given_table(struct fixture *f, bool shared)
{
    struct db *db = open_db(f, shared, true);

    assert_ok(f, db_begin(db, DB_WRITE, &f->err));
    assert_ok(f, db_exec(db, &f->err, "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT, c REAL)"));
    assert_ok(f, db_exec(db, &f->err, "INSERT INTO t (a, b, c) VALUES (0, 'zero', 0)"));
    assert_ok(f, db_commit(db, &f->err));
    return db;
}

static void ask_text(struct fixture *f, struct db *db, const char *sql, char answer[64])
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    assert_ok(f, db_query_values(db, &rows, &f->err, sql, &DB_END));
    assert_ok(f, db_step(rows, &more, &f->err));
    assert_true(more);
    str_copy(answer, 64, db_string(rows, 0));
}

/* ---- statements ----------------------------------------------------------------------------- */

static void parameters_are_bound_by_their_number(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    assert_ok(f, db_query(db, &rows, &f->err, "SELECT $2, $1, $2, $3", DB_TEXT("one"),
                          DB_I64(INT64_MIN), DB_F64(0.1)));
    assert_ok(f, db_step(rows, &more, &f->err));
    assert_true(more);
    assert_true(db_i64(rows, 0) == INT64_MIN);
    assert_string_equal("one", db_string(rows, 1));
    assert_true(db_i64(rows, 2) == INT64_MIN);
    assert_true(db_f64(rows, 3) == 0.1);
    assert_ok(f, db_step(rows, &more, &f->err));
    assert_false(more);
}

static void null_text_and_bytes_come_back(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t length;
    bool more;

    assert_ok(f,
              db_query(db, &rows, &f->err, "SELECT $1, $2, $3, $4, $5", DB_TEXT(NULL), DB_TEXT(""),
                       DB_BLOB("a\0b", 3), DB_BLOB(NULL, 0), DB_TEXT("'; DROP TABLE t; --")));
    assert_ok(f, db_step(rows, &more, &f->err));
    assert_true(db_is_null(rows, 0));
    assert_string_equal("", db_string(rows, 0));
    assert_int_equal(0, db_i64(rows, 0));
    assert_false(db_is_null(rows, 1));
    assert_memory_equal("a\0b", db_bytes(rows, 2, &length), 3);
    assert_int_equal(3, length);
    assert_false(db_is_null(rows, 3));
    assert_string_equal("'; DROP TABLE t; --", db_string(rows, 4));
}

static void the_wrong_number_of_parameters_fails(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    struct db_rows *rows = NULL;

    assert_fails(f, MLOPS_IO, db_query(db, &rows, &f->err, "SELECT $1, $2", DB_I64(1)));
    assert_fails(f, MLOPS_IO, db_query(db, &rows, &f->err, "SELECT $1", DB_I64(1), DB_I64(2)));
    assert_null(rows);
}

static void one_statement_may_be_read_twice_at_once(void **state)
{
    struct fixture *f = *state;
    static const char sql[] = "SELECT a FROM t WHERE a >= $1 ORDER BY a";
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    bool more;
    int pairs = 0;

    assert_ok(f, db_exec(db, &f->err, "INSERT INTO t (a) VALUES (1), (2)"));
    assert_int_equal(2, db_changes(db));
    for (int round = 0; round < 2; round++) {
        _cleanup_(db_rows_close_ptr) struct db_rows *outer = NULL;

        assert_ok(f, db_query(db, &outer, &f->err, sql, DB_I64(0)));
        for (;;) {
            _cleanup_(db_rows_close_ptr) struct db_rows *inner = NULL;

            assert_ok(f, db_step(outer, &more, &f->err));
            if (!more)
                break;
            assert_ok(f, db_query(db, &inner, &f->err, sql, DB_I64(db_i64(outer, 0))));
            for (;;) {
                assert_ok(f, db_step(inner, &more, &f->err));
                if (!more)
                    break;
                pairs++;
            }
        }
    }
    assert_int_equal(2 * (3 + 2 + 1), pairs);
    assert_true(((struct sqlite_db *)db)->statement_count < 12);
}

static void what_breaks_a_constraint_is_damage_and_says_which(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);

    assert_fails(f, MLOPS_INTEGRITY, db_exec(db, &f->err, "INSERT INTO t (a) VALUES (0)"));
    assert_says(f, "UNIQUE constraint failed: t.a");
    assert_fails(f, MLOPS_INTEGRITY, db_exec(db, &f->err, "SELECT x FROM nowhere"));
    assert_says(f, "no such table: nowhere");
}

static void a_failed_statement_can_be_used_again(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);

    assert_fails(f, MLOPS_INTEGRITY,
                 db_exec(db, &f->err, "INSERT INTO t (a) VALUES ($1)", DB_I64(0)));
    assert_ok(f, db_exec(db, &f->err, "INSERT INTO t (a) VALUES ($1)", DB_I64(7)));
}

/* ---- connections ---------------------------------------------------------------------------- */

static void the_settings_are_the_safe_ones(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    static const struct {
        const char *sql, *answer;
    } settings[] = {{"PRAGMA journal_mode", "wal"},  {"PRAGMA synchronous", "3"},
                    {"PRAGMA foreign_keys", "1"},    {"PRAGMA trusted_schema", "0"},
                    {"PRAGMA cell_size_check", "1"}, {"PRAGMA mmap_size", "0"},
                    {"PRAGMA integrity_check", "ok"}};

    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        char answer[64];

        ask_text(f, db, settings[i].sql, answer);
        assert_string_equal(settings[i].answer, answer);
    }
}

static void has_table_knows(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false);
    bool has;

    assert_ok(f, db_has_table(db, "t", &has, &f->err));
    assert_true(has);
    assert_ok(f, db_has_table(db, "u", &has, &f->err));
    assert_false(has);
}

static off_t size_of(const struct fixture *f, const char *suffix)
{
    _cleanup_(free_string) char *path = db_path(f), *name = xprintf("%s%s", path, suffix);
    struct stat st;

    return stat(name, &st) == 0 ? st.st_size : -1;
}

static void the_last_writer_leaves_an_empty_log_and_its_files(void **state)
{
    struct fixture *f = *state;
    struct db *db = given_table(f, false);

    assert_true(size_of(f, "-wal") > 0);
    db_close(db);
    assert_int_equal(0, size_of(f, "-wal"));
    assert_true(size_of(f, "-shm") > 0);
}

static void readers_change_no_file(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = db_path(f), *log = xprintf("%s-wal", path);
    struct stat before[2], after[2];
    char answer[64];
    struct db *db = given_table(f, false);

    /* Also where a writer was stopped: what it left is not theirs to tidy up. */
    pid_t child = fork();
    if (child == 0) {
        struct db *another = open_db(f, false, false);
        assert_ok(f, db_begin(another, DB_WRITE, &f->err));
        assert_ok(f, db_exec(another, &f->err, "INSERT INTO t (a, b) VALUES (1, 'one')"));
        assert_ok(f, db_commit(another, &f->err));
        _exit(0);
    }
    assert_int_equal(0, wait_for(child));
    ((struct sqlite_db *)db)->write_ready = false;
    sqlite3_db_config(((struct sqlite_db *)db)->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    db_close(db);

    assert_int_equal(0, stat(path, &before[0]) + stat(log, &before[1]));
    assert_true(before[1].st_size > 0);
    db = open_db(f, false, false);
    ask_text(f, db, "SELECT b FROM t WHERE a = 1", answer);
    assert_string_equal("one", answer);
    db_close(db);
    assert_int_equal(0, stat(path, &after[0]) + stat(log, &after[1]));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(before[i].st_size, after[i].st_size);
        assert_int_equal(before[i].st_ino, after[i].st_ino);
        assert_memory_equal(&before[i].st_mtim, &after[i].st_mtim, sizeof(struct timespec));
    }
}

static void a_busy_database_without_patience_fails(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = db_path(f);
    _cleanup_(db_close_ptr) struct db *db = given_table(f, false), *other = NULL;

    assert_ok(f, db_open_sqlite(&(struct db_options){.path = path}, &other, &f->err));
    assert_ok(f, db_begin(db, DB_WRITE, &f->err));
    assert_fails(f, MLOPS_IO, db_begin(other, DB_WRITE, &f->err));
    assert_says(f, "is busy");
    db_rollback(db);
    assert_ok(f, db_begin(other, DB_WRITE, &f->err));
    db_rollback(other);
}

static void what_is_missing_or_a_folder_cannot_be_opened(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = db_path(f);
    struct db *db = NULL;

    assert_fails(f, MLOPS_IO, db_open_sqlite(&(struct db_options){.path = path}, &db, &f->err));
    assert_fails(f, MLOPS_IO,
                 db_open_sqlite(&(struct db_options){.path = f->folder}, &db, &f->err));
    assert_says(f, f->folder);
}

static void every_truncation_of_a_database_is_noticed_or_harmless(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = db_path(f);
    _cleanup_(buffer_clear) struct buffer whole = {0};
    struct db *db = given_table(f, false);

    for (int64_t i = 1; i < 300; i++)
        assert_ok(f,
                  db_exec(db, &f->err, "INSERT INTO t (a, b) VALUES ($1, 'some text')", DB_I64(i)));
    db_close(db);
    assert_ok(f, file_read(path, 1 << 20, &whole, &f->err));
    for (size_t length = 0; length < whole.length; length += 509) {
        struct db_rows *rows = NULL;
        bool more = true;
        int code;

        db = NULL;
        memset(&f->err, 0, sizeof(f->err));
        assert_int_equal(0, truncate(path, 0));
        FILE *file = fopen(path, "wb");
        assert_int_equal(length, fwrite(whole.data, 1, length, file));
        fclose(file);
        code = db_open_sqlite(&(struct db_options){.path = path, .wait = patient}, &db, &f->err);
        if (code == MLOPS_OK)
            code = db_query(db, &rows, &f->err, "SELECT sum(length(b)), count(*) FROM t");
        if (code == MLOPS_OK)
            code = db_step(rows, &more, &f->err);
        if (code == MLOPS_OK) { /* what is missing was not asked for */
            assert_int_equal(4 + 299 * 9, db_i64(rows, 0));
            assert_int_equal(300, db_i64(rows, 1));
        } else {
            assert_int_equal(MLOPS_INTEGRITY, code);
        }
        if (rows)
            db_rows_close(rows);
        db_close(db);
    }
}

/* Change the database by hand, in ways that statements of ours cannot. */
static void by_hand(struct fixture *f, const char *sql)
{
    _cleanup_(free_string) char *path = db_path(f);
    sqlite3 *raw;

    assert_int_equal(SQLITE_OK, sqlite3_open(path, &raw));
    assert_int_equal(SQLITE_OK, sqlite3_exec(raw, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(raw));
}

static void an_index_that_lacks_a_row_and_a_reference_to_nothing_are_damage(void **state)
{
    struct fixture *f = *state;
    struct db *db = given_table(f, false);

    assert_ok(f, db_begin(db, DB_WRITE, &f->err));
    assert_ok(f, db_exec(db, &f->err, "CREATE INDEX t_b ON t (b)"));
    assert_ok(f, db_exec(db, &f->err, "CREATE TABLE u (a BIGINT REFERENCES t (a))"));
    assert_ok(f, db_commit(db, &f->err));
    assert_ok(f, db_check(db, false, &f->err));
    assert_ok(f, db_check(db, true, &f->err));
    db_close(db);
    by_hand(f, "DROP INDEX t_b; CREATE INDEX t_b ON t (b) WHERE a > 100;"
               "PRAGMA writable_schema = 1;"
               "UPDATE sqlite_schema SET sql = 'CREATE INDEX t_b ON t (b)' WHERE name = 't_b'");
    db = open_db(f, false, false);
    assert_int_equal(MLOPS_INTEGRITY, db_check(db, false, &f->err));
    assert_non_null(strstr(f->err.message, "t_b"));
    assert_ok(f, db_check(db, true, &f->err)); /* which leaves indexes out */
    db_close(db);
    by_hand(f, "REINDEX; INSERT INTO u VALUES (1000)");
    db = open_db(f, false, false);
    assert_int_equal(MLOPS_INTEGRITY, db_check(db, false, &f->err));
    assert_non_null(strstr(f->err.message, "a row of u refers to one of t that is not there"));
    db_close(db);
}

/* ---- network file systems ---------------------------------------------------------------- */

static void network_file_systems_are_known(void **state)
{
    (void)state;
    assert_true(sqlite_filesystem_is_shared(0x6969));               /* NFS */
    assert_true(sqlite_filesystem_is_shared((long)0xff534d42));     /* CIFS */
    assert_true(sqlite_filesystem_is_shared((int32_t)0xff534d42u)); /* as 32-bit statfs gives it */
    assert_true(sqlite_filesystem_is_shared((long)0xfe534d42));     /* SMB 2 */
    assert_true(sqlite_filesystem_is_shared(0x0bd00bd0));           /* Lustre */
    assert_true(sqlite_filesystem_is_shared(0x65735546));           /* FUSE */
    assert_false(sqlite_filesystem_is_shared(0xef53));              /* ext4 */
    assert_false(sqlite_filesystem_is_shared(0x58465342));          /* XFS */
    assert_false(sqlite_filesystem_is_shared(0x01021994));          /* tmpfs */
    assert_false(sqlite_filesystem_is_shared((long)0x9123683e));    /* btrfs */
}

static void on_a_network_file_system_the_journal_is_rolled_back_not_shared(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_close_ptr) struct db *db = given_table(f, true);
    char answer[64];

    ask_text(f, db, "PRAGMA journal_mode", answer);
    assert_string_equal("delete", answer);
    ask_text(f, db, "PRAGMA synchronous", answer);
    assert_string_equal("3", answer);
    assert_int_equal(-1, size_of(f, "-wal"));
    assert_int_equal(-1, size_of(f, "-shm"));
}

static void a_database_moved_to_a_network_file_system_is_converted(void **state)
{
    struct fixture *f = *state;
    struct db *db = given_table(f, false);
    char answer[64];

    db_close(db);
    db = open_db(f, true, false);
    ask_text(f, db, "PRAGMA journal_mode", answer);
    assert_string_equal("delete", answer);
    ask_text(f, db, "SELECT b FROM t WHERE a = 0", answer);
    assert_string_equal("zero", answer);
    db_close(db);
    db = open_db(f, false, false); /* and stays so, should it come back */
    ask_text(f, db, "PRAGMA journal_mode", answer);
    assert_string_equal("delete", answer);
    db_close(db);
}

static int count_up(struct fixture *f, bool shared)
{
    for (int i = 0; i < 5; i++) {
        struct db *db = open_db(f, shared, false);
        char answer[64];

        assert_ok(f, db_begin(db, DB_WRITE, &f->err));
        assert_ok(f, db_exec(db, &f->err, "UPDATE t SET c = c + 1 WHERE a = 0"));
        assert_ok(f, db_commit(db, &f->err));
        ask_text(f, db, "SELECT c FROM t WHERE a = 0", answer);
        db_close(db);
    }
    return 0;
}

static void race(struct fixture *f, bool shared)
{
    pid_t children[20];
    char answer[64];

    db_close(given_table(f, shared));
    for (size_t i = 0; i < ARRAY_LENGTH(children); i++) {
        if ((children[i] = fork()) == 0)
            _exit(count_up(f, shared));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(children); i++)
        assert_int_equal(0, wait_for(children[i]));
    struct db *db = open_db(f, shared, false);
    ask_text(f, db, "SELECT cast(c AS BIGINT) FROM t WHERE a = 0", answer);
    assert_string_equal("100", answer);
    db_close(db);
}

static void twenty_writers_and_readers_with_a_log_lose_nothing(void **state)
{
    race(*state, false);
}

static void twenty_writers_and_readers_with_a_rollback_journal_lose_nothing(void **state)
{
    race(*state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(parameters_are_bound_by_their_number),
        folder_test(null_text_and_bytes_come_back),
        folder_test(the_wrong_number_of_parameters_fails),
        folder_test(one_statement_may_be_read_twice_at_once),
        folder_test(what_breaks_a_constraint_is_damage_and_says_which),
        folder_test(a_failed_statement_can_be_used_again),
        folder_test(the_settings_are_the_safe_ones),
        folder_test(has_table_knows),
        folder_test(the_last_writer_leaves_an_empty_log_and_its_files),
        folder_test(readers_change_no_file),
        folder_test(a_busy_database_without_patience_fails),
        folder_test(what_is_missing_or_a_folder_cannot_be_opened),
        folder_test(every_truncation_of_a_database_is_noticed_or_harmless),
        folder_test(an_index_that_lacks_a_row_and_a_reference_to_nothing_are_damage),
        cmocka_unit_test(network_file_systems_are_known),
        folder_test(on_a_network_file_system_the_journal_is_rolled_back_not_shared),
        folder_test(a_database_moved_to_a_network_file_system_is_converted),
        folder_test(twenty_writers_and_readers_with_a_log_lose_nothing),
        folder_test(twenty_writers_and_readers_with_a_rollback_journal_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
