/* tests/unit/stats/test_radix.c - places in the order of their keys. */
#include "test.h"

#include "stats/radix.h"

enum { COUNT = 700 };

static void check(const uint64_t *keys, size_t count)
{
    static uint64_t order[COUNT], spare[COUNT];
    bool seen[COUNT] = {0};
    radix_order(keys, count, order, spare);
    for (size_t i = 0; i < count; i++) {
        assert_true(order[i] < count && !seen[order[i]]);
        seen[order[i]] = true;
        assert_true(i == 0 || keys[order[i - 1]] < keys[order[i]] ||
                    (keys[order[i - 1]] == keys[order[i]] && order[i - 1] < order[i]));
    }
}

/* What they share: nothing; the upper half, or all but it; all but a few bits. */
static void places_are_in_the_order_of_their_keys(void **state)
{
    static const uint64_t masks[] = {UINT64_MAX, UINT32_MAX,        0xffffffff00000000,
                                     0x7,        0x300000000000005, 0};
    uint64_t keys[COUNT], seed = 1;
    (void)state;
    for (size_t mask = 0; mask < ARRAY_LENGTH(masks); mask++)
        for (size_t count = 0; count <= COUNT; count += count < 5 ? 1 : 139) {
            for (size_t i = 0; i < count; i++) {
                seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
                keys[i] = (seed ^ seed >> 32) & masks[mask];
            }
            check(keys, count);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places_are_in_the_order_of_their_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
