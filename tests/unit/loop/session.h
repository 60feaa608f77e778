/* tests/unit/loop/session.h - runs of a model `fraud` that has one version. */
#ifndef TEST_LOOP_SESSION_H
#define TEST_LOOP_SESSION_H
#include "registry/fixture.h"

#include "loop/run_rows.h"

#define MINUTE_NS 60000000000LL

/* Begin a run by hand, one at a time; its number, or 0 and `*why` (may be NULL) not. */
static inline uint64_t begin_run(struct fixture *f, struct mlops_registry *registry, char **why)
{
    const struct triggers limits = {.at_most = 1};
    struct mlops_version from;
    uint64_t run = 0;
    char *refused = NULL;
    assert_ok(f, mlops_version_resolve(registry, "fraud@1", &from, &f->err));
    assert_ok(f, run_begin(registry,
                           &(struct run_begin){.limits = &limits,
                                               .from = &from,
                                               .stage = "production",
                                               .trigger = "by hand",
                                               .lease_ns = 5 * MINUTE_NS,
                                               .by_hand = true},
                           &run, &refused, &f->err));
    assert_true(!run == !!refused);
    if (why)
        *why = refused;
    else
        free(refused);
    return run;
}

/* SQL of the test's own, as one transaction. */
static inline void change_rows(struct fixture *f, const char *sql, uint64_t number)
{
    struct db *db = registry_db(f->registry);
    assert_ok(f, db_begin(db, DB_WRITE, &f->err));
    assert_ok(f,
              db_exec_values(db, &f->err, sql, (const struct db_value[]){DB_I64(number), DB_END}));
    assert_ok(f, db_commit(db, &f->err));
}

static inline int64_t lease_of(struct fixture *f, uint64_t run)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    assert_ok(f, db_query(registry_db(f->registry), &rows, &f->err,
                          "SELECT lease_ns FROM retrain_run WHERE id = $1", DB_I64(run)));
    assert_ok(f, db_step(rows, &any, &f->err));
    assert_true(any);
    return db_i64(rows, 0);
}

#define END_LEASE "UPDATE retrain_run SET lease_ns = 1 WHERE id = $1"

#endif
