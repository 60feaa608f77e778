/* tests/unit/store/test_blob_cache.c - a folder of copies, and its size. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/blob_cache.h"
#include <dirent.h>
#include <stdio.h>

enum { LIMIT = 100000, ENTRY = 10000 };

struct fixture {
    char *folder;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "test-cache", &f->folder, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f);
    return 0;
}

static void put(struct blob_cache *cache, char who, int number)
{
    static const char data[ENTRY];
    char name[16];
    (void)snprintf(name, sizeof(name), "%c%d", who, number);
    blob_cache_put(cache, name, data, sizeof(data));
}

static size_t count(const struct fixture *f)
{
    DIR *folder = opendir(f->folder);
    size_t names = 0;
    assert_non_null(folder);
    while (readdir(folder))
        names++;
    closedir(folder);
    return names - 2; /* "." and ".." */
}

static void what_is_kept_comes_back(void **state)
{
    struct fixture *f = *state;
    struct blob_cache *cache = blob_cache_new(f->folder, LIMIT);
    char data[8];
    size_t got;
    uint64_t size;
    blob_cache_put(cache, "a", "content", 7);
    assert_true(blob_cache_get(cache, "a", 3, data, sizeof(data), &got));
    assert_int_equal(4, got);
    assert_memory_equal("tent", data, 4);
    assert_true(blob_cache_size(cache, "a", &size));
    assert_int_equal(7, size);
    assert_false(blob_cache_get(cache, "b", 0, data, sizeof(data), &got));
    assert_true(blob_cache_drop(cache, "a"));
    assert_false(blob_cache_has(cache, "a"));
    blob_cache_free(cache);
}

static void one_alone_keeps_to_its_size_all_the_time(void **state)
{
    struct fixture *f = *state;
    struct blob_cache *cache = blob_cache_new(f->folder, LIMIT);
    for (int i = 0; i < 50; i++) {
        put(cache, 'a', i);
        assert_true(count(f) * ENTRY <= LIMIT);
    }
    blob_cache_free(cache);
}

/* As two processes: each counts what it adds itself. */
static void two_side_by_side_keep_to_it_in_the_end(void **state)
{
    struct fixture *f = *state;
    struct blob_cache *one = blob_cache_new(f->folder, LIMIT),
                      *other = blob_cache_new(f->folder, LIMIT);
    for (int i = 0; i < 8; i++) {
        put(one, 'a', i);
        put(other, 'b', i);
    }
    blob_cache_free(one);
    blob_cache_free(other);
    assert_in_range(count(f), 1, LIMIT / ENTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_alone_keeps_to_its_size_all_the_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(two_side_by_side_keep_to_it_in_the_end, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
