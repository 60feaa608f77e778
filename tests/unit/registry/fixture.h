/*
 * tests/unit/registry/fixture.h - a registry of its own in a temporary folder for each test. Where
 * TEST_POSTGRES has the URL of a server, its database is a new schema there, otherwise SQLite.
 */
#ifndef TEST_REGISTRY_FIXTURE_H
#define TEST_REGISTRY_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "registry/handle.h"
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder; /* that holds .mlops */
    char *url;    /* of the PostgreSQL database; NULL: it is SQLite */
    struct mlops_registry *registry;
    struct mlops_error err;
};

#define assert_ok(f, expression)                                                                   \
    do {                                                                                           \
        memset(&(f)->err, 0, sizeof((f)->err));                                                    \
        int got_ = (expression);                                                                   \
        if (got_ != MLOPS_OK)                                                                      \
            print_error("%s\n", (f)->err.message);                                                 \
        assert_int_equal(MLOPS_OK, got_);                                                          \
    } while (0)

#define assert_fails(f, wanted, expression)                                                        \
    do {                                                                                           \
        memset(&(f)->err, 0, sizeof((f)->err));                                                    \
        assert_int_equal((wanted), (expression));                                                  \
        assert_int_equal((wanted), (f)->err.code);                                                 \
    } while (0)

#define assert_message(f, text) assert_string_equal((text), (f)->err.message)
#define assert_hint(f, text) assert_string_equal((text), (f)->err.hint)
#define assert_says(f, part)                                                                       \
    do {                                                                                           \
        if (!strstr((f)->err.message, (part)))                                                     \
            fail_msg("'%s' does not say '%s'", (f)->err.message, (part));                          \
    } while (0)

static inline struct mlops_registry *open_as(struct fixture *f, const char *actor)
{
    struct mlops_registry *registry = NULL;

    assert_ok(f, mlops_registry_open(
                     &(struct mlops_registry_options){.location = f->folder, .actor = actor},
                     &registry, &f->err));
    return registry;
}

static inline void reopen(struct fixture *f)
{
    mlops_registry_close(f->registry);
    f->registry = open_as(f, "alice@host");
}

static inline int fixture_folder_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    unsetenv("MLOPS_REGISTRY");
    setenv("MLOPS_ACTOR", "carol@ci", 1);
    assert_ok(f, directory_make_temporary("/tmp", "test-registry", &f->folder, &f->err));
    *state = f;
    return 0;
}

/* Run SQL with psql, as somebody with an editor might. */
static inline void psql(const char *url, const char *sql)
{
    char *command = xprintf("psql -X -q -v ON_ERROR_STOP=1 '%s' >/dev/null", url);
    FILE *pipe = popen(command, "w");

    assert_non_null(pipe);
    assert_true(fputs(sql, pipe) >= 0);
    assert_int_equal(0, pclose(pipe));
    free(command);
}

static inline void given_schema(struct fixture *f)
{
    const char *server = getenv("TEST_POSTGRES");
    char *name = xprintf("test_%ld_%lx", (long)getpid(), (long)random() ^ (long)(uintptr_t)f);
    char *sql = xprintf("CREATE SCHEMA %s", name);

    psql(server, sql);
    f->url = xprintf("%s&options=-csearch_path%%3D%s", server, name);
    free(sql);
    free(name);
}

static inline void given_registry(struct fixture *f)
{
    struct mlops_registry_joined joined = {0};

    if (!getenv("TEST_POSTGRES")) {
        assert_ok(f, mlops_registry_init(f->folder, &joined.created, &f->err));
    } else {
        given_schema(f);
        assert_ok(f, mlops_registry_join(
                         &(struct mlops_registry_join_options){.location = f->folder,
                                                               .metadata = f->url},
                         &joined, &f->err));
    }
    assert_true(joined.created);
}

/* For what only SQLite's database, a file of the folder, has. */
#define needs_sqlite(f)                                                                            \
    do {                                                                                           \
        if ((f)->url || getenv("TEST_POSTGRES"))                                                   \
            skip();                                                                                \
    } while (0)

static inline int fixture_setup(void **state)
{
    struct fixture *f;

    fixture_folder_setup(state);
    f = *state;
    given_registry(f);
    f->registry = open_as(f, "alice@host");
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    mlops_registry_close(f->registry);
    assert_ok(f, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->url);
    free(f);
    return 0;
}

#define registry_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define folder_test(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, fixture_folder_setup, fixture_teardown)

/* The id of a bundle that no other `n` has: its digits begin with those of `n`. */
static inline const char *bundle_id(unsigned n)
{
    static _Thread_local char id[MLOPS_BUNDLE_ID_SIZE];

    snprintf(id, sizeof(id), "sha256:%08x%056x", n, n);
    return id;
}

static inline void given_packaged(struct fixture *f, const char *model, unsigned n)
{
    struct transaction *tx = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_record(tx, bundle_id(n), model, 3, 1000, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
}

/* Package bundle `n` and register it; its version number. */
static inline uint64_t given_registered(struct fixture *f, const char *model, unsigned n)
{
    struct mlops_version version;
    bool created;

    given_packaged(f, model, n);
    assert_ok(f, mlops_register(f->registry, bundle_id(n), &version, &created, &f->err));
    assert_true(created);
    return version.number;
}

/* Put `ref` into `stage` on top of `expected`; the code of stage_push. */
static inline int promote_as(struct fixture *f, struct mlops_registry *registry, const char *ref,
                             const char *stage, uint64_t expected)
{
    struct transaction *tx = NULL;
    struct mlops_version version;
    int code;

    assert_ok(f, transaction_begin(registry, &tx, &f->err));
    assert_ok(f, version_resolve(tx, ref, &version, &f->err));
    code = stage_push(tx, &version, stage, expected, NULL, NULL, &f->err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, &f->err);
}

static inline int promote(struct fixture *f, const char *ref, const char *stage, uint64_t expected)
{
    return promote_as(f, f->registry, ref, stage, expected);
}

static inline int roll_back(struct fixture *f, const char *model, const char *stage,
                            uint64_t expected, uint64_t steps)
{
    struct transaction *tx = NULL;
    int code;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    code = stage_pop(tx, model, stage, expected, steps, "it was wrong", &f->err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, &f->err);
}

/* The version that `ref` names; 0 where it names none. */
static inline uint64_t number_of(struct fixture *f, const char *ref)
{
    struct mlops_version version;

    memset(&f->err, 0, sizeof(f->err));
    return mlops_version_resolve(f->registry, ref, &version, &f->err) ? 0 : version.number;
}

static inline char *in_registry(const struct fixture *f, const char *name)
{
    return xprintf("%s/.mlops/%s", f->folder, name);
}

/* Run SQL on the database behind mlops's back, as somebody with an editor might. */
static inline void tamper(struct fixture *f, const char *sql)
{
    char *path, *message = NULL;
    sqlite3 *db;

    if (f->url) {
        psql(f->url, sql);
        return;
    }
    path = in_registry(f, "registry.db");
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
    free(path);
}

/* What a SELECT of one integer gives. */
static inline int64_t ask(struct fixture *f, const char *sql)
{
    struct db_rows *rows = NULL;
    bool more;
    int64_t value;

    assert_ok(f, db_query_values(f->registry->db, &rows, &f->err, sql, &DB_END));
    assert_ok(f, db_step(rows, &more, &f->err));
    assert_true(more);
    value = db_i64(rows, 0);
    db_rows_close(rows);
    return value;
}

/* How long one of many processes stands in line for the others, however slow they are. */
#define IN_LINE_NS 250000000000LL

/* Wait for a child; its exit status, or 128 and the signal. */
static inline int wait_for(pid_t pid)
{
    int status;

    assert_int_equal(pid, waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
