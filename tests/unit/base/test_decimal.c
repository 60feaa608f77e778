/* tests/unit/base/test_decimal.c - digits and powers of ten at their bounds, and ties. */
#include "base/decimal.h"
#include "base/util.h"
#include "test.h"
#include <math.h>
#include <stdio.h>

static uint64_t next(uint64_t *seed) /* xorshift64, Marsaglia 2003 */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void is_as_strtod(uint64_t digits, long exponent)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%llue%ld", (unsigned long long)digits, exponent);
    double number = decimal_to_double(digits, exponent), expected = strtod(text, NULL);
    if (memcmp(&number, &expected, sizeof(number)) != 0)
        fail_msg("%s is %.17g and not %.17g", text, number, expected);
}

static void every_power_of_ten_is_read(void **state)
{
    static const uint64_t digits[] = {0,
                                      1,
                                      3,
                                      (1ULL << 53) - 1,
                                      1ULL << 53,
                                      (1ULL << 53) + 1,
                                      1ULL << 63,
                                      9999999999999999999ULL,
                                      10000000000000000000ULL,
                                      UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(digits); i++)
        for (long exponent = -400; exponent <= 400; exponent++)
            is_as_strtod(digits[i], exponent);
    assert_true(decimal_to_double(1, INT32_MAX) == INFINITY);
    assert_true(decimal_to_double(UINT64_MAX, INT32_MIN) == 0);
    assert_true(decimal_to_double(0, INT32_MAX) == 0);
}

/* digits × 10^exponent = (2m + 1) × 2^k where 2m + 1 has 54 bits: as 5^exponent divides it, or the
 * digits have 5^-exponent in them. */
static void ties_go_to_the_even_one(void **state)
{
    uint64_t seed = 1, five = 1;
    (void)state;
    for (long exponent = 0; exponent <= 23; exponent++, five *= 5) {
        for (int i = 0; i < 2000; i++) {
            uint64_t odd = (1ULL << 53 | next(&seed) >> 11) | 1;
            uint64_t multiple = odd / five | 1; /* by five^exponent it is odd, and nearly `odd` */
            for (int off = -1; off <= 1; off++)
                is_as_strtod(multiple + (uint64_t)off, exponent);
            if (exponent <= 4)
                for (int off = -1; off <= 1; off++)
                    is_as_strtod(odd * five + (uint64_t)off, -exponent);
        }
    }
    assert_true(decimal_to_double(9007199254740993, 0) == 9007199254740992);
    assert_true(decimal_to_double(9007199254740995, 0) == 9007199254740996);
    assert_true(decimal_to_double(90071992547409930, -1) == 9007199254740992);
    assert_true(decimal_to_double(90071992547409931, -1) == 9007199254740994);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_power_of_ten_is_read),
        cmocka_unit_test(ties_go_to_the_even_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
