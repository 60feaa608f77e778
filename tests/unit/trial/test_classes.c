/* tests/unit/trial/test_classes.c - names of classes to numbers. */
#include "test.h"

#include "trial/classes.h"
#include <stdio.h>

static struct text_view view(const char *text)
{
    return (struct text_view){.data = text, .length = (uint32_t)strlen(text)};
}

static uint32_t number(struct classes *classes, const char *text)
{
    struct mlops_error err = {0};
    uint32_t number;
    assert_int_equal(0, classes_number(classes, view(text), &number, &err));
    return number;
}

static void spellings_of_one_value_are_one_class(void **state)
{
    (void)state;
    _cleanup_(classes_free_ptr) struct classes *classes = classes_new();
    assert_int_equal(0, number(classes, "1"));
    assert_int_equal(0, number(classes, "1.0"));
    assert_int_equal(0, number(classes, "TRUE"));
    assert_int_equal(1, number(classes, "0"));
    assert_int_equal(1, number(classes, "-0"));
    assert_int_equal(1, number(classes, "False"));
    assert_int_equal(2, number(classes, "one"));
    assert_int_equal(3, number(classes, "One"));
    assert_int_equal(4, number(classes, "inf")); /* text: no finite number */
    assert_int_equal(0, number(classes, "1"));
    assert_int_equal(5, classes_count(classes));
    assert_string_equal("1", classes_name(classes, 0));
    assert_string_equal("One", classes_name(classes, 3));
}

static void names_with_nul_bytes_are_told_apart(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(classes_free_ptr) struct classes *classes = classes_new();
    uint32_t a, b, c;
    assert_int_equal(0, classes_number(classes, (struct text_view){"x\0a", 3}, &a, &err));
    assert_int_equal(0, classes_number(classes, (struct text_view){"x\0b", 3}, &b, &err));
    assert_int_equal(0, classes_number(classes, (struct text_view){"x\0a", 3}, &c, &err));
    assert_int_not_equal(a, b);
    assert_int_equal(a, c);
}

static void there_are_as_many_classes_as_can_be_counted_and_no_more(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(classes_free_ptr) struct classes *classes = classes_new();
    char text[32];
    uint32_t ignored;
    for (int i = 0; i < CLASSES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "class %d", i);
        assert_int_equal(i, number(classes, text));
    }
    for (int i = 0; i < CLASSES_MAX; i += 1000) {
        (void)snprintf(text, sizeof(text), "class %d", i);
        assert_int_equal(i, number(classes, text));
    }
    assert_int_equal(MLOPS_INVALID, classes_number(classes, view("one more"), &ignored, &err));
    assert_string_equal("there are more than 65536 classes", err.message);
}

static void names_in_messages_are_short_and_text(void **state)
{
    (void)state;
    _cleanup_(classes_free_ptr) struct classes *classes = classes_new();
    char text[101];
    memset(text, 'x', 100);
    text[100] = '\0';
    number(classes, text);
    number(classes, "\xff");
    assert_int_equal(40, strlen(classes_name(classes, 0)));
    assert_string_equal("\xef\xbf\xbd", classes_name(classes, 1));
}

static struct binary_classes binary(const char *first, const char *second)
{
    struct mlops_error err = {0};
    struct binary_classes binary;
    _cleanup_(classes_free_ptr) struct classes *classes = classes_new();
    number(classes, first);
    if (second)
        number(classes, second);
    assert_int_equal(0, classes_binary(classes, &binary, &err));
    return binary;
}

static void two_classes_have_a_positive_one(void **state)
{
    (void)state;
    assert_int_equal(0, binary("1", "0").positive);
    assert_int_equal(1, binary("0", "1").positive);
    assert_int_equal(1, binary("false", "1.0").positive);
    assert_int_equal(CLASSES_MAX, binary("0", NULL).positive);
    assert_int_equal(CLASSES_MAX, binary("1", NULL).negative);
    assert_int_equal(1, binary("no", "yes").positive);
    assert_int_equal(0, binary("yes", "no").positive);
    assert_int_equal(1, binary("a", "ab").positive);
    assert_true(binary("yes", "no").named);
    assert_false(binary("1", "0").named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_value_are_one_class),
        cmocka_unit_test(names_with_nul_bytes_are_told_apart),
        cmocka_unit_test(there_are_as_many_classes_as_can_be_counted_and_no_more),
        cmocka_unit_test(names_in_messages_are_short_and_text),
        cmocka_unit_test(two_classes_have_a_positive_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
