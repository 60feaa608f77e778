/* tests/unit/table/test_partition.c - names of folders as columns. What is expected of types and
 * escapes is what DuckDB's hive_partitioning says; tests/interop/hive.bats asks DuckDB itself. */
#include "table/partition.h"
#include "test.h"
#include <stdio.h>

static int read_paths(const char *const *paths, size_t count, struct partitions *partitions,
                      struct mlops_error *err)
{
    const struct table_options options = {0};
    *err = (struct mlops_error){0};
    return partitions_read(paths, count, "/d=x/root", &options, partitions, err);
}

static void keys_and_types_are_those_of_duckdb(void **state)
{
    static const char *const paths[] = {
        "/d=x/root/day=2024-01-01/n=1/c=007/s=a%20b%2fc/f=1.5/b=true/plain/q=a=b/p=x.csv",
        "/d=x/root/day=2024-01-02/n=-2/c=10/s=__HIVE_DEFAULT_PARTITION__/f=2/b=false/q=a=b/y.csv",
        "/d=x/root/day=/n=0/c=7/s=%zz%0/f=2/b=false/other/q=a=b/z.csv"};
    static const struct {
        const char *name;
        enum column_type type;
        const char *values[3];
    } expected[] = {
        {"day", COLUMN_TIME, {"2024-01-01", "2024-01-02", ""}},
        {"n", COLUMN_INTEGER, {"1", "-2", "0"}},
        {"c", COLUMN_CATEGORY, {"007", "10", "7"}},
        {"s", COLUMN_CATEGORY, {"a b/c", "", "%zz%0"}},
        {"f", COLUMN_CATEGORY, {"1.5", "2", "2"}},
        {"b", COLUMN_CATEGORY, {"true", "false", "false"}},
    };
    struct partitions partitions;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, read_paths(paths, 3, &partitions, &err));
    assert_int_equal(ARRAY_LENGTH(expected), partitions.count);
    for (size_t i = 0; i < partitions.count; i++) {
        assert_string_equal(expected[i].name, partitions.keys[i].name);
        assert_int_equal(expected[i].type, partitions.keys[i].type);
        for (size_t j = 0; j < 3; j++)
            assert_string_equal(expected[i].values[j], partitions.values[j * partitions.count + i]);
    }
    partitions_clear(&partitions);
}

static void files_of_other_keys_make_none(void **state)
{
    static const char *const shorter[] = {"/d=x/root/a=1/b=2/x", "/d=x/root/a=1/x"};
    static const char *const others[] = {"/d=x/root/a=1/x", "/d=x/root/b=1/x"};
    static const char *const none[] = {"/d=x/root/x", "/d=x/root/y/z"};
    struct partitions partitions;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, read_paths(shorter, 2, &partitions, &err));
    assert_true(partitions.mixed && partitions.count == 0);
    assert_int_equal(MLOPS_OK, read_paths(others, 2, &partitions, &err));
    assert_true(partitions.mixed && partitions.count == 0);
    assert_int_equal(MLOPS_OK, read_paths(none, 2, &partitions, &err));
    assert_true(!partitions.mixed && partitions.count == 0);
    partitions_clear(&partitions);
}

static void hostile_names_are_refused_or_taken_as_they_are(void **state)
{
    static const char *const twice[] = {"/d=x/root/a=1/a=2/x"};
    static const char *const binary[] = {"/d=x/root/a=%ff/x"};
    static const char *const nul[] = {"/d=x/root/a=b%00c/=x/==/x"};
    char many[1024] = "/d=x/root";
    const char *const deep[] = {many};
    struct partitions partitions;
    struct mlops_error err;
    (void)state;
    for (int i = 0; i < 70; i++)
        sprintf(many + strlen(many), "/k%d=1", i);
    strcat(many, "/x");
    assert_int_equal(MLOPS_INVALID, read_paths(twice, 1, &partitions, &err));
    assert_non_null(strstr(err.message, "the partition key 'a' twice"));
    partitions_clear(&partitions);
    assert_int_equal(MLOPS_INVALID, read_paths(binary, 1, &partitions, &err));
    partitions_clear(&partitions);
    assert_int_equal(MLOPS_INVALID, read_paths(deep, 1, &partitions, &err));
    assert_non_null(strstr(err.message, "more than 64"));
    partitions_clear(&partitions);
    assert_int_equal(MLOPS_OK, read_paths(nul, 1, &partitions, &err));
    assert_int_equal(1, partitions.count);
    assert_string_equal("b%00c", partitions.values[0]);
    partitions_clear(&partitions);
}

static void the_type_that_is_expected_is_taken(void **state)
{
    static const char *const paths[] = {"/d=x/root/a=1/b=2/x"};
    struct column_schema column = {(char *)(uintptr_t) "a", COLUMN_TEXT};
    const struct table_schema schema = {&column, 1};
    const struct table_options options = {.expected = &schema, .only_expected = true};
    struct partitions partitions;
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_OK, partitions_read(paths, 1, "/d=x/root", &options, &partitions, &err));
    assert_int_equal(COLUMN_TEXT, partitions.keys[0].type);
    assert_true(partitions.keys[0].wanted && !partitions.keys[1].wanted);
    partitions_clear(&partitions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_types_are_those_of_duckdb),
        cmocka_unit_test(files_of_other_keys_make_none),
        cmocka_unit_test(hostile_names_are_refused_or_taken_as_they_are),
        cmocka_unit_test(the_type_that_is_expected_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
