/* tests/unit/loop/test_lease.c - a place is renewed beside whatever the run does, and is told of
 * when it is lost. What is waited for is a row or an answer, never a time. */
#include "session.h"

#include "base/clock.h"
#include "loop/lease.h"

#define LOOK_NS 5000000LL
#define SHORT_NS 500000000LL  /* is soon over */
#define LONG_NS 10000000000LL /* is not, however slow the machine */

static bool is_stopped(const struct mlops_registry *registry)
{
    const struct mlops_observer *observer = registry_observer(registry);
    return observer->cancelled && observer->cancelled(observer->context);
}

static void wait_for_renewal(struct fixture *f, uint64_t run)
{
    for (int64_t before = lease_of(f, run); lease_of(f, run) == before;)
        clock_sleep_ns(LOOK_NS);
}

static void a_place_is_renewed_until_the_end(void **state)
{
    struct fixture *f = *state;
    struct lease lease;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    assert_ok(f, lease_start(&lease, f->registry, run, LONG_NS, &f->err));
    wait_for_renewal(f, run);
    change_rows(f, END_LEASE, run);
    wait_for_renewal(f, run);
    assert_false(is_stopped(f->registry));
    assert_ok(f, lease_end(&lease, &f->err));
    assert_false(is_stopped(f->registry));
    int64_t last = lease_of(f, run);
    assert_ok(f, lease_end(&lease, &f->err)); /* once more is nothing */
    assert_int_equal(last, lease_of(f, run));
}

static void a_run_is_told_to_stop_once_its_place_is_lost(void **state)
{
    struct fixture *f = *state;
    struct lease lease;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    assert_ok(f, lease_start(&lease, f->registry, run, LONG_NS, &f->err));
    change_rows(f, "UPDATE retrain_run SET status = 'lost' WHERE id = $1", run);
    while (!is_stopped(f->registry))
        clock_sleep_ns(LOOK_NS);
    assert_ok(f, lease_end(&lease, &f->err)); /* the guard tells of it */
    assert_false(is_stopped(f->registry));    /* the handle serves on */
}

static void a_registry_out_of_reach_stops_a_run_when_its_lease_is_over(void **state)
{
    struct fixture *f = *state;
    struct lease lease;
    needs_sqlite(f);
    _cleanup_(free_string) char *here = path_join(f->folder, ".mlops");
    _cleanup_(free_string) char *away = path_join(f->folder, "away");
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    assert_int_equal(0, rename(here, away));
    assert_ok(f, lease_start(&lease, f->registry, run, SHORT_NS, &f->err));
    while (!is_stopped(f->registry))
        clock_sleep_ns(LOOK_NS);
    assert_int_equal(0, rename(away, here));
    assert_true(lease_end(&lease, &f->err) != MLOPS_OK);
    assert_says(f, "cannot renew its place");
}

static bool said_stop(void *context)
{
    return *(bool *)context;
}

static void a_user_who_says_stop_is_heard_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct lease lease;
    bool stop = false;
    given_registered(f, "fraud", 1);
    uint64_t run = begin_run(f, f->registry, NULL);
    const struct mlops_observer none = registry_observe(
        f->registry, (struct mlops_observer){.context = &stop, .cancelled = said_stop});
    assert_ok(f, lease_start(&lease, f->registry, run, 5 * MINUTE_NS, &f->err));
    assert_false(is_stopped(f->registry));
    stop = true;
    assert_true(is_stopped(f->registry));
    assert_ok(f, lease_end(&lease, &f->err));
    assert_ptr_equal(&stop, registry_observer(f->registry)->context);
    (void)registry_observe(f->registry, none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(a_place_is_renewed_until_the_end),
        registry_test(a_run_is_told_to_stop_once_its_place_is_lost),
        registry_test(a_registry_out_of_reach_stops_a_run_when_its_lease_is_over),
        registry_test(a_user_who_says_stop_is_heard_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
