/* tests/unit/quality/test_cell_key.c - when two cells are the same. */
#include "test.h"

#include "quality/snapshot_table.h"

static bool same(const char *a, const char *b, enum column_type type)
{
    _cleanup_(buffer_clear) struct buffer left = {0}, right = {0};
    cell_key((struct text_view){.data = a, .length = (uint32_t)strlen(a)}, false, type, &left);
    cell_key((struct text_view){.data = b, .length = (uint32_t)strlen(b)}, false, type, &right);
    return left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
}

static void numbers_are_the_same_by_value(void **state)
{
    (void)state;
    assert_true(same("1", "1.0", COLUMN_FLOAT));
    assert_true(same("1", "+01", COLUMN_INTEGER));
    assert_true(same("-0", "0", COLUMN_INTEGER));
    assert_true(same("1e3", "1000", COLUMN_FLOAT));
    assert_true(same("0.10", ".1", COLUMN_FLOAT));
    assert_false(same("1", "-1", COLUMN_INTEGER));
    assert_false(same("1", "1.5", COLUMN_FLOAT));
    assert_true(same("true", "True", COLUMN_BOOL));
    assert_true(same("true", "1", COLUMN_BOOL));
    /* a double would hold these two as one */
    assert_false(same("9007199254740993", "9007199254740992", COLUMN_INTEGER));
    assert_false(same("123456789012345678901", "123456789012345678902", COLUMN_INTEGER));
}

static void texts_are_the_same_byte_by_byte(void **state)
{
    (void)state;
    assert_false(same("01234", "1234", COLUMN_TEXT)); /* the code of a place */
    assert_false(same("a", "A", COLUMN_CATEGORY));
    assert_true(same("abc", "abc", COLUMN_INTEGER)); /* what is of no type, too */
    assert_true(same("2026-05-03", "2026-05-03T00:00:00Z", COLUMN_TIME));
    assert_false(same("2026-05-03", "2026-05-04", COLUMN_TIME));
}

static void nothing_and_an_empty_text_and_a_border_are_told_apart(void **state)
{
    _cleanup_(buffer_clear) struct buffer left = {0}, right = {0};
    (void)state;
    cell_key((struct text_view){.data = "a", .length = 1}, false, COLUMN_TEXT, &left);
    cell_key((struct text_view){.data = "bc", .length = 2}, false, COLUMN_TEXT, &left);
    cell_key((struct text_view){.data = "ab", .length = 2}, false, COLUMN_TEXT, &right);
    cell_key((struct text_view){.data = "c", .length = 1}, false, COLUMN_TEXT, &right);
    assert_int_equal(left.length, right.length);
    assert_memory_not_equal(left.data, right.data, left.length);
    buffer_reset(&left);
    buffer_reset(&right);
    cell_key((struct text_view){.data = "", .length = 0}, true, COLUMN_TEXT, &left);
    cell_key((struct text_view){.data = "", .length = 0}, false, COLUMN_TEXT, &right);
    assert_memory_not_equal(left.data, right.data, left.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_same_by_value),
        cmocka_unit_test(texts_are_the_same_byte_by_byte),
        cmocka_unit_test(nothing_and_an_empty_text_and_a_border_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
