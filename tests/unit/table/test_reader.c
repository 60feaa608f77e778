/* tests/unit/table/test_reader.c - CSV as people have it, typed. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "table/table.h"
#include <unistd.h>

struct fixture {
    char *folder, *path;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-table", &f->folder, &f->err));
    f->path = path_join(f->folder, "t.csv");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

/* All cells of a table as text, "name:type|…" first, rows by newline. */
static int dump_by(struct fixture *f, const struct table_options *options, const char *text,
                   size_t length, struct buffer *out)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    assert_int_equal(0, file_write_durable(f->path, text, length, 0644, &f->err));
    TRY(table_open(f->path, options, &reader, &f->err));
    const struct table_schema *schema = table_schema(reader);
    for (size_t i = 0; i < schema->count; i++)
        buffer_printf(out, "%s%s:%s", i ? "|" : "", schema->columns[i].name,
                      column_type_name(schema->columns[i].type));
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(reader, &batch, &more, &f->err));
        if (!more)
            return MLOPS_OK;
        for (size_t row = 0; row < batch->rows; row++) {
            buffer_putc(out, '\n');
            for (size_t i = 0; i < batch->column_count; i++) {
                const struct column *c = &batch->columns[i];
                if (i)
                    buffer_putc(out, '|');
                if (c->missing[row])
                    buffer_puts(out, "-");
                else if (c->numbers)
                    buffer_printf(out, "%g", c->numbers[row]);
                else if (c->times)
                    buffer_printf(out, "%lld", (long long)c->times[row]);
                else
                    buffer_append(out, c->texts[row].data, c->texts[row].length);
            }
        }
    }
}

static int dump(struct fixture *f, const char *text, size_t length, struct buffer *out)
{
    return dump_by(f, &(struct table_options){0}, text, length, out);
}

static void reads(void **state, const char *text, const char *expected)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (dump(f, text, strlen(text), &out))
        fail_msg("%s", f->err.message);
    assert_string_equal(expected, out.data);
}

static void refuses(void **state, const char *text, const char *message)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer out = {0};
    assert_int_equal(MLOPS_INVALID, dump(f, text, strlen(text), &out));
    _cleanup_(free_string) char *expected = xprintf("%s%s", f->path, message);
    assert_string_equal(expected, f->err.message);
}

static void columns_get_the_narrowest_type(void **state)
{
    reads(state,
          "i,f,b,t,c,e\n1,2.5,true,2013-01-01,red,\n-7,1e3,False,2013-01-01T10:00:00Z,blue,\n",
          "i:integer|f:float|b:bool|t:time|c:category|e:category\n"
          "1|2.5|1|1356998400000000000|red|-\n-7|1000|0|1357034400000000000|blue|-");
}

static void line_ends_and_byte_order_marks_do_not_show(void **state)
{
    reads(state,
          "\xef\xbb\xbf"
          "a,b\r\n1,x\r\n2,y\r\n",
          "a:integer|b:category\n1|x\n2|y");
    reads(state, "a,b\n1,x\n\n2,y", "a:integer|b:category\n1|x\n2|y");
}

static void quoted_fields_may_hold_anything(void **state)
{
    reads(state, "a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\nplain,\"\"\n",
          "a:category|b:category\nx,\"y\"|two\nlines\nplain|-");
}

static void other_separators_are_found_out(void **state)
{
    reads(state, "a;b\n1,5;2\n", "a:category|b:integer\n1,5|2");
    reads(state, "a\tb\n1\t2\n", "a:integer|b:integer\n1|2");
    reads(state, "a|b\n1|2\n", "a:integer|b:integer\n1|2");
    reads(state, "a\n1\n2\n", "a:integer\n1\n2");
}

static void spaces_around_numbers_times_and_bools_mean_nothing(void **state)
{
    reads(state,
          "i, f, b,t, c\n1 , 2.50, true ,2013-01-01 , red\n -7,\t1e3,False, NA,blue\n  , ,, ,\n",
          "i:integer| f:float| b:bool|t:time| c:category\n"
          "1|2.5|1|1356998400000000000| red\n-7|1000|0|-|blue\n-|-|-|-|-");
    reads(state, "c\n  \n \n", "c:category\n  \n ");
    reads(state, "{\"s\":\" 5\"}\n", "s:category\n 5");
}

/* Expected names: pandas 2.2.3, list(pandas.read_csv(io.StringIO(header + "\n")).columns). */
static void columns_without_a_name_of_their_own_are_called_as_by_pandas(void **state)
{
    reads(state, ",a\n0,x\n1,y\n", "Unnamed: 0:integer|a:category\n0|x\n1|y");
    reads(state, "\"\";a\n0;x\n", "Unnamed: 0:integer|a:category\n0|x");
    reads(state, ",Unnamed: 0,a\n7,0,x\n",
          "Unnamed: 0.1:integer|Unnamed: 0:integer|a:category\n7|0|x");
    reads(state, "a,b,\n1,x,\n2,y,\n", "a:integer|b:category|Unnamed: 2:category\n1|x|-\n2|y|-");
    reads(state, ",,\n1,2,3\n", "Unnamed: 0:integer|Unnamed: 1:integer|Unnamed: 2:integer\n1|2|3");
    reads(state, "a,b,a\n1,2,3\n", "a:integer|b:integer|a.1:integer\n1|2|3");
    reads(state, "a,a,a.1\n1,2,3\n", "a:integer|a.2:integer|a.1:integer\n1|2|3");
    reads(state, "a,a.1,a,a.3,a.1,a,a\n1,2,3,4,5,6,7\n",
          "a:integer|a.1:integer|a.2:integer|a.3:integer|a.1.1:integer|a.4:integer|a.5:integer\n"
          "1|2|3|4|5|6|7");
    reads(state, "Unnamed: 1,,,Unnamed: 1.1\n1,2,3,4\n",
          "Unnamed: 1:integer|Unnamed: 1.2:integer|Unnamed: 2:integer|Unnamed: 1.1:integer\n"
          "1|2|3|4");
}

static void json_that_is_no_lines_is_refused_with_what_to_do(void **state)
{
    refuses(state, "[{\"a\":1},{\"a\":2}]\n", " is one array of JSON, not JSON Lines");
    refuses(state, "[\n  {\n \"a\": 1\n}]\n", " is one array of JSON, not JSON Lines");
    refuses(state, "{\n  \"a\": 1\n}\n", " is JSON with objects over many lines, not JSON Lines");
    reads(state, "[a],b\n1,2\n", "[a]:integer|b:integer\n1|2");
}

static void ragged_rows_are_refused_with_their_line(void **state)
{
    refuses(state, "a,b\n1,2\n\"x\ny\",3\n1,2,3\n", ":5: 3 fields where the header has 2");
    refuses(state, "a,b\n1\n", ":2: 1 field where the header has 2");
}

static void reads_by(void **state, const struct table_options *options, const char *text,
                     const char *expected)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (dump_by(f, options, text, strlen(text), &out))
        fail_msg("%s", f->err.message);
    assert_string_equal(expected, out.data);
}

static void comments_do_not_decide_on_the_separator(void **state)
{
    reads_by(state, &(struct table_options){.comment = '#'}, "# a, b, c\n\na;b\n1;2\n",
             "a:integer|b:integer\n1|2");
}

static void names_that_are_given_stand_for_a_header(void **state)
{
    static const char *const names[] = {"a", "b", NULL};
    reads_by(state, &(struct table_options){.names = names}, "1,2\n3,4\n",
             "a:integer|b:integer\n1|2\n3|4");
    reads_by(state, &(struct table_options){.names = names}, "b,a\n3,4\n",
             "a:category|b:category\nb|a\n3|4");
    reads_by(state, &(struct table_options){.names = names}, "{1},2\n",
             "a:category|b:integer\n{1}|2");
}

static void names_of_another_table_give_way_to_a_table_s_own(void **state)
{
    static const char *const names[] = {"a", "b\"c", NULL};
    const struct table_options options = {.names = names, .names_give_way = true};
    reads_by(state, &options, "1,\"2\"\"\"\n3,4\n", "a:integer|b\"c:category\n1|2\"\n3|4");
    reads_by(state, &options, "a,5\n3,4\n", "a:category|b\"c:integer\na|5\n3|4");
    reads_by(state, &options, "x,\"b\"\"c\",a\n3,4,5\n", "x:integer|b\"c:integer|a:integer\n3|4|5");
    reads_by(state, &options, "{\"x\":1}\n", "x:integer\n1");
}

static void bytes_of_the_structure_separate_nothing(void **state)
{
    static const struct {
        struct table_options options;
        const char *message;
    } cases[] = {
        {{.separator = '"'}, ": a quote or the end of a line cannot separate cells"},
        {{.comment = '\n'}, ": a quote or the end of a line cannot begin comments"},
        {{.comment = ';'}, ": the same character cannot separate cells and begin comments"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(buffer_clear) struct buffer out = {0};
        assert_int_equal(MLOPS_INVALID, dump_by(f, &cases[i].options, "a;b\n;1\n", 7, &out));
        _cleanup_(free_string) char *expected = xprintf("%s%s", f->path, cases[i].message);
        assert_string_equal(expected, f->err.message);
    }
}

static void names_that_are_given_are_checked(void **state)
{
    static const char *const none[] = {NULL}, *const twice[] = {"a", "a", NULL},
                             *const empty[] = {"a", "", NULL}, *const bytes[] = {"\xff", NULL};
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_INVALID, table_names_check(none, &err));
    assert_string_equal("0 names, and a table has 1 to 65536 columns", err.message);
    assert_int_equal(MLOPS_INVALID, table_names_check(twice, &err));
    assert_string_equal("two columns are called 'a'", err.message);
    assert_int_equal(MLOPS_INVALID, table_names_check(empty, &err));
    assert_string_equal("column 2 has no name", err.message);
    assert_int_equal(MLOPS_INVALID, table_names_check(bytes, &err));
    assert_string_equal("the name of column 1 is not UTF-8 text", err.message);
    _cleanup_(free_strings) char **split = table_names_split("a,,b");
    assert_string_equal("", split[1]);
    assert_string_equal("b", split[2]);
    assert_null(split[3]);
}

static void empty_tables_are_refused(void **state)
{
    refuses(state, "", " is empty: not even a header");
    refuses(state, "a,b\n", " has a header and no rows");
}

static void bad_headers_are_refused(void **state)
{
    refuses(state, "a,\xff\n1,2\n", ":1: the name of column 2 is not UTF-8 text");
    _cleanup_(free_string) char *name = xmalloc(5001);
    memset(name, 'n', 5000);
    name[5000] = '\0';
    _cleanup_(free_string) char *text = xprintf("a,%s\n1,2\n", name);
    refuses(state, text, ":1: the name of column 2 is longer than 4096 bytes");
}

static void broken_quotes_are_refused(void **state)
{
    refuses(state, "a\n1\n\"open\n", ":3: a quote that begins in this record is never closed");
    refuses(state, "a\n\"x\"y\n", ":2: something follows a closing quote within a field");
}

static void a_late_misfit_is_refused_with_line_and_column(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
    buffer_puts(&text, "n\n");
    for (int i = 0; i < 9000; i++)
        buffer_printf(&text, "%d\n", i);
    buffer_puts(&text, "oops\n");
    assert_int_equal(MLOPS_INVALID, dump(f, text.data, text.length, &out));
    assert_non_null(
        strstr(f->err.message, ":9002: 'oops' in column 'n' is not of its type, integer"));
}

static void many_rows_come_in_batches_and_all_arrive(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer text = {0};
    buffer_puts(&text, "n,s\n");
    for (int i = 0; i < 300000; i++)
        buffer_printf(&text, "%d,\"v%d\"\n", i, i % 7);
    assert_int_equal(0, file_write_durable(f->path, text.data, text.length, 0644, &f->err));
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_options options = {0};
    assert_int_equal(0, table_open(f->path, &options, &reader, &f->err));
    double sum = 0;
    size_t rows = 0;
    for (;;) {
        const struct batch *batch;
        bool more;
        assert_int_equal(0, table_next(reader, &batch, &more, &f->err));
        if (!more)
            break;
        for (size_t i = 0; i < batch->rows; i++, rows++) {
            sum += batch->columns[0].numbers[i];
            assert_int_equal(2, batch->columns[1].texts[i].length);
        }
    }
    assert_int_equal(300000, rows);
    assert_true(sum == 299999.0 * 300000 / 2);
}

static void types_of_a_schema_override_those_of_the_cells(void **state)
{
    struct fixture *f = *state;
    struct column_schema columns[] = {{(char *)(uintptr_t) "b", COLUMN_CATEGORY},
                                      {(char *)(uintptr_t) "c", COLUMN_FLOAT},
                                      {(char *)(uintptr_t) "gone", COLUMN_TIME}};
    struct table_schema expected = {columns, ARRAY_LENGTH(columns)};
    struct table_options options = {.expected = &expected};
    const char text[] = "a,b,c\n1,2,3\n1,2,x\n";
    const struct batch *batch;
    bool more;
    assert_int_equal(0, file_write_durable(f->path, text, strlen(text), 0644, &f->err));
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    assert_int_equal(0, table_open(f->path, &options, &reader, &f->err));
    const struct table_schema *schema = table_schema(reader);
    assert_int_equal(3, schema->count);
    assert_int_equal(COLUMN_INTEGER, schema->columns[0].type);
    assert_int_equal(COLUMN_CATEGORY, schema->columns[1].type);
    assert_int_equal(MLOPS_INVALID, table_next(reader, &batch, &more, &f->err));
    assert_non_null(strstr(f->err.message, ":3: 'x' in column 'c' is not of its type, float"));
}

static void columns_that_nobody_asked_for_may_hold_anything(void **state)
{
    struct fixture *f = *state;
    struct column_schema columns[] = {{(char *)(uintptr_t) "n", COLUMN_INTEGER},
                                      {(char *)(uintptr_t) "s", COLUMN_TEXT}};
    struct table_schema expected = {columns, ARRAY_LENGTH(columns)};
    struct table_options options = {.expected = &expected, .only_expected = true};
    _cleanup_(buffer_clear) struct buffer text = {0};
    buffer_puts(&text, "x,s,y,n\n");
    for (int i = 0; i < 20000; i++)
        buffer_printf(&text, "%s,t%d,%d,%d\n", i < 15000 ? "1" : "odd", i, i, i);
    assert_int_equal(0, file_write_durable(f->path, text.data, text.length, 0644, &f->err));
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    assert_int_equal(0, table_open(f->path, &options, &reader, &f->err));
    size_t unread, rows = 0;
    const char *const *names = table_unread(reader, &unread);
    assert_int_equal(2, unread);
    assert_string_equal("x", names[0]);
    assert_string_equal("y", names[1]);
    assert_int_equal(2, table_schema(reader)->count);
    assert_string_equal("s", table_schema(reader)->columns[0].name); /* as the file has them */
    for (;;) {
        const struct batch *batch;
        bool more;
        assert_int_equal(0, table_next(reader, &batch, &more, &f->err));
        if (!more)
            break;
        for (size_t i = 0; i < batch->rows; i++, rows++) {
            assert_true(batch->columns[1].numbers[i] == (double)rows);
            assert_int_equal(rows + 2, table_line(reader, i));
            assert_int_equal('t', batch->columns[0].texts[i].data[0]);
        }
    }
    assert_int_equal(20000, rows);
}

/* 20,000 columns: fewer rows a batch, so that memory stays bounded. */
static void very_wide_tables_are_read_in_smaller_batches(void **state)
{
    struct fixture *f = *state;
    enum { WIDTH = 20000, ROWS = 450 };
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (int i = 0; i < WIDTH; i++)
        buffer_printf(&text, "%sc%d", i ? "," : "", i);
    for (int row = 0; row < ROWS; row++) {
        buffer_putc(&text, '\n');
        for (int i = 0; i < WIDTH; i++)
            buffer_puts(&text, i ? ",7" : "7");
    }
    assert_int_equal(0, file_write_durable(f->path, text.data, text.length, 0644, &f->err));
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_options options = {0};
    assert_int_equal(0, table_open(f->path, &options, &reader, &f->err));
    size_t rows = 0, batches = 0;
    for (;; batches++) {
        const struct batch *batch;
        bool more;
        assert_int_equal(0, table_next(reader, &batch, &more, &f->err));
        if (!more)
            break;
        assert_int_equal(WIDTH, batch->column_count);
        assert_true(batch->columns[WIDTH - 1].numbers[batch->rows - 1] == 7);
        rows += batch->rows;
    }
    assert_int_equal(ROWS, rows);
    assert_true(batches > 1);
}

static void standard_input_is_a_file_too(void **state)
{
    struct fixture *f = *state;
    struct table_options options = {0};
    const char text[] = "a,b\n1,2\n3\n";
    int before = dup(STDIN_FILENO), ends[2];
    const struct batch *batch;
    bool more;
    struct table_reader *reader = NULL;
    assert_int_equal(0, pipe(ends));
    assert_int_equal(0, fd_write_full(ends[1], text, strlen(text), &f->err));
    assert_int_equal(0, close(ends[1]));
    assert_int_equal(STDIN_FILENO, dup2(ends[0], STDIN_FILENO));
    int code = table_open("-", &options, &reader, &f->err);
    if (!code)
        code = table_next(reader, &batch, &more, &f->err);
    table_close(reader);
    assert_int_equal(STDIN_FILENO, dup2(before, STDIN_FILENO));
    assert_int_equal(0, close(before) | close(ends[0]));
    assert_int_equal(MLOPS_INVALID, code);
    assert_string_equal("standard input:3: 1 field where the header has 2", f->err.message);
}

static void what_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;
    struct table_options options = {0};
    struct table_reader *reader = NULL;
    assert_int_equal(MLOPS_NOT_FOUND, table_open(f->path, &options, &reader, &f->err));
    assert_int_equal(MLOPS_INVALID, table_open(f->folder, &options, &reader, &f->err));
    assert_null(reader);
}

static void cells_of_other_encodings_are_text_and_shown_clean(void **state)
{
    reads(state, "a\nZ\xfcrich\n", "a:category\nZ\xfcrich");
    refuses(state,
            "Stra\xdf"
            "e\n1\n",
            ":1: the name of column 1 is not UTF-8 text");
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
    buffer_puts(&text, "n\n");
    for (int i = 0; i < 9000; i++)
        buffer_puts(&text, "1\n");
    buffer_puts(&text, "\033[2J\xff\n");
    assert_int_equal(MLOPS_INVALID, dump(f, text.data, text.length, &out));
    assert_non_null(strstr(f->err.message, ":9002: '?[2J?' in column 'n'"));
}

static void nul_bytes_in_cells_are_kept(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer out = {0};
    assert_int_equal(0, dump(f, "a\nx\0y\n", 6, &out));
    assert_int_equal(strlen("a:category\n") + 3, out.length);
    assert_memory_equal("x\0y", out.data + out.length - 3, 3);
    assert_int_equal(MLOPS_INVALID, dump(f, "a\0b\n1\n", 6, &out));
}

static void names_of_columns_have_a_limit(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer text = {0}, out = {0};
    for (int i = 0; i < TABLE_NAME_MAX; i++)
        buffer_putc(&text, 'n');
    buffer_puts(&text, ",b\n1,2\n");
    assert_int_equal(0, dump(f, text.data, text.length, &out));
    buffer_reset(&text);
    for (int i = 0; i <= TABLE_NAME_MAX; i++)
        buffer_putc(&text, 'n');
    buffer_puts(&text, "\n1\n");
    assert_int_equal(MLOPS_INVALID, dump(f, text.data, text.length, &out));
    assert_non_null(strstr(f->err.message, ":1: the name of column 1 is longer than 4096 bytes"));
}

static void no_truncation_of_a_file_crashes(void **state)
{
    struct fixture *f = *state;
    const char text[] = "a,b,c\r\n1,\"x\"\"\ny\",2013-01-01\r\n2,,\"\"\n";
    for (size_t length = 0; length < sizeof(text); length++) {
        _cleanup_(buffer_clear) struct buffer out = {0};
        int code = dump(f, text, length, &out);
        assert_true(code == MLOPS_OK || code == MLOPS_INVALID);
    }
}

static void files_of_other_kinds_are_told_by_name(void **state)
{
    refuses(state, "PK\x03\x04zip", " is a ZIP archive or a spreadsheet, not CSV");
    refuses(state, "BZh9", " is compressed with bzip2, not CSV");
    refuses(state, "\xff\xfe" "a", " is UTF-16, not CSV");
}

/* Cells around the end of a unit, plain and quoted, at every place; a quote within a plain field
 * before them, which misleads whoever counts quotes; and the same where the window ends. There the
 * lines are long, and few: at each that is searched back through, ASan looks at all before it. */
static void records_across_the_end_of_a_unit_are_whole(void **state)
{
    struct fixture *f = *state;
    static const size_t ends[] = {256 << 10, 8 << 20};
    static const size_t widths[] = {43, 2043};
    for (size_t e = 0; e < ARRAY_LENGTH(ends); e++)
        for (int shift = -6; shift <= 6; shift++)
            for (int kind = 0; kind < 4 && (e == 0 || abs(shift) < 2); kind++) {
                _cleanup_(buffer_clear) struct buffer text = {0};
                _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
                struct table_options options = {0};
                size_t rows = 0, expected = 4; /* with the first, the last two, and that of the ys */
                buffer_puts(&text, kind & 2 ? "h\n5\" pipe\n" : "h\nrow\n");
                for (; text.length + widths[e] + 23 < ends[e] + (size_t)shift; expected++)
                    buffer_printf(&text, "%0*d\n", (int)widths[e], 0);
                while (text.length < ends[e] + (size_t)shift)
                    buffer_putc(&text, 'y');
                buffer_puts(&text, kind & 1 ? "\r\n\"a\"\"b\r\n\"\r\nend\r\n" : "\r\nabc\r\nend\r\n");
                assert_int_equal(0,
                                 file_write_durable(f->path, text.data, text.length, 0644, &f->err));
                if (table_open(f->path, &options, &reader, &f->err))
                    fail_msg("%s", f->err.message);
                struct buffer last = {0};
                for (;;) {
                    const struct batch *batch;
                    bool more;
                    if (table_next(reader, &batch, &more, &f->err))
                        fail_msg("%s", f->err.message);
                    if (!more)
                        break;
                    rows += batch->rows;
                    for (size_t i = 0; i < batch->rows; i++) {
                        const struct text_view *cell = &batch->columns[0].texts[i];
                        if (cell->length < 10 && cell->data[0] == 'a')
                            buffer_append(&last, cell->data, cell->length);
                    }
                }
                assert_string_equal(kind & 1 ? "a\"b\r\n" : "abc", last.data);
                assert_int_equal(expected, rows);
                buffer_clear(&last);
            }
}

/* Of each batch, how many rows it has and what is in their last: as text. Returns the bytes of all
 * cells. */
static size_t describe_batches(struct fixture *f, struct buffer *out)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_options options = {0};
    const struct batch *batch;
    size_t bytes = 0;
    bool more = true;
    if (table_open(f->path, &options, &reader, &f->err))
        fail_msg("%s", f->err.message);
    while (more) {
        if (table_next(reader, &batch, &more, &f->err))
            fail_msg("%s", f->err.message);
        if (!more)
            break;
        for (size_t row = 0; row < batch->rows; row++)
            bytes += batch->columns[0].texts[row].length;
        struct text_view cell = batch->columns[0].texts[batch->rows - 1];
        buffer_printf(out, "%zu rows, %u bytes: %.12s\n", batch->rows, cell.length, cell.data);
    }
    return bytes;
}

/* Pieces that are read ahead are larger where there are more cores. Profiles see batches, so these
 * may not depend on it: neither with short records, nor with some of a megabyte, nor with quotes
 * that mislead, where what was read in the wrong places is read again. */
static void batches_are_the_same_on_any_number_of_cores(void **state)
{
    struct fixture *f = *state;
    static const char *const threads[] = {"1", "2", "4", "16"};
    _cleanup_(buffer_clear) struct buffer text = {0}, first = {0};
    uint64_t random = 3;
    size_t expected = 0;
    buffer_puts(&text, "text\n");
    for (int i = 0; text.length < 21U << 20; i++) {
        size_t before = text.length;
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t kind = random >> 40;
        int length = kind % 997 == 0 ? (int)(kind % 1500000) : (int)(kind % 2003);
        if (kind % 5 == 0)
            buffer_printf(&text, "\"%d\n\"\"%0*d\"\n", i, length, 0);
        else
            buffer_printf(&text, "%d%s%0*d\n", i, kind % 11 == 0 ? "\"" : "-", length, 0);
        expected += text.length - before - (kind % 5 == 0 ? 4 : 1); /* three quotes, a newline */
    }
    assert_int_equal(0, file_write_durable(f->path, text.data, text.length, 0644, &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
        _cleanup_(buffer_clear) struct buffer out = {0};
        setenv("MLOPS_THREADS", threads[i], 1);
        assert_int_equal(expected, describe_batches(f, i ? &out : &first));
        if (i)
            assert_string_equal(first.data, out.data);
    }
    unsetenv("MLOPS_THREADS");
}

/* A hole of NUL bytes, longer than a record may be. */
static void an_endless_record_is_refused(void **state)
{
    struct fixture *f = *state;
    struct table_reader *reader = NULL;
    struct table_options options = {0};
    assert_int_equal(0, file_write_durable(f->path, "", 0, 0644, &f->err));
    assert_int_equal(0, truncate(f->path, (off_t)(64 << 20) + 4096));
    assert_int_equal(MLOPS_INVALID, table_open(f->path, &options, &reader, &f->err));
    _cleanup_(free_string) char *expected =
        xprintf("%s:1: a record is longer than 64 MiB", f->path);
    assert_string_equal(expected, f->err.message);
}

static void json_lines_are_rows_and_nested_objects_are_flattened(void **state)
{
    reads(state,
          "{\"a\": 1, \"b\": {\"x\": true, \"y\": \"q\\\"\\u00e9\"}, \"c\": [1, \"]\"]}\n\n"
          "{\"b\": {\"y\": null}, \"a\": 2.5, \"c\": [], \"d\": \"7\"}\n",
          "a:float|b.x:bool|b.y:category|c:category|d:category\n"
          "1|1|q\"\303\251|[1, \"]\"]|-\n2.5|-|-|[]|7");
    refuses(state, "{\"a\": 1}\n{\"a\": x}\n", ":2: a value is no JSON: texts stand in quotes");
    refuses(state, "{\"a\": 1}\n[1]\n", ":2: not an object of JSON");
    refuses(state, "{\"a\": \"1}\n", ":1: a string is not closed");
    refuses(state, "{\"a\": 1} {}\n", ":1: something follows the object");
}

static void what_does_not_fit_is_counted_where_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    struct column_schema columns[] = {{(char *)(uintptr_t) "n", COLUMN_FLOAT},
                                      {(char *)(uintptr_t) "t", COLUMN_TIME}};
    struct table_schema expected = {columns, ARRAY_LENGTH(columns)};
    struct table_options options = {.expected = &expected, .count_misfits = true};
    const char text[] = "n,t\n1,2026-01-01\nx,1767225600\nnull,1767225600000\n,soon\n";
    const struct batch *batch;
    bool more;
    assert_int_equal(0, file_write_durable(f->path, text, strlen(text), 0644, &f->err));
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    assert_int_equal(0, table_open(f->path, &options, &reader, &f->err));
    assert_int_equal(0, table_next(reader, &batch, &more, &f->err));
    static const uint8_t missing[2][4] = {{0, MISSING_MISFIT, MISSING_NULL, MISSING_EMPTY},
                                          {0, 0, 0, MISSING_MISFIT}};
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(missing[i], batch->columns[i].missing, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(batch->columns[1].times[i] == 1767225600000000000LL);
}

static void whole_numbers_are_times_where_name_and_size_say_so(void **state)
{
    reads(state, "ts,n\n1767225600,1767225600\n",
          "ts:time|n:integer\n1767225600000000000|1.76723e+09");
    reads(state, "created_at\n1767225600000\n", "created_at:time\n1767225600000000000");
    reads(state, "ts\n5\n", "ts:integer\n5");
}

/* Files of one table: their columns in any order, one of them packed; patterns; what is not there. */
static void many_files_are_one_table(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {"a,b\n1,x\n", "b,a,c\ny,2,9\n", "{\"a\": 3, \"b\": \"z\"}\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        _cleanup_(free_string) char *path = xprintf("%s/part-%zu", f->folder, i);
        assert_int_equal(0, file_write_durable(path, texts[i], strlen(texts[i]), 0644, &f->err));
    }
    _cleanup_(free_string) char *pattern = xprintf("%s/part-*", f->folder);
    const char *paths[] = {pattern};
    struct table_options options = {0};
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    assert_int_equal(0, table_open_all(paths, 1, &options, &reader, &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        const struct batch *batches;
        size_t count;
        if (table_next_many(reader, &batches, &count, &f->err))
            fail_msg("%s", f->err.message);
        assert_int_equal(1, count);
        assert_true(batches[0].columns[0].numbers[0] == (double)(i + 1));
        assert_int_equal("xyz"[i], batches[0].columns[1].texts[0].data[0]);
    }
    _cleanup_(free_string) char *none = xprintf("%s/nothing-*", f->folder);
    struct table_reader *other = NULL;
    paths[0] = none;
    assert_int_equal(MLOPS_NOT_FOUND, table_open_all(paths, 1, &options, &other, &f->err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(columns_get_the_narrowest_type),
        TEST(files_of_other_kinds_are_told_by_name),
        TEST(records_across_the_end_of_a_unit_are_whole),
        TEST(batches_are_the_same_on_any_number_of_cores),
        TEST(an_endless_record_is_refused),
        TEST(json_lines_are_rows_and_nested_objects_are_flattened),
        TEST(what_does_not_fit_is_counted_where_that_is_asked_for),
        TEST(whole_numbers_are_times_where_name_and_size_say_so),
        TEST(many_files_are_one_table),
        TEST(line_ends_and_byte_order_marks_do_not_show),
        TEST(quoted_fields_may_hold_anything),
        TEST(other_separators_are_found_out),
        TEST(spaces_around_numbers_times_and_bools_mean_nothing),
        TEST(columns_without_a_name_of_their_own_are_called_as_by_pandas),
        TEST(json_that_is_no_lines_is_refused_with_what_to_do),
        TEST(ragged_rows_are_refused_with_their_line),
        TEST(comments_do_not_decide_on_the_separator),
        TEST(names_that_are_given_stand_for_a_header),
        TEST(names_of_another_table_give_way_to_a_table_s_own),
        TEST(bytes_of_the_structure_separate_nothing),
        TEST(names_that_are_given_are_checked),
        TEST(empty_tables_are_refused),
        TEST(bad_headers_are_refused),
        TEST(broken_quotes_are_refused),
        TEST(a_late_misfit_is_refused_with_line_and_column),
        TEST(many_rows_come_in_batches_and_all_arrive),
        TEST(types_of_a_schema_override_those_of_the_cells),
        TEST(columns_that_nobody_asked_for_may_hold_anything),
        TEST(very_wide_tables_are_read_in_smaller_batches),
        TEST(standard_input_is_a_file_too),
        TEST(what_is_no_file_is_refused),
        TEST(cells_of_other_encodings_are_text_and_shown_clean),
        TEST(nul_bytes_in_cells_are_kept),
        TEST(names_of_columns_have_a_limit),
        TEST(no_truncation_of_a_file_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
