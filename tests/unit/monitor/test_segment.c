/* tests/unit/monitor/test_segment.c - raw lines packed by columns come back byte by byte. */
#include "test.h"

#include "monitor/segment.h"
#include <stdio.h>
#include <zstd.h>

static void check(const char *text, size_t length)
{
    struct mlops_error err;
    _cleanup_(buffer_clear) struct buffer packed = {0}, back = {0};
    size_t used;
    segment_pack(text, length, &packed);
    size_t one = packed.length;
    segment_pack(text, length, &packed); /* another piece behind it is left alone */
    assert_int_equal(0, segment_unpack(packed.data, packed.length, &used, &back, &err));
    assert_int_equal(one, used);
    assert_int_equal(length, back.length);
    assert_memory_equal(text, back.data ? back.data : "", length);
}

static void check_text(const char *text)
{
    check(text, strlen(text));
}

static void any_lines_come_back_byte_by_byte(void **state)
{
    (void)state;
    check_text("\n");
    check_text("{\"a\":1,\"b\":2}");
    check_text("{\"a\":1}\n\n\r\n,,,::\n{\"a\":\"x,y:z\"}\nno end");
    check("a\0b,\xff\n\0\n", 8);
    check("", 0);
}

/* Numbers that must not come back in another spelling. */
static void numbers_keep_their_spelling(void **state)
{
    static const char *const numbers[] = {"0",
                                          "-0",
                                          "00",
                                          "007",
                                          "1.50",
                                          "-0.0",
                                          "-0.25",
                                          "1e-05",
                                          "1.",
                                          ".5",
                                          "-",
                                          "+1",
                                          "123456789012345678",
                                          "1234567890123456789",
                                          "null",
                                          "NaN",
                                          "-1.7",
                                          "1.7E3",
                                          "0.0001",
                                          "-99.99",
                                          "1..2",
                                          "1.2.3",
                                          "0.000000000000000001",
                                          "9.999999"};
    _cleanup_(buffer_clear) struct buffer text = {0};
    (void)state;
    for (int i = 0; i < 3000; i++) /* few of the odd ones among many */
        buffer_printf(&text, "{\"f\":%s,\"t\":%d.%03d,\"g\":%d.%d,\"n\":%d}\n",
                      i % 7 ? "12.5" : numbers[(size_t)i / 7 % ARRAY_LENGTH(numbers)],
                      1777802400 + i / 9, i % 1000, i * 7919 % 1000 - 500, i % 1000, i * i);
    check(text.data, text.length);
    for (int i = 0; i < 3000; i++)
        buffer_printf(&text, "%d.%04d%s\n", i * 7919 % 1000 - 500, i * 31 % 10000,
                      i % 19 ? "" : numbers[(size_t)i % ARRAY_LENGTH(numbers)]);
    check(text.data, text.length);
}

static void lines_of_many_cells_and_long_ones_come_back(void **state)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    (void)state;
    for (int line = 0; line < 300; line++) {
        for (int i = 0; i < 2 * SEGMENT_COLUMNS_MAX + line % 5; i++)
            buffer_printf(&text, "%d,", i % 7 ? i * line : i);
        buffer_putc(&text, '\n');
    }
    check(text.data, text.length);
}

static void events_become_much_shorter(void **state)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, packed = {0};
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        buffer_printf(&text,
                      "{\"time\":%d.%03d,\"id\":\"t%08d\",\"features\":{\"amount\":%d.%02d,"
                      "\"city\":\"%s\",\"age\":%d}}\n",
                      1777802400 + i / 200, i % 200 * 5, i, (int)(seed >> 52),
                      (int)(seed >> 40 & 63), seed >> 62 ? "berlin" : "paris",
                      18 + (int)(seed >> 58));
    }
    segment_pack(text.data, text.length, &packed);
    assert_true(packed.length < text.length / 10);
    check(text.data, text.length);
}

static void frames_of_the_first_format_are_read(void **state)
{
    static const char text[] = "{\"a\":1}\n{\"a\":2}\n";
    struct mlops_error err;
    _cleanup_(buffer_clear) struct buffer back = {0};
    char frame[200];
    size_t used, length = ZSTD_compress(frame, sizeof(frame), text, strlen(text), 1);
    (void)state;
    assert_int_equal(0, segment_unpack(frame, length, &used, &back, &err));
    assert_int_equal(length, used);
    assert_int_equal(strlen(text), back.length);
    assert_memory_equal(text, back.data, back.length);
}

/* Each must end, within memory; what comes back of some is another text. */
static void damaged_segments_are_refused(void **state)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, packed = {0}, back = {0};
    struct mlops_error err;
    size_t used;
    (void)state;
    for (int i = 0; i < 400; i++)
        buffer_printf(&text, "{\"a\":%d.%d,\"b\":\"%c\",\"c\":\"x%d\"}\n", i * i, i % 100,
                      'a' + i % 3, i);
    segment_pack(text.data, text.length, &packed);
    for (size_t length = 0; length < packed.length; length++)
        assert_int_equal(MLOPS_INTEGRITY, segment_unpack(packed.data, length, &used, &back, &err));
    for (size_t i = 0; i < packed.length; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            packed.data[i] = (char)(packed.data[i] ^ 1 << bit);
            (void)segment_unpack(packed.data, packed.length, &used, &back, &err);
            packed.data[i] = (char)(packed.data[i] ^ 1 << bit);
        }
    packed.data[3] = 3;
    assert_int_equal(MLOPS_INTEGRITY,
                     segment_unpack(packed.data, packed.length, &used, &back, &err));
    assert_non_null(strstr(err.message, "another mlops"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_lines_come_back_byte_by_byte),
        cmocka_unit_test(numbers_keep_their_spelling),
        cmocka_unit_test(lines_of_many_cells_and_long_ones_come_back),
        cmocka_unit_test(events_become_much_shorter),
        cmocka_unit_test(frames_of_the_first_format_are_read),
        cmocka_unit_test(damaged_segments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
