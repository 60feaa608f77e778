/* tests/unit/table/test_short_numbers.c - short numbers by every reader that this machine has, held
 * to strtod. */
#include "test.h"

#include "table/short_numbers.h"
#include <stdio.h>

#define BEFORE "0123456789abcdef" /* a reader may leave what is nearer to the text's beginning */

/* One cell behind BEFORE, with nothing behind it that may be read. */
static bool read_cell(short_numbers_reader reader, const char *text, uint32_t flags, double *number)
{
    size_t length = strlen(text), before = strlen(BEFORE);
    char *memory = xmalloc(before + length);
    struct cell cell = {(uint32_t)before, (uint32_t)length | flags};
    struct cells cells = {.text = memory, .cells = &cell, .width = 1, .rows = 1};
    uint8_t missing = 77;
    memcpy(memory, BEFORE, before);
    memcpy(memory + before, text, length);
    size_t left = reader(&cells, &cell, 1, number, &missing);
    free(memory);
    assert_int_equal(left ? SHORT_NUMBERS_LEFT : MISSING_NOT, missing);
    return left == 0;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static void reads(const char *text)
{
    for (const short_numbers_reader *reader = short_numbers_readers(); *reader; reader++) {
        double number = 77, expected = strtod(text, NULL);
        if (!read_cell(*reader, text, 0, &number))
            fail_msg("'%s' is left", text);
        if (bits_of(number) != bits_of(expected))
            fail_msg("'%s' is %a, and not %a", text, expected, number);
    }
}

static void leaves(const char *text)
{
    for (const short_numbers_reader *reader = short_numbers_readers(); *reader; reader++) {
        double number;
        if (read_cell(*reader, text, 0, &number))
            fail_msg("'%s' is taken for %a", text, number);
    }
}

static void a_sign_digits_and_a_point_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",
                                        "7",
                                        "-0",
                                        "-7",
                                        "00",
                                        "0.1",
                                        "-0.1",
                                        ".5",
                                        "-.5",
                                        "5.",
                                        "-5.",
                                        "0.0",
                                        "-0.0",
                                        "123456789012345",
                                        "1234567890123456",
                                        "-1234567890123456",
                                        "9999999999999999",
                                        "9007199254740993", /* 2^53 + 1: halfway, to the even one */
                                        "123456789012345.",
                                        ".123456789012345",
                                        "-.123456789012345",
                                        "0.12345678901234",
                                        "1234567.12345678",
                                        "0000000000000001",
                                        "000000000000.001"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        reads(texts[i]);
}

static void all_else_is_left(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-",
                                        ".",
                                        "-.",
                                        "--1",
                                        "+1",
                                        "1-",
                                        "1.2.3",
                                        "..",
                                        ".1.",
                                        "1e5",
                                        "1E5",
                                        "inf",
                                        "nan",
                                        "NA",
                                        " 1",
                                        "1 ",
                                        "1,5",
                                        "0x10",
                                        "1_000",
                                        "12345678901234567",
                                        "-12345678901234567",
                                        "0.1234567890123456",
                                        "/",
                                        ":",
                                        "1/",
                                        "1:",
                                        "\xb0",
                                        "1\xff",
                                        "\xff",
                                        "1\x80"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        leaves(texts[i]);
    char text[2] = "";
    for (int byte = 1; byte < 256; byte++) {
        text[0] = (char)byte;
        if (byte < '0' || byte > '9')
            leaves(text);
    }
}

static void strings_and_what_is_not_there_are_left(void **state)
{
    (void)state;
    for (const short_numbers_reader *reader = short_numbers_readers(); *reader; reader++) {
        double number;
        uint8_t missing[3];
        struct cell nothing[] = {{CELL_NULL, 0}, {CELL_ABSENT, 0}, {CELL_NULL, 5}};
        struct cells cells = {.text = NULL, .cells = nothing, .width = 1, .rows = 3};
        assert_false(read_cell(*reader, "12", CELL_STRING, &number));
        assert_int_equal(3, (*reader)(&cells, nothing, 3, (double[3]){0}, missing));
    }
}

/* Cells of a column, from the first byte of the text on, among those of another. */
static void columns_are_read_cell_by_cell(void **state)
{
    (void)state;
    char text[] = "1.5,x,-2,7,,y,12345.678,z,0.25,-";
    struct cell list[] = {{0, 3},  {4, 1},  {6, 2},  {9, 1},  {11, 0},
                          {12, 1}, {14, 9}, {24, 1}, {26, 4}, {31, 1}};
    struct cells cells = {.text = text, .cells = list, .width = 2, .rows = 5};
    static const double expected[] = {1.5, -2, 0, 12345.678, 0.25};
    for (const short_numbers_reader *reader = short_numbers_readers(); *reader; reader++) {
        double numbers[5] = {0};
        uint8_t missing[5];
        size_t left = (*reader)(&cells, list, 5, numbers, missing), counted = 0;
        for (size_t i = 0; i < 5; i++) {
            counted += missing[i] == SHORT_NUMBERS_LEFT;
            if (missing[i] == MISSING_NOT)
                assert_true(numbers[i] == expected[i]);
        }
        assert_int_equal(counted, left);
        assert_int_equal(SHORT_NUMBERS_LEFT, missing[2]);
        assert_int_equal(MISSING_NOT, missing[3]);
        assert_int_equal(MISSING_NOT, missing[4]);
    }
}

/* All readers say the same of 200,000 cells, and strtod of those that they read. */
static void readers_agree(void **state)
{
    (void)state;
    static const char letters[] = "0123456789012345678901234567890123456789....--e+ ";
    uint64_t random = 9;
    for (size_t i = 0; i < 200000; i++) {
        char text[24];
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        size_t length = (random >> 33) % 19, digits = (random >> 40) % 4 ? 40 : sizeof(letters) - 1;
        for (size_t j = 0; j < length; j++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            text[j] = letters[(random >> 33) % digits];
        }
        if (length > 3 && digits == 40) {
            text[(random >> 50) % length] = '.';
            text[0] = random >> 60 ? text[0] : '-';
        }
        text[length] = '\0';
        const short_numbers_reader *reader = short_numbers_readers();
        double first = 0, number = 0;
        bool is_number = read_cell(*reader, text, 0, &first);
        if (is_number)
            assert_int_equal(bits_of(strtod(text, NULL)), bits_of(first));
        while (*++reader)
            if (read_cell(*reader, text, 0, &number) != is_number ||
                (is_number && bits_of(number) != bits_of(first)))
                fail_msg("readers part at '%s'", text);
    }
}

static void simd_can_be_switched_off(void **state)
{
    (void)state;
    const short_numbers_reader *reader = short_numbers_readers();
    unsetenv("MLOPS_SIMD");
    assert_true(short_numbers_choose() == reader[0]);
    setenv("MLOPS_SIMD", "none", 1);
    while (reader[1])
        reader++;
    assert_true(short_numbers_choose() == *reader);
    unsetenv("MLOPS_SIMD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sign_digits_and_a_point_are_read),
        cmocka_unit_test(all_else_is_left),
        cmocka_unit_test(strings_and_what_is_not_there_are_left),
        cmocka_unit_test(columns_are_read_cell_by_cell),
        cmocka_unit_test(readers_agree),
        cmocka_unit_test(simd_can_be_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
