/* tests/unit/table/test_cut.c - CSV cut in two by its columns, and what is refused. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "table/cut.h"
#include <unistd.h>

struct fixture {
    char *folder, *whole, *kept, *taken;
    uint64_t rows;
    struct mlops_error err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    if (directory_make_temporary("/tmp", "cut-", &f->folder, &f->err))
        return -1;
    f->whole = path_join(f->folder, "whole.csv");
    f->kept = path_join(f->folder, "kept.csv");
    f->taken = path_join(f->folder, "taken.csv");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int code = tree_remove(f->folder, &f->err);
    free(f->folder);
    free(f->whole);
    free(f->kept);
    free(f->taken);
    free(f);
    return code;
}

static int cut(struct fixture *f, const char *text, const char *first, const char *second)
{
    const char *const columns[] = {first, second, NULL};
    f->err = (struct mlops_error){0};
    (void)unlink(f->kept);
    (void)unlink(f->taken);
    assert_int_equal(MLOPS_OK,
                     file_write_durable(f->whole, text, strlen(text), 0600, &f->err));
    return table_cut(f->whole, columns, f->kept, f->taken, &f->rows, &f->err);
}

static void assert_file(struct fixture *f, const char *path, const char *text)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    assert_int_equal(MLOPS_OK, file_read(path, 1 << 20, &content, &f->err));
    assert_string_equal(text, content.data ? content.data : "");
}

static void cells_are_cut_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(MLOPS_OK, cut(f, "\xef\xbb\xbfid,\"a, b\",y\r\n1,\"x\"\"\n,y\",0\r\n\r\n2, z ,1", "y",
                                   NULL));
    assert_int_equal(2, f->rows);
    assert_file(f, f->kept, "id,\"a, b\"\n1,\"x\"\"\n,y\"\n2, z \n");
    assert_file(f, f->taken, "y\n0\n1\n");
}

static void the_separator_is_the_one_that_has_the_columns(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(MLOPS_OK, cut(f, "id;\"y\"\"\";w\n1,5;0;2\n", "w", "y\""));
    assert_file(f, f->kept, "id\n1,5\n");
    assert_file(f, f->taken, "\"y\"\"\";w\n0;2\n");
}

/* An empty line would be no row to whoever reads it. */
static void a_cell_that_is_empty_and_alone_stays_a_row(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(MLOPS_OK, cut(f, "x,y\n,0\n1,1\n", "y", NULL));
    assert_file(f, f->kept, "x\n\"\"\n1\n");
}

static void what_cannot_be_cut_is_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x,y\n1,\n", ":2: a column that is withheld is empty"},
        {"x,y\n1,\"\"\n", ":2: a column that is withheld is empty"},
        {"x,y\n1,2\n1\n", ":3: 1 cells, and there are 2 columns"},
        {"x,y\n1,2,3\n", ":2: 3 cells, and there are 2 columns"},
        {"x,y\n1,\"2\n3,4\n", ":2: a quote is never closed"},
        {"x,y\n", " has no rows"},
        {"y\n1\n", " has no column beside those that are withheld"},
        {"x,z\n1,2\n", " has no column 'y'"},
        {"", " has no column 'y'"},
        {"{\"y\": 1}\n", " is JSON, and must be plain CSV"},
        {"\x1f\x8b\x08", " is packed with gzip, and must be plain CSV"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(MLOPS_INVALID, cut(f, cases[i].text, "y", NULL));
        assert_string_equal(cases[i].message, f->err.message + strlen(f->whole));
    }
    const char *const columns[] = {"y", NULL};
    assert_int_equal(MLOPS_NOT_FOUND,
                     table_cut("/nowhere", columns, f->kept, f->taken, &f->rows, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cells_are_cut_byte_for_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(the_separator_is_the_one_that_has_the_columns, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_cell_that_is_empty_and_alone_stays_a_row, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_cut_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("table/cut", tests, NULL, NULL);
}
