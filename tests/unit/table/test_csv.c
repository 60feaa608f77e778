/* tests/unit/table/test_csv.c - records and fields: RFC 4180 and what people really have. */
#include "test.h"

#include "base/file.h"
#include "table/csv.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* All records of `text`: fields between brackets, the line in front. */
static int read_all(const char *text, size_t length, char separator, struct buffer *out,
                    struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_int_equal(0, fd_write_full(fd, text, length, err));
    assert_int_equal(0, lseek(fd, 0, SEEK_SET));
    _cleanup_(csv_free_ptr) struct csv *csv = csv_new(fd, "t.csv", separator);
    for (;;) {
        struct csv_record record;
        bool more;
        TRY(csv_next(csv, &record, &more, err));
        if (!more)
            return MLOPS_OK;
        buffer_printf(out, "%llu:", (unsigned long long)record.line);
        for (size_t i = 0; i < record.count; i++) {
            buffer_putc(out, '[');
            buffer_append(out, record.fields[i].data, record.fields[i].length);
            buffer_putc(out, ']');
        }
        buffer_putc(out, ' ');
    }
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

static void a_byte_order_mark_counts_only_at_the_start(void **state)
{
    (void)state;
    reads("\xef\xbb\xbf\"a\",b\n", "1:[a][b] ");
    reads("a\n\xef\xbb\xbf\n", "1:[a] 2:[\xef\xbb\xbf] ");
}

static void files_of_other_kinds_are_told_by_name(void **state)
{
    (void)state;
    refuses("\x1f\x8b\x08\"", "t.csv is compressed with gzip, not CSV");
    refuses("\x28\xb5\x2f\xfdxyz", "t.csv is compressed with zstd, not CSV");
    refuses("PAR1\x15", "t.csv is a Parquet file, not CSV");
    refuses("PK\x03\x04zip", "t.csv is a ZIP archive or a spreadsheet, not CSV");
    refuses("\xff\xfe"
            "a",
            "t.csv is UTF-16, not CSV");
}

/* Fields of every length around the window's end, plain and quoted, split at every place. */
static void records_across_the_windows_end_are_whole(void **state)
{
    (void)state;
    enum { WINDOW = 1 << 20 };
    for (int shift = -6; shift <= 6; shift++)
        for (int quoted = 0; quoted < 2; quoted++) {
            struct mlops_error err = {0};
            _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
            buffer_puts(&text, "h\n");
            while ((int)text.length < WINDOW + shift - 1)
                buffer_putc(&text, 'x');
            buffer_puts(&text, quoted ? "\r\n\"a\"\"b\r\n\"\r\nend\r\n" : "\r\nabc\r\nend\r\n");
            assert_int_equal(0, read_all(text.data, text.length, 0, &out, &err));
            const char *expected = quoted ? "3:[a\"b\r\n] 5:[end] " : "3:[abc] 4:[end] ";
            assert_string_equal(expected, out.data + out.length - strlen(expected));
        }
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

/* A hole of NUL bytes, longer than a record may be. */
static void an_endless_record_is_refused(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(fd_close) int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_int_equal(0, ftruncate(fd, (off_t)CSV_RECORD_MAX + 4096));
    _cleanup_(csv_free_ptr) struct csv *csv = csv_new(fd, "t.csv", 0);
    struct csv_record record;
    bool more;
    assert_int_equal(MLOPS_INVALID, csv_next(csv, &record, &more, &err));
    assert_string_equal("t.csv:1: a record is longer than 64 MiB", err.message);
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
        cmocka_unit_test(a_byte_order_mark_counts_only_at_the_start),
        cmocka_unit_test(files_of_other_kinds_are_told_by_name),
        cmocka_unit_test(records_across_the_windows_end_are_whole),
        cmocka_unit_test(a_record_larger_than_the_window_is_read),
        cmocka_unit_test(an_endless_record_is_refused),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
