/* tests/unit/trial/test_output.c - bytes from outside into text. */
#include "test.h"

#include "base/path.h"
#include "trial/output.h"

static void assert_cleaned(const char *wanted, const char *text, size_t length)
{
    char *clean = output_clean(text, length);
    assert_string_equal(wanted, clean);
    free(clean);
}

static void assert_tail(const char *wanted, const char *text, size_t max)
{
    char *tail = output_tail(text, strlen(text), max);
    assert_string_equal(wanted, tail);
    free(tail);
}

static void text_stays_as_it_is(void **state)
{
    (void)state;
    assert_cleaned("", "", 0);
    assert_cleaned("a\tb\n", "a\tb\n", 4);
    assert_cleaned("\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82",
                   9);
}

static void what_is_no_utf8_is_replaced_byte_by_byte(void **state)
{
    (void)state;
    assert_cleaned("a\xef\xbf\xbd"
                   "b",
                   "a\xff"
                   "b",
                   3);
    assert_cleaned("a\xef\xbf\xbd"
                   "b",
                   "a\0b", 3);
    assert_cleaned("\xef\xbf\xbd\xef\xbf\xbd", "\xe2\x82", 2);                 /* cut off */
    assert_cleaned("\xef\xbf\xbd\xef\xbf\xbd", "\xc0\x80", 2);                 /* overlong */
    assert_cleaned("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xed\xa0\x80", 3); /* a surrogate */
}

static void the_tail_begins_with_a_whole_line(void **state)
{
    (void)state;
    assert_tail("one\ntwo\n", "one\ntwo\n", 100);
    assert_tail("one\ntwo\n", "one\ntwo\n", 8);
    assert_tail("two\n", "one\ntwo\n", 7);
    assert_tail("two\n", "one\ntwo\n", 4);
    assert_tail("wo\n", "one\ntwo\n", 3); /* a line that is too long for it */
    assert_tail("", "one", 0);
}

static void a_long_line_is_cut_between_characters(void **state)
{
    (void)state;
    assert_tail("\xc3\xa9x", "\xc3\xa9\xc3\xa9\xc3\xa9x", 3);
    assert_tail("\xc3\xa9x", "\xc3\xa9\xc3\xa9\xc3\xa9x", 4);
}

static void whatever_comes_in_text_comes_out(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 2000; i++) {
        char bytes[48];
        size_t length = (size_t)i % sizeof(bytes);
        for (size_t j = 0; j < length; j++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            bytes[j] = (char)(seed >> 56);
        }
        char *tail = output_tail(bytes, length, (size_t)i % 31);
        assert_true(utf8_valid(tail, strlen(tail)));
        free(tail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_as_it_is),
        cmocka_unit_test(what_is_no_utf8_is_replaced_byte_by_byte),
        cmocka_unit_test(the_tail_begins_with_a_whole_line),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(whatever_comes_in_text_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
