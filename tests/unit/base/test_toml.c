/* tests/unit/base/test_toml.c - TOML's lines, lookups, refusals and limits. That all the rest of
 * the format is read as Python reads it is the matter of tests/interop/toml.py. */
#include "test.h"

#include "base/buffer.h"
#include "base/toml.h"

static void refuses(const char *text, size_t length, const char *message)
{
    struct mlops_error err = {0};
    struct toml_node *root = NULL;
    assert_int_equal(MLOPS_INVALID, toml_parse(text, length, "f", &root, &err));
    assert_null(root);
    assert_string_equal(message, err.message);
}
#define REFUSES(text, message) refuses(text, sizeof(text) - 1, message)

static void members_are_found_and_know_their_lines(void **state)
{
    static const char text[] = "a = 'x'\n\n[[p]]\nname = \"n\"\nlist = [1,\n 2]\n[p.s]\nt = true\n";
    struct mlops_error err = {0};
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    (void)state;
    assert_int_equal(0, toml_parse(text, sizeof(text) - 1, "f", &root, &err));
    assert_string_equal("x", toml_text(root, "a"));
    const struct toml_node *packages = toml_array(root, "p");
    assert_int_equal(1, packages->count);
    assert_int_equal(3, packages->items[0]->line);
    assert_int_equal(2, toml_array(packages->items[0], "list")->count);
    assert_int_equal(8, toml_get(toml_get(packages->items[0], "s"), "t")->line);
    assert_null(toml_get(root, "z"));
    assert_null(toml_text(root, "p"));
    assert_null(toml_array(toml_get(root, "z"), "p"));
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    (void)state;
    REFUSES("a = 1\na = 2\n", "f:2: 'a' is defined twice (first in line 1)");
    REFUSES("[a]\n[a]\n", "f:2: 'a' is defined twice (first in line 1)");
    REFUSES("[a.b]\n[a]\nb.c = 1\n", "f:3: 'b' is defined twice (first in line 1)");
    REFUSES("a = {b = 1}\n[a.c]\n", "f:2: 'a' is defined twice (first in line 1)");
    REFUSES("a = {b.c = 1, b.d = 2}\na.b.e = 1\n", "f:2: 'a' is defined twice (first in line 1)");
    REFUSES("a = 'x\n'", "f:1: a string has a control character or does not end");
    REFUSES("a = \"\\u0000\"", "f:1: an escape is of no character that can be read");
    REFUSES("a = \"\\ud800\"", "f:1: an escape is of no character that can be read");
    REFUSES("a = 9223372036854775808", "f:1: '9223372036854775808' is no value: texts stand in "
                                       "quotes");
    REFUSES("a = yes", "f:1: 'yes' is no value: texts stand in quotes");
    REFUSES("a = 1 b = 2", "f:1: something stands behind a value or a header");
    REFUSES("a = \xff", "f: not in UTF-8");
    REFUSES("a = 2023-02-29", "f:1: '2023-02-29' is no value: texts stand in quotes");
}

static void numbers_reach_to_the_ends_of_64_bits(void **state)
{
    static const char text[] = "a = -9223372036854775808\nb = 9223372036854775807\nc = 0xff_ff\n";
    struct mlops_error err = {0};
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    (void)state;
    assert_int_equal(0, toml_parse(text, sizeof(text) - 1, "f", &root, &err));
    assert_true(toml_get(root, "a")->integer == INT64_MIN);
    assert_true(toml_get(root, "b")->integer == INT64_MAX);
    assert_int_equal(65535, toml_get(root, "c")->integer);
}

static void deep_nesting_ends_in_an_error(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer text = {0};
    buffer_puts(&text, "a = ");
    for (int i = 0; i < 100000; i++)
        buffer_putc(&text, '[');
    refuses(text.data, text.length, "f:1: values lie more than 64 deep");
    buffer_reset(&text);
    for (int i = 0; i < 1000; i++)
        buffer_puts(&text, "a.");
    refuses(text.data, text.length, "f:1: a key has more than 64 parts");
}

/* An index keeps a table of many keys from taking the square of their number. */
static void a_table_may_have_many_keys(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (int i = 0; i < 200000; i++)
        buffer_printf(&text, "k%d=%d\n", i, i);
    assert_int_equal(0, toml_parse(text.data, text.length, "f", &root, &err));
    assert_int_equal(199999, toml_get(root, "k199999")->integer);
    assert_null(toml_get(root, "k200000"));
}

static void every_piece_of_a_document_is_read_or_refused(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf# c\n[[a.\"b\"]]\nc = {d = [1, \"\\u00e9\", '''\nx''']}\n"
        "e.f = 1979-05-27T07:32:00Z\r\n[a.b.g]\nh = -1_0.5e+3\n";
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        struct mlops_error err = {0};
        struct toml_node *root = NULL;
        char *copy = xmalloc(i + 1); /* exactly so long, for the sanitizer */
        memcpy(copy, text, i);
        if (toml_parse(copy, i, "f", &root, &err) == 0)
            toml_free(root);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_and_know_their_lines),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(numbers_reach_to_the_ends_of_64_bits),
        cmocka_unit_test(deep_nesting_ends_in_an_error),
        cmocka_unit_test(a_table_may_have_many_keys),
        cmocka_unit_test(every_piece_of_a_document_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
