/* tests/unit/quality/test_row_keys.c - rows of equal keys, in memory and in many runs on disk. */
#include "test.h"

#include "quality/row_keys.h"
#include <unistd.h>

#define ROWS 20000
#define KEYS 7000

struct seen {
    uint64_t rows, repeated, shared;
    uint64_t last[KEYS]; /* the last row of each key, and 1 */
    const uint64_t *key_of;
};

static void count(void *context, const struct row_group *group, uint64_t row)
{
    struct seen *seen = context;
    uint64_t *last = &seen->last[seen->key_of[row]];
    seen->rows++;
    seen->repeated += group->rows > 1;
    seen->shared += group->any_other;
    assert_true(*last < row + 1); /* within a key in the order of the table */
    assert_int_equal(group->rows > 1, *last > 0);
    *last = row + 1;
}

/* Held against counting by a table of all keys, for which there is room here. */
static void check(size_t memory)
{
    struct mlops_error err = {0};
    static uint64_t key_of[ROWS];
    static bool own[KEYS], other[KEYS];
    uint64_t repeated = 0, shared = 0, state = 42;
    _cleanup_(row_keys_free_ptr) struct row_keys *keys = row_keys_new("/tmp", memory);
    memset(own, 0, sizeof(own));
    memset(other, 0, sizeof(other));
    for (uint64_t row = 0; row < 2 * ROWS; row++) {
        bool is_other = row % 2;
        struct digest digest;
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t key = (state >> 33) % KEYS;
        if (is_other)
            key = key % 500 * 14; /* few of them */
        else
            key_of[row / 2] = key;
        sha256_of(&key, sizeof(key), &digest);
        assert_int_equal(MLOPS_OK, row_keys_add(keys, &digest, is_other, row / 2, &err));
        repeated += !is_other && own[key];
        *(is_other ? &other[key] : &own[key]) = true;
    }
    for (uint64_t row = 0; row < ROWS; row++)
        shared += other[key_of[row]];
    struct seen seen = {.key_of = key_of};
    assert_int_equal(MLOPS_OK, row_keys_visit(keys, count, &seen, &err));
    assert_int_equal(ROWS, seen.rows);
    assert_int_equal(repeated, seen.repeated);
    assert_int_equal(shared, seen.shared);
}

static void rows_of_equal_keys_are_found_in_memory(void **state)
{
    (void)state;
    check(1 << 20);
}

static void and_so_where_little_memory_is_given(void **state)
{
    (void)state;
    check(24 * 1000); /* 40 runs */
    check(24 * 7);    /* 5715 runs */
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    struct mlops_error err = {0};
    struct digest digest = {{0}};
    (void)state;
    _cleanup_(row_keys_free_ptr) struct row_keys *keys = row_keys_new("/no/such", 24);
    assert_int_equal(MLOPS_OK, row_keys_add(keys, &digest, false, 0, &err));
    assert_int_equal(MLOPS_IO, row_keys_add(keys, &digest, false, 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_equal_keys_are_found_in_memory),
        cmocka_unit_test(and_so_where_little_memory_is_given),
        cmocka_unit_test(a_folder_that_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
