/* tests/unit/store/test_index.c - packs that come and go, and copies that come last. */
#include "store/beside.h"

#include <pthread.h>
#include <stdio.h>

static bool find(struct fixture *f, const char *text, struct location *location)
{
    struct digest digest;
    sha256_of(text, strlen(text), &digest);
    return index_find(f->store->index, &digest, location);
}

static void refresh(struct fixture *f)
{
    assert_int_equal(0, index_refresh(f->store->index, f->store->backend, &f->err));
}

static void remove_pack(struct fixture *f, const char *name)
{
    assert_int_equal(0, f->store->backend->remove(f->store->backend, name, &f->err));
}

static void a_pack_that_went_is_forgotten_and_can_come_back(void **state)
{
    struct fixture *f = *state;
    struct location location, other;
    put_beside(f, (const char *const[]){"one"}, 1);
    put_beside(f, (const char *const[]){"two"}, 1);
    refresh(f);
    assert_true(find(f, "one", &location));
    assert_true(find(f, "two", &other));
    remove_pack(f, location.pack);
    refresh(f);
    assert_string_equal(".pack", location.pack + 64); /* the name can still be read */
    assert_false(find(f, "one", &location));
    assert_true(find(f, "two", &other));
    put_beside(f, (const char *const[]){"one"}, 1);
    refresh(f);
    assert_true(find(f, "one", &location));
}

static void another_copy_takes_the_place_of_one_that_went(void **state)
{
    struct fixture *f = *state;
    struct location location, again;
    put_beside(f, (const char *const[]){"both", "one"}, 2);
    put_beside(f, (const char *const[]){"both", "two"}, 2);
    refresh(f);
    for (int i = 0; i < 2; i++) {
        assert_true(find(f, "both", &location));
        remove_pack(f, location.pack);
        refresh(f);
        assert_int_equal(i == 0, find(f, "both", &again));
    }
}

static void shunned_packs_come_last(void **state)
{
    struct fixture *f = *state;
    struct location location, again;
    put_beside(f, (const char *const[]){"both", "one"}, 2);
    put_beside(f, (const char *const[]){"both", "two"}, 2);
    refresh(f);
    for (int i = 0; i < 4; i++) {
        assert_true(find(f, "both", &location));
        char *shunned[] = {(char *)(uintptr_t)location.pack};
        index_shun(f->store->index, shunned, 1);
        assert_true(find(f, "both", &again));
        assert_string_not_equal(location.pack, again.pack);
        assert_true(find(f, "one", &again)); /* there is no other */
        assert_true(find(f, "two", &again));
    }
    char *all[2] = {0};
    find(f, "one", &location);
    all[0] = (char *)(uintptr_t)location.pack;
    find(f, "two", &location);
    all[1] = (char *)(uintptr_t)location.pack;
    index_shun(f->store->index, all, 2);
    assert_true(find(f, "both", &location));
}

static void *look_up(void *argument)
{
    struct fixture *f = argument;
    struct location location;
    bool found = true;
    for (int i = 0; i < 20000; i++)
        found &= find(f, "kept", &location) && strlen(location.pack) == 69;
    return found ? f : NULL;
}

static void lookups_go_on_while_packs_come_and_go(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[2];
    put_beside(f, (const char *const[]){"kept"}, 1);
    refresh(f);
    for (int i = 0; i < 2; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, look_up, f));
    for (int i = 0; i < 20; i++) {
        struct location location;
        char text[24];
        snprintf(text, sizeof(text), "text %d", i);
        put_beside(f, (const char *const[]){text}, 1);
        refresh(f);
        /* while the packs were aside, a refresh would have dropped them: there was none */
        assert_true(find(f, text, &location));
        remove_pack(f, location.pack);
        refresh(f);
        assert_false(find(f, text, &location));
    }
    for (int i = 0; i < 2; i++) {
        void *result;
        assert_int_equal(0, pthread_join(threads[i], &result));
        assert_non_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pack_that_went_is_forgotten_and_can_come_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_copy_takes_the_place_of_one_that_went, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(shunned_packs_come_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lookups_go_on_while_packs_come_and_go, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
