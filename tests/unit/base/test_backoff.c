/* tests/unit/base/test_backoff.c - waits between attempts. */
#include "base/backoff.h"
#include "test.h"

static void waits_double_up_to_the_most_and_half_of_them_is_fixed(void **state)
{
    (void)state;
    static const int64_t most[] = {100, 200, 400, 800, 1000, 1000, 1000};
    for (uint64_t attempt = 1; attempt <= ARRAY_LENGTH(most); attempt++)
        for (int i = 0; i < 200; i++)
            assert_in_range(backoff_ns(100, 1000, attempt), most[attempt - 1] / 2,
                            most[attempt - 1]);
    assert_in_range(backoff_ns(100, INT64_MAX, UINT64_MAX), INT64_MAX / 2, INT64_MAX);
    assert_in_range(backoff_ns(5000, 1000, 1), 500, 1000);
}

static void two_clients_do_not_wait_alike(void **state)
{
    (void)state;
    const int64_t first_ns = backoff_ns(1000000000, 30000000000, 5);
    bool differ = false;
    for (int i = 0; i < 20; i++)
        differ = differ || backoff_ns(1000000000, 30000000000, 5) != first_ns;
    assert_true(differ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_most_and_half_of_them_is_fixed),
        cmocka_unit_test(two_clients_do_not_wait_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
