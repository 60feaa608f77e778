/* Items through stages: order where it is asked for, errors, the end. */
#include "test.h"

#include "base/pipeline.h"
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum { LANES = 3, ITEMS = 7, COUNT = 2000, SIDE = 5000, SIDE_RUN = 64 };

struct lane {
    int next;                  /* number that the first stage gives */
    int ordered[COUNT], count; /* as the serial stage in the middle saw them */
    atomic_int inside;         /* in the serial stage at once */
};

struct work {
    struct lane lanes[LANES];
    bool ended[LANES];
    atomic_int finished; /* through the last stage */
    int fail_at;         /* number at which the middle of the first lane fails, -1: none */
    atomic_bool early;   /* the last stage saw what the middle had not */
    int ticks, ticks_max;
    size_t lane_count, side_count, side_fails_at;
    atomic_size_t waits;
    int side[SIDE]; /* 100 and the worker, for each time that it was done */
};

struct item {
    int lane, number;
    bool seen;
};

static int begin(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct work *work = context;
    struct item *next = item;
    struct lane *lane = &work->lanes[next->lane];
    (void)worker, (void)err;
    if (lane->next == COUNT) {
        work->ended[next->lane] = true;
        return MLOPS_OK;
    }
    *next = (struct item){.lane = next->lane, .number = lane->next++};
    return MLOPS_OK;
}

static int shuffle(void *context, void *item, size_t worker, struct mlops_error *err)
{
    (void)context, (void)worker, (void)err;
    for (int i = 0; i < ((struct item *)item)->number % 5; i++)
        (void)sched_yield();
    return MLOPS_OK;
}

static int order(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct work *work = context;
    struct item *next = item;
    struct lane *lane = &work->lanes[next->lane];
    (void)worker;
    if (++lane->inside != 1)
        return mlops_fail(err, MLOPS_INTEGRITY, "two at once");
    lane->inside--;
    if (next->lane == 0 && next->number == work->fail_at)
        return mlops_fail(err, MLOPS_INVALID, "number %d", next->number);
    next->seen = true;
    lane->ordered[lane->count++] = next->number;
    return MLOPS_OK;
}

static int finish(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct work *work = context;
    (void)worker, (void)err;
    if (!((struct item *)item)->seen)
        work->early = true;
    work->finished++;
    return MLOPS_OK;
}

static int beside(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct work *work = context;
    if (index == work->side_fails_at)
        return mlops_fail(err, MLOPS_INVALID, "beside %zu", index);
    work->side[index] += 100 + (int)worker;
    return MLOPS_OK;
}

static int tick(void *context, struct mlops_error *err)
{
    struct work *work = context;
    return ++work->ticks > work->ticks_max ? mlops_fail(err, MLOPS_CANCELLED, "stopped") : MLOPS_OK;
}

static int run(struct work *work, struct mlops_error *err)
{
    static const struct pipeline_stage stages[] = {{.serial = true, .run = begin},
                                                   {.run = shuffle},
                                                   {.serial = true, .run = order},
                                                   {.run = finish}};
    struct item memory[LANES * ITEMS];
    void *items[LANES * ITEMS];
    for (int i = 0; i < LANES * ITEMS; i++) {
        memory[i].lane = i / ITEMS;
        items[i] = &memory[i];
    }
    const struct pipeline pipeline = {.stages = stages,
                                      .stage_count = ARRAY_LENGTH(stages),
                                      .lane_count = work->lane_count,
                                      .items = items,
                                      .item_count = work->lane_count * ITEMS,
                                      .ended = work->ended,
                                      .side = beside,
                                      .side_count = work->side_count,
                                      .side_run = SIDE_RUN,
                                      .waits = &work->waits,
                                      .tick = tick,
                                      .context = work};
    return pipeline_run(&pipeline, err);
}

static void every_item_passes_every_stage_in_order(void **state)
{
    (void)state;
    static const char *const threads[] = {"1", "2", "8"};
    for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
        struct work work = {.fail_at = -1, .ticks_max = 1000000, .lane_count = LANES};
        struct mlops_error err = {0};
        setenv("MLOPS_THREADS", threads[i], 1);
        assert_int_equal(MLOPS_OK, run(&work, &err));
        assert_int_equal(LANES * COUNT, work.finished);
        assert_false(work.early);
        for (int lane = 0; lane < LANES; lane++) {
            assert_int_equal(COUNT, work.lanes[lane].count);
            for (int j = 0; j < COUNT; j++)
                assert_int_equal(j, work.lanes[lane].ordered[j]);
        }
    }
    unsetenv("MLOPS_THREADS");
}

/* The first stage of the only lane, which lasts until somebody has found nothing to do. */
static int begin_once_others_wait(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct work *work = context;
    (void)item, (void)worker;
    for (int i = 0; work->waits == 0; i++) {
        if (i == 60000)
            return mlops_fail(err, MLOPS_IO, "nobody waits");
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    work->ended[0] = true;
    return MLOPS_OK;
}

static void who_finds_nothing_to_do_is_counted(void **state)
{
    (void)state;
    static const struct pipeline_stage stages[] = {{.serial = true, .run = begin_once_others_wait}};
    struct work work = {.waits = 0};
    struct item memory = {0};
    struct mlops_error err = {0};
    const struct pipeline pipeline = {.stages = stages,
                                      .stage_count = 1,
                                      .lane_count = 1,
                                      .items = (void *[]){&memory},
                                      .item_count = 1,
                                      .ended = work.ended,
                                      .waits = &work.waits,
                                      .context = &work};
    setenv("MLOPS_THREADS", "2", 1);
    assert_int_equal(MLOPS_OK, pipeline_run(&pipeline, &err));
    unsetenv("MLOPS_THREADS");
}

static void one_alone_always_finds_something_to_do(void **state)
{
    (void)state;
    struct work work = {.fail_at = -1, .ticks_max = 1000000, .lane_count = LANES};
    struct mlops_error err = {0};
    setenv("MLOPS_THREADS", "1", 1);
    assert_int_equal(MLOPS_OK, run(&work, &err));
    assert_int_equal(0, work.waits);
    unsetenv("MLOPS_THREADS");
}

static void the_earliest_failure_ends_it(void **state)
{
    (void)state;
    struct work work = {.fail_at = 700, .ticks_max = 1000000, .lane_count = LANES};
    struct mlops_error err = {0};
    setenv("MLOPS_THREADS", "4", 1);
    assert_int_equal(MLOPS_INVALID, run(&work, &err));
    assert_string_equal("number 700", err.message);
    assert_int_equal(700, work.lanes[0].count);
    unsetenv("MLOPS_THREADS");
}

static int never_end(void *context, void *item, size_t worker, struct mlops_error *err)
{
    (void)context, (void)item, (void)worker, (void)err;
    return MLOPS_OK;
}

static void the_caller_can_stop_it(void **state)
{
    (void)state;
    static const struct pipeline_stage stages[] = {{.serial = true, .run = never_end}};
    struct work work = {.ticks_max = 2};
    struct item memory = {0};
    struct mlops_error err = {0};
    const struct pipeline pipeline = {.stages = stages,
                                      .stage_count = 1,
                                      .lane_count = 1,
                                      .items = (void *[]){&memory},
                                      .item_count = 1,
                                      .ended = work.ended,
                                      .tick = tick,
                                      .context = &work};
    assert_int_equal(MLOPS_CANCELLED, pipeline_run(&pipeline, &err));
    assert_string_equal("stopped", err.message);
}

/* All of it once, whether there are lanes or none, and however many threads. */
static void side_work_is_done_beside_the_lanes(void **state)
{
    (void)state;
    static const char *const threads[] = {"1", "2", "8"};
    for (size_t i = 0; i < ARRAY_LENGTH(threads) * 2; i++) {
        struct work work = {.fail_at = -1,
                            .ticks_max = 1000000,
                            .lane_count = i % 2 ? LANES : 0,
                            .side_count = SIDE,
                            .side_fails_at = SIDE};
        struct mlops_error err = {0};
        setenv("MLOPS_THREADS", threads[i / 2], 1);
        assert_int_equal(MLOPS_OK, run(&work, &err));
        assert_int_equal(i % 2 ? LANES * COUNT : 0, work.finished);
        for (size_t j = 0; j < SIDE; j++) {
            assert_in_range(work.side[j], 100, 107);
            assert_int_equal(work.side[j - j % SIDE_RUN], work.side[j]); /* neighbours */
        }
    }
    unsetenv("MLOPS_THREADS");
}

static void a_failure_in_side_work_ends_it(void **state)
{
    (void)state;
    struct work work = {.fail_at = -1,
                        .ticks_max = 1000000,
                        .lane_count = LANES,
                        .side_count = SIDE,
                        .side_fails_at = 100};
    struct mlops_error err = {0};
    setenv("MLOPS_THREADS", "1", 1); /* of two, one could do all the rest beside the failure */
    assert_int_equal(MLOPS_INVALID, run(&work, &err));
    assert_string_equal("beside 100", err.message);
    assert_int_equal(0, work.side[101]);
    unsetenv("MLOPS_THREADS");
}

static void nothing_at_all_is_done_at_once(void **state)
{
    (void)state;
    struct work work = {.fail_at = -1, .ticks_max = 1000000};
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_OK, run(&work, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(side_work_is_done_beside_the_lanes),
        cmocka_unit_test(a_failure_in_side_work_ends_it),
        cmocka_unit_test(nothing_at_all_is_done_at_once),
        cmocka_unit_test(every_item_passes_every_stage_in_order),
        cmocka_unit_test(who_finds_nothing_to_do_is_counted),
        cmocka_unit_test(one_alone_always_finds_something_to_do),
        cmocka_unit_test(the_earliest_failure_ends_it),
        cmocka_unit_test(the_caller_can_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
