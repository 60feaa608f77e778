/* CRC-32C: known answers, with the processor's instruction and without. */
#include "test.h"

#include "base/crc32c.h"

static void is_both_ways(uint32_t expected, const void *data, size_t length)
{
    assert_int_equal(expected, crc32c(data, length));
    assert_int_equal(expected, crc32c_portable(data, length));
}

/* RFC 3720 B.4, whose bytes are in network order of the register's; and the check value of the
 * catalogue of CRCs (CRC-32/ISCSI). */
static void published_values_are_given(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    is_both_ways(0x8A9136AA, bytes, sizeof(bytes));
    memset(bytes, 0xFF, sizeof(bytes));
    is_both_ways(0x62A8AB43, bytes, sizeof(bytes));
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    is_both_ways(0x46DD794E, bytes, sizeof(bytes));
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    is_both_ways(0x113FDB5C, bytes, sizeof(bytes));
    is_both_ways(0xE3069283, "123456789", 9);
    is_both_ways(0, "", 0);
}

static void both_ways_agree_at_every_length_and_place(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * i * 7 + i / 3);
    for (size_t from = 0; from < 9; from++)
        for (size_t length = 0; from + length <= sizeof(bytes); length++)
            assert_int_equal(crc32c_portable(bytes + from, length), crc32c(bytes + from, length));
}

static void parts_give_what_the_whole_gives(void **state)
{
    (void)state;
    uint8_t bytes[9000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * i * 11 + i / 5);
    for (size_t at = 0; at <= sizeof(bytes); at += 333) {
        uint32_t begin = crc32c_more(0, bytes, at);
        assert_int_equal(crc32c(bytes, at), begin);
        assert_int_equal(crc32c(bytes, sizeof(bytes)),
                         crc32c_more(begin, bytes + at, sizeof(bytes) - at));
    }
}

/* Long ones are done in three stretches side by side. */
static void both_ways_agree_where_it_is_long(void **state)
{
    (void)state;
    const size_t lengths[] = {6143, 6144, 6145, 12287, 12288, 12299, 50000};
    uint8_t *bytes = xmalloc(50008);
    uint32_t x = 2463534242; /* Marsaglia's xorshift32 */
    for (size_t i = 0; i < 50008; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        bytes[i] = (uint8_t)x;
    }
    for (size_t from = 0; from < 8; from++)
        for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++)
            assert_int_equal(crc32c_portable(bytes + from, lengths[i]),
                             crc32c(bytes + from, lengths[i]));
    free(bytes);
}

static void every_flipped_bit_shows(void **state)
{
    (void)state;
    uint8_t bytes[300] = "what is stored";
    uint32_t sound = crc32c(bytes, sizeof(bytes));
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(sound, crc32c(bytes, sizeof(bytes)));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_are_given),
        cmocka_unit_test(both_ways_agree_at_every_length_and_place),
        cmocka_unit_test(parts_give_what_the_whole_gives),
        cmocka_unit_test(both_ways_agree_where_it_is_long),
        cmocka_unit_test(every_flipped_bit_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
