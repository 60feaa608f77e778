/* Threads that stay: every item once, one piece of the work ahead at a time, and none forgotten. */
#include "base/crew.h"
#include "base/pool.h"
#include "test.h"
#include <stdatomic.h>
#include <time.h>

#define ITEMS 500
#define PIECES 60

struct fixture {
    atomic_int done[ITEMS];
    atomic_size_t workers_over; /* numbers that no worker may have */
    atomic_int ahead, at_once;  /* pieces done; threads within one */
    atomic_bool two;            /* were there ever two */
    int limit;                  /* pieces until there is nothing more to do */
    bool slow;
};

static void pause_ms(long ms)
{
    const struct timespec time = {0, ms * 1000000};
    (void)nanosleep(&time, NULL);
}

static bool do_ahead(void *context)
{
    struct fixture *f = context;
    if (atomic_fetch_add(&f->at_once, 1) > 0)
        f->two = true;
    if (f->slow)
        pause_ms(1);
    bool more = f->ahead < f->limit;
    if (more)
        f->ahead++;
    atomic_fetch_sub(&f->at_once, 1);
    return more;
}

static void do_item(void *context, size_t index, size_t worker)
{
    struct fixture *f = context;
    f->done[index]++;
    if (worker >= pool_threads())
        f->workers_over++;
}

static void run_rounds(struct fixture *f, int rounds)
{
    struct crew *crew = crew_new(do_ahead, f);
    for (int i = 1; i <= rounds; i++) {
        crew_run(crew, ITEMS, do_item, f);
        for (size_t j = 0; j < ITEMS; j++)
            assert_int_equal(f->done[j], i);
    }
    crew_run(crew, 0, do_item, f); /* of nothing */
    while (f->ahead < f->limit)
        crew_want(crew);
    f->limit += PIECES;
    crew_wake(crew);
    while (f->ahead < f->limit)
        crew_want(crew);
    crew_free(crew);
    assert_int_equal(f->ahead, f->limit);
    assert_int_equal(f->workers_over, 0);
    assert_false(f->two);
}

static void all_items_and_all_pieces(void **state)
{
    static const char *const threads[] = {"1", "2", "7"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
        struct fixture f = {.limit = PIECES};
        setenv("MLOPS_THREADS", threads[i], 1);
        run_rounds(&f, 200);
        f = (struct fixture){.limit = PIECES, .slow = true}; /* pieces last longer than rounds */
        run_rounds(&f, 20);
    }
    unsetenv("MLOPS_THREADS");
}

static void alone_the_caller_does_it_all(void **state)
{
    struct fixture f = {.limit = PIECES};
    (void)state;
    setenv("MLOPS_THREADS", "1", 1);
    struct crew *crew = crew_new(do_ahead, &f);
    crew_run(crew, ITEMS, do_item, &f);
    assert_int_equal(f.ahead, 0); /* nobody wanted it */
    crew_want(crew);
    assert_int_equal(f.ahead, 1);
    crew_free(crew);
    unsetenv("MLOPS_THREADS");
}

static void freed_while_at_work(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct fixture f = {.limit = INT32_MAX, .slow = true};
        crew_free(crew_new(do_ahead, &f));
        assert_int_equal(f.at_once, 0);
    }
    crew_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_items_and_all_pieces),
        cmocka_unit_test(alone_the_caller_does_it_all),
        cmocka_unit_test(freed_while_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
