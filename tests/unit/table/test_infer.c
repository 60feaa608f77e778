/* tests/unit/table/test_infer.c - what type cells and columns are, and how cells are shown. */
#include "test.h"

#include "table/infer.h"
#include "table/missing.h"
#include "table/show.h"

static struct text_view view(const char *text)
{
    return (struct text_view){.data = text, .length = (uint32_t)strlen(text)};
}

/* The type of a column whose cells are the words of `text`; "-" is an empty cell. */
static enum column_type type_of(const char *text)
{
    struct text_view cells[64];
    size_t count = 0;
    for (const char *c = text; *c; c += strspn(c, " ")) {
        size_t length = strcspn(c, " ");
        cells[count++] = (struct text_view){
            .data = c, .length = *c == '-' && length == 1 ? 0 : (uint32_t)length};
        c += length;
    }
    return infer_type(cells, 1, count);
}

static void a_column_gets_the_narrowest_type_that_fits(void **state)
{
    (void)state;
    assert_int_equal(COLUMN_BOOL, type_of("true FALSE - True"));
    assert_int_equal(COLUMN_INTEGER, type_of("0 1 1 0"));
    assert_int_equal(COLUMN_INTEGER, type_of("-5 +3 NA 007"));
    assert_int_equal(COLUMN_FLOAT, type_of("1 2 2.5"));
    assert_int_equal(COLUMN_FLOAT, type_of("1e3 -inf nan"));
    assert_int_equal(COLUMN_FLOAT, type_of("1234567890123456789 1"));
    assert_int_equal(COLUMN_TIME, type_of("2026-05-01 2026-05-01T10:00:00Z null"));
    assert_int_equal(COLUMN_CATEGORY, type_of("2026-05-01 2026-02-30"));
    assert_int_equal(COLUMN_CATEGORY, type_of("1 2 x"));
    assert_int_equal(COLUMN_CATEGORY, type_of("true 1"));
    assert_int_equal(COLUMN_CATEGORY, type_of("1,5 2,5"));
}

static void a_column_without_values_is_a_category(void **state)
{
    (void)state;
    assert_int_equal(COLUMN_CATEGORY, type_of("- NA N/A NaN nan null NULL None"));
    assert_int_equal(COLUMN_CATEGORY, infer_type(NULL, 1, 0));
}

static void text_is_what_hardly_repeats_or_is_long(void **state)
{
    (void)state;
    assert_int_equal(COLUMN_CATEGORY, type_of("a b c d e f g h i j k l m n o p q r s"));
    assert_int_equal(COLUMN_TEXT, type_of("a b c d e f g h i j k l m n o p q r s t"));
    assert_int_equal(COLUMN_CATEGORY, type_of("a b c d e f g h i j a b c d e f g h i j"));
    char name[66] = {0};
    memset(name, 'x', 65);
    struct text_view cells[] = {view(name), view(name)};
    assert_int_equal(COLUMN_TEXT, infer_type(cells, 1, 2));
}

static void a_column_of_a_table_is_read_by_its_stride(void **state)
{
    (void)state;
    const struct text_view cells[] = {view("1"), view("x"), view("2"), view("y")};
    assert_int_equal(COLUMN_INTEGER, infer_type(cells, 2, 2));
    assert_int_equal(COLUMN_CATEGORY, infer_type(cells + 1, 2, 2));
}

static void missing_is_told_from_words_that_begin_like_it(void **state)
{
    (void)state;
    static const char *const missing[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"};
    static const char *const present[] = {"0", "N", "n", "na", "none", "NAN", "Nonesuch", " ", "-"};
    for (size_t i = 0; i < ARRAY_LENGTH(missing); i++)
        assert_true(cell_missing(view(missing[i])));
    for (size_t i = 0; i < ARRAY_LENGTH(present); i++)
        assert_false(cell_missing(view(present[i])));
}

static void cells_convert_to_the_type_that_was_settled(void **state)
{
    (void)state;
    double number = -1;
    int64_t time_ns = -1;
    assert_true(cell_convert(view("3.5"), COLUMN_INTEGER, &number, &time_ns) && number == 3.5);
    assert_true(cell_convert(view("1"), COLUMN_BOOL, &number, &time_ns) && number == 1);
    assert_true(cell_convert(view("True"), COLUMN_BOOL, &number, &time_ns) && number == 1);
    assert_false(cell_convert(view("2"), COLUMN_BOOL, &number, &time_ns));
    assert_false(cell_convert(view("true"), COLUMN_FLOAT, &number, &time_ns));
    assert_false(cell_convert(view("12"), COLUMN_TIME, &number, &time_ns));
    assert_true(cell_convert(view("1970-01-01T00:00:01Z"), COLUMN_TIME, &number, &time_ns) &&
                time_ns == 1000000000);
    assert_true(cell_convert(view("anything"), COLUMN_CATEGORY, &number, &time_ns));
}

static void shows(const char *expected, const char *cell, size_t length)
{
    char shown[CELL_SHOWN_SIZE];
    cell_show((struct text_view){.data = cell, .length = (uint32_t)length}, shown);
    assert_string_equal(expected, shown);
}

static void cells_are_shown_short_and_clean(void **state)
{
    (void)state;
    shows("", "", 0);
    shows("Zürich", "Zürich", 7);
    shows("a?b", "a\0b", 3);
    shows("?[31mred?", "\033[31mred\n", 9);
    shows("caf?", "caf\xe9", 4);
    shows("??", "\xc2\x9b", 2); /* a control character of two bytes */
    shows("????", "\xf0\x9f\x98\xc0", 4);
    shows("1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890",
          40);
    shows("1234567890123456789012345678901234567890...",
          "12345678901234567890123456789012345678901", 41);
    shows("123456789012345678901234567890123456789...", /* the last character does not fit */
          "123456789012345678901234567890123456789ü", 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_gets_the_narrowest_type_that_fits),
        cmocka_unit_test(a_column_without_values_is_a_category),
        cmocka_unit_test(text_is_what_hardly_repeats_or_is_long),
        cmocka_unit_test(a_column_of_a_table_is_read_by_its_stride),
        cmocka_unit_test(missing_is_told_from_words_that_begin_like_it),
        cmocka_unit_test(cells_convert_to_the_type_that_was_settled),
        cmocka_unit_test(cells_are_shown_short_and_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
