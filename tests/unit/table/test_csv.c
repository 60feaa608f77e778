/* tests/unit/table/test_csv.c - records and fields: RFC 4180 and what people really have. */
#include "test.h"

#include "table/csv.h"
#include <stdio.h>

/* All records of `text`: cells between brackets, the line in front. One at a time, so that their
 * widths may differ. */
static int read_all(const char *text, size_t length, char separator, struct buffer *out,
                    struct mlops_error *err)
{
    struct csv_dialect dialect = {.separator =
                                      separator ? separator : csv_separator(text, length, 0),
                                  .finder = structure_finder_choose()};
    char *copy = xmalloc(length + 1);
    uint64_t line = 1;
    int code = MLOPS_OK;
    memcpy(copy, text, length);
    for (size_t at = 0; at < length;) {
        _cleanup_(cells_clear) struct cells cells = {0};
        cells_begin(&cells, copy + at, 0);
        code = csv_cut(&dialect, length - at, true, &cells, err);
        if (code)
            mlops_wrap(err, "t.csv:%llu", (unsigned long long)(line + cells.bad_line));
        if (code || cells.rows == 0)
            break;
        buffer_printf(out, "%llu:", (unsigned long long)(line + cells.lines[0]));
        for (size_t i = 0; i < cells.width; i++) {
            struct text_view cell = cell_text(&cells, &cells.cells[i]);
            buffer_putc(out, '[');
            buffer_append(out, cell.data, cell.length);
            buffer_putc(out, ']');
        }
        buffer_putc(out, ' ');
        at += cells.consumed;
        line += cells.line_count;
    }
    free(copy);
    return code;
}

static void reads(const char *text, const char *expected)
{
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (read_all(text, strlen(text), 0, &out, &err))
        fail_msg("%s", err.message);
    assert_string_equal(expected, out.length ? out.data : "");
}

static void refuses(const char *text, const char *message)
{
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    assert_int_equal(MLOPS_INVALID, read_all(text, strlen(text), 0, &out, &err));
    assert_string_equal(message, err.message);
}

/* The seven rules of RFC 4180, section 2, with its own examples. */
static void the_examples_of_rfc_4180_are_read(void **state)
{
    (void)state;
    reads("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", "1:[aaa][bbb][ccc] 2:[zzz][yyy][xxx] ");
    reads("aaa,bbb,ccc\r\nzzz,yyy,xxx", "1:[aaa][bbb][ccc] 2:[zzz][yyy][xxx] ");
    reads("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:[aaa][bbb][ccc] 2:[zzz][yyy][xxx] ");
    reads("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:[aaa][b\r\nbb][ccc] 3:[zzz][yyy][xxx] ");
    reads("\"aaa\",\"b\"\"bb\",\"ccc\"", "1:[aaa][b\"bb][ccc] ");
}

static void quotes_mean_something_only_at_the_start_of_a_field(void **state)
{
    (void)state;
    reads("a,5\" pipe,b\n", "1:[a][5\" pipe][b] ");
    reads("\"\",\"\"\"\",\"\"\"\"\"\"\n", "1:[][\"][\"\"] ");
    refuses("a\n\"b\" ,c\n", "t.csv:2: something follows a closing quote within a field");
    refuses("a\n\"b\nc\n", "t.csv:2: a quote that begins in this record is never closed");
    refuses("\"", "t.csv:1: a quote that begins in this record is never closed");
}

static void blank_lines_are_passed_over_and_counted(void **state)
{
    (void)state;
    reads("", "");
    reads("\n\n", "");
    reads("\na\n\r\n\nb\n\"\"\n", "2:[a] 5:[b] 6:[] ");
    reads(",\n", "1:[][] ");
}

static void line_ends_of_both_kinds_may_stand_in_one_file(void **state)
{
    (void)state;
    reads("a,b\n1,2\r\n3,4", "1:[a][b] 2:[1][2] 3:[3][4] ");
    refuses("a,b\r1,2\r", "t.csv:1: a carriage return without a newline");
    refuses("a,b\r\n1,2\r3,4\r\n", "t.csv:2: a carriage return without a newline");
}

static void the_separator_is_the_one_that_the_first_record_has_most_of(void **state)
{
    (void)state;
    reads("a;b;\"c,d,e,f\"\n", "1:[a][b][c,d,e,f] ");
    reads("a b\tc,d\te\n", "1:[a b][c,d][e] ");
    reads("x|y\n1,2|3\n", "1:[x][y] 2:[1,2][3] ");
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    assert_int_equal(0, read_all("a,b:c\n", 6, ':', &out, &err));
    assert_string_equal("1:[a,b][c] ", out.data);
}

static void nul_bytes_are_bytes(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    assert_int_equal(0, read_all("a\0b,\"c\0\"\n", 9, 0, &out, &err));
    assert_int_equal(12, out.length);
    assert_memory_equal("1:[a\0b][c\0] ", out.data, 12);
}

static void a_record_larger_than_the_window_is_read(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
    buffer_puts(&text, "a,\"");
    for (int i = 0; i < 500000; i++)
        buffer_puts(&text, "line\n\"\"");
    buffer_puts(&text, "\"\nnext,\n");
    assert_int_equal(0, read_all(text.data, text.length, 0, &out, &err));
    const char *expected = "] 500002:[next][] ";
    assert_string_equal(expected, out.data + out.length - strlen(expected));
    assert_int_equal(strlen("1:[a][") + 500000 * strlen("line\n\"") + strlen(expected), out.length);
}

/* Comments, and rows that are too short or too long. */
static void rows_are_mended_as_asked_for(void **state)
{
    (void)state;
    static const struct {
        enum table_ragged ragged;
        const char *expected;
    } cases[] = {{TABLE_RAGGED_FILL, "12|3-|56|\"-|"}, {TABLE_RAGGED_SKIP, "12|56|"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct mlops_error err = {0};
        _cleanup_(buffer_clear) struct buffer out = {0};
        _cleanup_(cells_clear) struct cells cells = {0};
        char text[] = "#x,\"\n1,2\n3\n# a comment\n5,6,7\n\"\"\"\"";
        struct csv_dialect dialect = {',', '#', cases[i].ragged, structure_finder_choose()};
        cells_begin(&cells, text, 2);
        assert_int_equal(0, csv_cut(&dialect, strlen(text), true, &cells, &err));
        for (size_t row = 0; row < cells.rows; row++, buffer_putc(&out, '|'))
            for (size_t j = 0; j < 2; j++) {
                const struct cell *cell = &cells.cells[row * 2 + j];
                if (cell->at == CELL_ABSENT)
                    buffer_putc(&out, '-');
                else
                    buffer_append(&out, cell_text(&cells, cell).data,
                                  cell_text(&cells, cell).length);
            }
        assert_string_equal(cases[i].expected, out.data);
        assert_int_equal(3, cells.ragged);
    }
}

static void the_separator_is_found_in_the_first_record(void **state)
{
    static const struct {
        const char *text;
        char comment, separator;
    } cases[] = {
        {"a;b\n", 0, ';'},
        {"\n\r\na|b;\"c;d\"|e\n1,2,3,4\n", 0, '|'},
        {"# a, b, c\n\n#\na;b\n", '#', ';'},
        {"# a, b, c\na;b\n", 0, ','},
        {"# a; b", '#', ';'}, /* there is no record */
        {"\r\n", 0, ','},
        {"", '#', ','},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(cases[i].separator,
                         csv_separator(cases[i].text, strlen(cases[i].text), cases[i].comment));
}

static void what_structure_is_made_of_means_nothing_else(void **state)
{
    static const char pairs[][2] = {{'"', 0},  {'\r', '#'}, {'\n', 0},  {0, '"'},
                                    {0, '\n'}, {',', '\r'}, {'#', '#'}, {';', ';'}};
    struct mlops_error err = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        assert_int_equal(MLOPS_INVALID, csv_check(pairs[i][0], pairs[i][1], &err));
    assert_int_equal(MLOPS_OK, csv_check(0, 0, &err));
    assert_int_equal(MLOPS_OK, csv_check(';', '#', &err));
    assert_int_equal(MLOPS_OK, csv_check('\x01', 0, &err));
}

/* What this machine's vectors find is what the plain loop finds. */
static void every_finder_finds_the_same(void **state)
{
    (void)state;
    const struct structure structure = {{',', '"', '\n', '\r'}};
    uint32_t random = 1;
    for (int round = 0; round < 2000; round++) {
        char block[64];
        for (size_t i = 0; i < sizeof(block); i++) {
            random = random * 1664525 + 1013904223;
            block[i] = random >> 28 < 4 ? structure.bytes[random >> 28] : (char)(random >> 20);
        }
        for (const structure_finder *finder = structure_finders(); *finder; finder++)
            assert_true((*finder)(block, &structure) == structure_find_plain(block, &structure));
    }
}

/* Cut at the end that csv_whole gives, the two halves are the whole, wherever it was asked. */
static void text_cut_at_any_place_gives_the_same_cells(void **state)
{
    (void)state;
    const char text[] = "a,\"x,\"\"\n\"\r\n\"\",b\"c\n\nd,\"e\"\n\"\n\n\",f\n";
    const struct csv_dialect dialect = {',', '\0', TABLE_RAGGED_REFUSE, structure_finder_choose()};
    for (size_t end = 0; end < sizeof(text); end++) {
        struct mlops_error err = {0};
        _cleanup_(buffer_clear) struct buffer out = {0};
        char copy[sizeof(text)];
        memcpy(copy, text, sizeof(text));
        size_t first = csv_whole(copy, end), at = 0;
        for (int part = 0; part < 2; part++) {
            _cleanup_(cells_clear) struct cells cells = {0};
            size_t length = part ? strlen(text) - at : first;
            cells_begin(&cells, copy + at, 2);
            assert_int_equal(0, csv_cut(&dialect, length, part, &cells, &err));
            assert_true(cells.consumed <= length);
            at += cells.consumed;
            for (size_t i = 0; i < 2 * cells.rows; i++) {
                struct text_view cell = cell_text(&cells, &cells.cells[i]);
                buffer_putc(&out, '[');
                buffer_append(&out, cell.data, cell.length);
                buffer_putc(&out, ']');
            }
        }
        assert_string_equal("[a][x,\"\n][][b\"c][d][e][\n\n][f]", out.data);
    }
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
    for (size_t i = 1; i < CSV_FIELDS_MAX; i++)
        buffer_putc(&text, ',');
    assert_int_equal(0, read_all(text.data, text.length, 0, &out, &err));
    buffer_putc(&text, ',');
    assert_int_equal(MLOPS_INVALID, read_all(text.data, text.length, 0, &out, &err));
    assert_string_equal("t.csv:1: a record has more fields than can be read", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4180_are_read),
        cmocka_unit_test(quotes_mean_something_only_at_the_start_of_a_field),
        cmocka_unit_test(blank_lines_are_passed_over_and_counted),
        cmocka_unit_test(line_ends_of_both_kinds_may_stand_in_one_file),
        cmocka_unit_test(the_separator_is_the_one_that_the_first_record_has_most_of),
        cmocka_unit_test(nul_bytes_are_bytes),
        cmocka_unit_test(a_record_larger_than_the_window_is_read),
        cmocka_unit_test(rows_are_mended_as_asked_for),
        cmocka_unit_test(the_separator_is_found_in_the_first_record),
        cmocka_unit_test(what_structure_is_made_of_means_nothing_else),
        cmocka_unit_test(every_finder_finds_the_same),
        cmocka_unit_test(text_cut_at_any_place_gives_the_same_cells),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
