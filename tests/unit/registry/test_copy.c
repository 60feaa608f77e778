/* tests/unit/registry/test_copy.c - every table and column is among those that copying moves. */
#include "registry/fixture.h"

#include "registry/copy_rows.h"

/* The columns of a table as the database has them; the caller frees. */
static char *columns_of(struct fixture *f, const char *table)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    assert_ok(f, db_query(f->registry->db, &rows, &f->err,
                          "SELECT group_concat(name, ', ') FROM pragma_table_info($1)",
                          DB_TEXT(table)));
    assert_ok(f, db_step(rows, &any, &f->err));
    return xstrdup(any ? db_string(rows, 0) : "");
}

static const char *copied_columns(const char *table)
{
    const struct copy_table *copied;

    for (size_t i = 0; (copied = registry_copy_table(i)); i++)
        if (str_equal(copied->name, table))
            return copied->columns;
    return "(not copied)";
}

static void every_column_of_every_table_is_copied(void **state)
{
    struct fixture *f = *state;
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t count = 0;
    bool more;

    needs_sqlite(f);
    assert_ok(f, db_query(f->registry->db, &rows, &f->err,
                          "SELECT name FROM sqlite_master WHERE type = 'table' "
                          "AND name NOT LIKE 'sqlite_%' AND name <> 'meta'"));
    for (;; count++) {
        assert_ok(f, db_step(rows, &more, &f->err));
        if (!more)
            break;
        _cleanup_(free_string) char *columns = columns_of(f, db_string(rows, 0));
        assert_string_equal(columns, copied_columns(db_string(rows, 0)));
    }
    assert_true(count > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_column_of_every_table_is_copied, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
