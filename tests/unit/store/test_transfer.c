/* tests/unit/store/test_transfer.c - items fetched side by side and taken in order. */
#include "test.h"

#include "base/clock.h"
#include "store/transfer.h"
#include <stdatomic.h>

#define ITEMS 40
#define THREADS 6

struct made {
    atomic_size_t begun, under_way, most;
    size_t taken;         /* so many, in order */
    size_t fails;         /* this item; ITEMS: none */
    size_t enough;        /* taking this one fails; ITEMS: none */
    int ticks, ticks_max; /* fails then; 0: never */
    atomic_bool stopped;
};

/* For a minute at most. */
static void wait_until(const struct made *made, bool (*is_so)(const struct made *made))
{
    for (int i = 0; i < 60000 && !is_so(made); i++)
        clock_sleep_ns(1000000);
}

static bool two_were_under_way(const struct made *made)
{
    return made->most >= 2;
}

static bool all_before_the_failure_began(const struct made *made)
{
    return made->begun > made->fails;
}

static bool is_stopped(const struct made *made)
{
    return made->stopped;
}

static int work(void *context, size_t index, struct mlops_error *err)
{
    struct made *made = context;
    size_t now = ++made->under_way, most = made->most;
    made->begun++;
    while (now > most && !atomic_compare_exchange_weak(&made->most, &most, now)) {
    }
    if (made->ticks_max)
        wait_until(made, is_stopped);
    else if (index == made->fails)
        wait_until(made, all_before_the_failure_began);
    else if (index == 0)
        wait_until(made, two_were_under_way);
    else
        clock_sleep_ns(20000000);
    made->under_way--;
    return index == made->fails ? mlops_fail(err, MLOPS_REFUSED, "item %zu", index) : MLOPS_OK;
}

static int take(void *context, size_t index, struct mlops_error *err)
{
    struct made *made = context;
    assert_int_equal(made->taken, index);
    made->taken++;
    return index == made->enough ? mlops_fail(err, MLOPS_CONFLICT, "enough") : MLOPS_OK;
}

static int tick(void *context, struct mlops_error *err)
{
    struct made *made = context;
    made->ticks++;
    return made->ticks_max && made->ticks == made->ticks_max
               ? mlops_fail(err, MLOPS_CANCELLED, "stopped")
               : MLOPS_OK;
}

static void stop(void *context)
{
    struct made *made = context;
    made->stopped = true;
}

static int run(struct made *made, size_t count, struct mlops_error *err)
{
    const struct transfer_job job = {.count = count,
                                     .threads = THREADS,
                                     .work = work,
                                     .take = take,
                                     .tick = tick,
                                     .stop = stop,
                                     .context = made};
    return transfers_run(&job, err);
}

static void all_are_taken_in_order_and_few_are_under_way(void **state)
{
    struct made made = {.fails = ITEMS, .enough = ITEMS};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(0, run(&made, ITEMS, &err));
    assert_int_equal(ITEMS, made.taken);
    assert_in_range(made.most, 2, THREADS);
    assert_false(made.stopped);
}

static void no_items_are_no_work(void **state)
{
    struct made made = {.fails = ITEMS, .enough = ITEMS};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(0, run(&made, 0, &err));
    assert_int_equal(0, made.begun);
}

static void a_failure_ends_it_and_is_the_one_that_is_told(void **state)
{
    struct made made = {.fails = 7, .enough = ITEMS};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_REFUSED, run(&made, ITEMS, &err));
    assert_string_equal("item 7", err.message);
    assert_in_range(made.begun, 8, 7 + 2 * THREADS);
    assert_int_equal(0, made.under_way);
    assert_true(made.stopped);
}

static void taking_may_fail_too(void **state)
{
    struct made made = {.fails = ITEMS, .enough = 3};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_CONFLICT, run(&made, ITEMS, &err));
    assert_int_equal(4, made.taken);
    assert_int_equal(0, made.under_way);
}

static void whoever_waits_may_say_stop(void **state)
{
    struct made made = {.fails = ITEMS, .enough = ITEMS, .ticks_max = 2};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_CANCELLED, run(&made, ITEMS, &err));
    assert_int_equal(0, made.taken);
    assert_int_equal(0, made.under_way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_taken_in_order_and_few_are_under_way),
        cmocka_unit_test(no_items_are_no_work),
        cmocka_unit_test(a_failure_ends_it_and_is_the_one_that_is_told),
        cmocka_unit_test(taking_may_fail_too),
        cmocka_unit_test(whoever_waits_may_say_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
