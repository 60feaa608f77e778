/* tests/unit/base/test_escape.c - names made fit for a terminal. */
#include "test.h"

#include "base/escape.h"

static void assert_escaped(const char *expected, const char *name)
{
    char *shown = escape_name(name);
    assert_string_equal(expected, shown);
    free(shown);
}

static void plain_names_stay_as_they_are(void **state)
{
    (void)state;
    assert_escaped("model/weights v2.bin", "model/weights v2.bin");
    assert_escaped("Größe/数据/🙂", "Größe/数据/🙂");
    assert_true(name_is_plain("Größe/数据/🙂"));
    assert_true(name_is_plain(""));
}

static void what_a_terminal_would_act_on_is_escaped(void **state)
{
    (void)state;
    assert_escaped("\\x1b[31mred\\x0a\\x7f", "\x1b[31mred\n\x7f");
    assert_escaped("a\\x5cb", "a\\b");
    assert_escaped("\\xc2\\x9b31m", "\xc2\x9b"
                                    "31m"); /* U+009B, the C1 control sequence introducer */
    assert_false(name_is_plain("\x1b"));
    assert_false(name_is_plain("a\nb"));
    assert_false(name_is_plain("\xc2\x9b"));
}

static void bytes_that_are_not_utf_8_are_escaped(void **state)
{
    (void)state;
    assert_escaped("caf\\xe9", "caf\xe9");
    assert_escaped("\\xed\\xa0\\x80", "\xed\xa0\x80"); /* a surrogate */
    assert_escaped("\\xc0\\xaf", "\xc0\xaf");          /* '/' in an overlong form */
    assert_escaped("\\xf0\\x9f", "\xf0\x9f");          /* cut off */
    assert_false(name_is_plain("caf\xe9"));
}

static void long_names_are_cut(void **state)
{
    char name[1001];
    (void)state;
    memset(name, 'x', 1000);
    name[1000] = '\0';
    char *shown = escape_name(name);
    assert_true(strlen(shown) < 210);
    assert_string_equal("…", shown + strlen(shown) - strlen("…"));
    free(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names_stay_as_they_are),
        cmocka_unit_test(what_a_terminal_would_act_on_is_escaped),
        cmocka_unit_test(bytes_that_are_not_utf_8_are_escaped),
        cmocka_unit_test(long_names_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
