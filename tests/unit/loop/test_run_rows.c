/* tests/unit/loop/test_run_rows.c - who may train, who holds a place, and who lost it. */
#include "session.h"

#include <mlops/retrain.h>

static const char *status_of(struct fixture *f, uint64_t run)
{
    static char status[32];
    struct mlops_retrain_run_list runs;
    *status = '\0';
    assert_ok(f, mlops_retrain_runs(f->registry, "fraud", &runs, &f->err));
    for (size_t i = 0; i < runs.count; i++)
        if (runs.items[i].run == run)
            str_copy(status, sizeof(status), runs.items[i].status);
    mlops_retrain_run_list_clear(&runs);
    return status;
}

static uint64_t count_entries(struct fixture *f)
{
    struct mlops_log log;
    uint64_t size;
    char root[65];
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    assert_ok(f, mlops_log_read(f->registry, &(struct mlops_log_filter){.model = "fraud"}, &log,
                                &f->err));
    mlops_log_clear(&log);
    return size;
}

static void a_run_holds_its_place_as_long_as_its_lease(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *why = NULL;
    given_registered(f, "fraud", 1);
    uint64_t first = begin_run(f, f->registry, NULL), entries = count_entries(f);
    assert_true(first > 0);
    assert_int_equal(0, begin_run(f, f->registry, &why));
    assert_non_null(strstr(
        why, "1 run already, at most 1 may; if one of them is dead, its place is free at 2"));
    assert_string_equal("running", status_of(f, first));
    change_rows(f, END_LEASE, first);
    assert_string_equal("lost", status_of(f, first));
    uint64_t second = begin_run(f, f->registry, NULL);
    assert_int_equal(entries + 2,
                     count_entries(f)); /* the end of the one, the beginning of the other */
    assert_true(second > first);
    assert_string_equal("lost", status_of(f, first));
    assert_string_equal("running", status_of(f, second));
}

static void a_lease_is_renewed_without_a_word_in_the_log(void **state)
{
    struct fixture *f = *state;
    bool kept = false;
    int64_t now_ns;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL), entries = count_entries(f);
    change_rows(f, END_LEASE, run); /* it is its own as long as nobody takes it */
    assert_ok(f, run_renew(f->registry, run, 5 * MINUTE_NS, &kept, &f->err));
    assert_true(kept);
    assert_ok(f, db_now_ns(registry_db(f->registry), &now_ns, &f->err));
    assert_true(lease_of(f, run) > 1 && lease_of(f, run) <= now_ns + 5 * MINUTE_NS);
    assert_int_equal(0, begin_run(f, f->registry, NULL));
    assert_int_equal(entries, count_entries(f));
}

static void who_lost_the_place_renews_nothing_and_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *other = open_as(f, "bob@host");
    struct mlops_version version, none = {.number = 0};
    bool kept = true, created;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    run_guard(f->registry, run, "fraud");
    given_packaged(f, "fraud", 2); /* as long as it has its place */
    change_rows(f, END_LEASE, run);
    uint64_t second = begin_run(f, other, NULL);
    assert_true(second > 0);
    assert_fails(f, MLOPS_CONFLICT,
                 mlops_register(f->registry, bundle_id(2), &version, &created, &f->err));
    assert_says(f, "of fraud was taken for dead, and lost its place: it ends here");
    assert_ok(f, mlops_version_resolve(f->registry, "fraud@1", &version, &f->err));
    assert_fails(f, MLOPS_CONFLICT,
                 run_end(f->registry, run, &version, &none, "failed", "", "{}", &f->err));
    run_guard(f->registry, 0, "");
    assert_ok(f, run_renew(f->registry, run, 5 * MINUTE_NS, &kept, &f->err));
    assert_false(kept);
    assert_string_equal("lost", status_of(f, run));
    assert_ok(f, run_renew(other, second, 5 * MINUTE_NS, &kept, &f->err));
    assert_true(kept);
    mlops_registry_close(other);
}

static void a_run_whose_process_is_gone_holds_nothing(void **state)
{
    struct fixture *f = *state;
    int status;
    given_registered(f, "fraud", 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mlops_registry *own = open_as(f, "carol@host");
        _exit(begin_run(f, own, NULL) > 0 ? 0 : 1);
    }
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_int_equal(0, status);
    assert_true(begin_run(f, f->registry, NULL) > 0);
}

static void a_run_of_an_older_mlops_holds_its_place_by_its_lease_alone(void **state)
{
    struct fixture *f = *state;
    static const char older[] =
        "INSERT INTO retrain_run (id, model, stage, reason, from_version, to_version, started_ns, "
        "ended_ns, lease_ns, status) VALUES (1000, 'fraud', 'production', 'by hand', 1, 0, 1, 0, "
        "$1, 'running')";
    given_registered(f, "fraud", 1);
    change_rows(f, older, INT64_MAX);
    assert_int_equal(0, begin_run(f, f->registry, NULL));
    change_rows(f, END_LEASE, 1000);
    assert_true(begin_run(f, f->registry, NULL) > 0);
    assert_string_equal("lost", status_of(f, 1000));
}

static void a_run_on_another_machine_holds_its_place_by_its_lease_alone(void **state)
{
    struct fixture *f = *state;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    change_rows(f,
                "UPDATE retrain_run SET holder = '1 1 00000000-0000-0000-0000-000000000000 "
                "pid:[1] time:[1]' WHERE id = $1",
                run);
    assert_int_equal(0, begin_run(f, f->registry, NULL));
    change_rows(f, END_LEASE, run);
    assert_true(begin_run(f, f->registry, NULL) > 0);
}

static void what_was_refused_took_no_place(void **state)
{
    struct fixture *f = *state;
    const struct triggers limits = {.at_most = 1, .cooldown_ns = 60 * MINUTE_NS};
    struct mlops_version from;
    uint64_t run = 0;
    char *why = NULL;
    bool kept = false;
    given_registered(f, "fraud", 1);
    uint64_t first = begin_run(f, f->registry, NULL), entries = count_entries(f);
    change_rows(f, END_LEASE, first);
    assert_ok(f, mlops_version_resolve(f->registry, "fraud@1", &from, &f->err));
    assert_ok(f, run_begin(f->registry,
                           &(struct run_begin){.limits = &limits,
                                               .from = &from,
                                               .stage = "production",
                                               .trigger = "drift",
                                               .lease_ns = MINUTE_NS},
                           &run, &why, &f->err));
    assert_string_equal("the last run was too short a while ago (cooldown)", why);
    free(why);
    assert_int_equal(entries, count_entries(f));
    assert_ok(f, run_renew(f->registry, first, MINUTE_NS, &kept, &f->err));
    assert_true(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(a_run_holds_its_place_as_long_as_its_lease),
        registry_test(a_lease_is_renewed_without_a_word_in_the_log),
        registry_test(who_lost_the_place_renews_nothing_and_writes_nothing),
        registry_test(a_run_whose_process_is_gone_holds_nothing),
        registry_test(a_run_of_an_older_mlops_holds_its_place_by_its_lease_alone),
        registry_test(a_run_on_another_machine_holds_its_place_by_its_lease_alone),
        registry_test(what_was_refused_took_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
