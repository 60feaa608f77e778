/* tests/unit/store/test_delta.c - versions that differ here and there: small, and read back
 * whole. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/check.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS = 60000, VERSIONS = 5 };

struct fixture {
    char *folder, *objects, *table, *back;
    struct store *store;
    char **rows;
    uint64_t seed;
    struct mlops_error err;
};

static uint64_t next(struct fixture *f) /* xorshift64, Marsaglia 2003 */
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return f->seed;
}

static char *make_row(struct fixture *f)
{
    uint64_t a = next(f), b = next(f);
    return xprintf("%llu,2026-%02llu-%02llu,%.6f,%s\n", (unsigned long long)(a % 1000000),
                   (unsigned long long)(a >> 20) % 12 + 1, (unsigned long long)(b >> 8) % 28 + 1,
                   (double)(b % 1000003) / 1e3, b % 3 ? "travel" : "groceries");
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->seed = 42;
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-delta", &f->folder, &f->err));
    f->objects = path_join(f->folder, "objects");
    f->table = path_join(f->folder, "table.csv");
    f->back = path_join(f->folder, "back.csv");
    assert_int_equal(0, directory_make(f->objects, 0755, &f->err));
    assert_int_equal(0, store_init(f->objects, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
    f->rows = xcalloc(ROWS, sizeof(*f->rows));
    for (size_t i = 0; i < ROWS; i++)
        f->rows[i] = make_row(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    for (size_t i = 0; i < ROWS; i++)
        free(f->rows[i]);
    free(f->rows);
    free(f->folder);
    free(f->objects);
    free(f->table);
    free(f->back);
    free(f);
    return 0;
}

static void change_rows(struct fixture *f, size_t one_in)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (next(f) % one_in != 0)
            continue;
        free(f->rows[i]);
        f->rows[i] = make_row(f);
    }
}

/* Store the table as it is; `base` may be NULL. Returns what it took. */
static uint64_t store_table(struct fixture *f, const struct digest *base, struct digest *digest)
{
    FILE *file = fopen(f->table, "w");
    assert_non_null(file);
    for (size_t i = 0; i < ROWS; i++)
        assert_true(fputs(f->rows[i], file) >= 0);
    assert_int_equal(0, fclose(file));
    struct store_writer *writer;
    struct store_added added;
    struct store_file entry = {.path = f->table, .base = base};
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add_files(writer, &entry, 1, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    *digest = entry.digest;
    return added.new_bytes;
}

static int restore(struct fixture *f, const struct digest *digest, uint64_t size)
{
    struct store_restore file = {.digest = *digest, .size = size, .path = f->back, .mode = 0600};
    (void)unlink(f->back);
    return store_restore_files(f->store, &file, 1, false, NULL, &f->err);
}

static uint64_t size_of(struct fixture *f, const struct digest *digest)
{
    uint64_t size;
    assert_int_equal(0, store_object_size(f->store, digest, &size, &f->err));
    return size;
}

static void reopen(struct fixture *f)
{
    store_close(f->store);
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
}

static void changed_rows_cost_little_and_every_version_comes_back(void **state)
{
    struct fixture *f = *state;
    struct digest digests[VERSIONS];
    uint64_t first = store_table(f, NULL, &digests[0]);
    for (size_t i = 1; i < VERSIONS; i++) {
        change_rows(f, 100);
        uint64_t grown = store_table(f, &digests[i - 1], &digests[i]);
        assert_true(grown < first / 10); /* a row in a hundred; without deltas nearly all of it */
    }
    reopen(f);
    for (size_t i = 0; i < VERSIONS; i++)
        assert_int_equal(0, restore(f, &digests[i], size_of(f, &digests[i])));
}

/* Inserted and deleted rows move everything behind them. */
static void moved_rows_cost_little(void **state)
{
    struct fixture *f = *state;
    struct digest before, after;
    uint64_t first = store_table(f, NULL, &before);
    for (size_t i = 0; i < ROWS; i += 500) {
        free(f->rows[i]);
        f->rows[i] =
            i % 1000 ? xstrdup("") : xprintf("1,new\n2,rows\n%llu,here\n", (unsigned long long)i);
    }
    uint64_t grown = store_table(f, &before, &after);
    assert_true(grown < first / 10);
    assert_int_equal(0, restore(f, &after, size_of(f, &after)));
}

static void another_content_is_stored_by_itself(void **state)
{
    struct fixture *f = *state;
    struct digest before, after;
    uint64_t first = store_table(f, NULL, &before);
    change_rows(f, 1);
    uint64_t grown = store_table(f, &before, &after);
    assert_true(grown > first / 2 && grown < first + first / 10);
    assert_int_equal(0, restore(f, &after, size_of(f, &after)));
}

static void a_base_that_is_not_there_is_no_error(void **state)
{
    struct fixture *f = *state;
    struct digest nowhere = {{7}}, digest;
    (void)store_table(f, &nowhere, &digest);
    assert_int_equal(0, restore(f, &digest, size_of(f, &digest)));
}

/* ---- bases that are lost ---- */

/* The pack files: those that were there before `known` names were collected go last. */
static size_t packs(struct fixture *f, char names[][80], size_t max)
{
    _cleanup_(free_string) char *folder = path_join(f->objects, "packs");
    DIR *listing = opendir(folder);
    size_t count = 0;
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_name[0] != '.' && count < max)
            str_copy(names[count++], 80, entry->d_name);
    closedir(listing);
    return count;
}

static void remove_pack(struct fixture *f, const char *name)
{
    _cleanup_(free_string) char *path = xprintf("%s/packs/%s", f->objects, name);
    assert_int_equal(0, unlink(path));
}

static void count_problem(void *context, const char *kind, const char *object, const char *message)
{
    (void)kind, (void)object, (void)message;
    ++*(size_t *)context;
}

static void a_lost_base_is_found_and_never_read_past(void **state)
{
    struct fixture *f = *state;
    struct digest before, after;
    char names[4][80];
    size_t problems = 0;
    struct store_problems sink = {.context = &problems, .report = count_problem};
    (void)store_table(f, NULL, &before);
    assert_int_equal(1, packs(f, names, 4));
    change_rows(f, 100);
    (void)store_table(f, &before, &after);
    uint64_t size = size_of(f, &after);
    assert_int_equal(0, store_check(f->store, false, &sink, &f->err));
    assert_int_equal(0, problems);
    remove_pack(f, names[0]);
    reopen(f);
    assert_int_equal(MLOPS_INTEGRITY, restore(f, &after, size));
    assert_int_equal(0, store_check(f->store, false, &sink, &f->err));
    assert_true(problems > 0);
}

/* What garbage collection may leave: a delta whose base went. Packaging the same content again
 * stores it again, and the copy that needs no base is the one that is read. */
static void a_delta_without_its_base_is_stored_anew(void **state)
{
    struct fixture *f = *state;
    struct digest before, after, again;
    char names[4][80];
    (void)store_table(f, NULL, &before);
    assert_int_equal(1, packs(f, names, 4));
    change_rows(f, 100);
    (void)store_table(f, &before, &after);
    uint64_t size = size_of(f, &after);
    remove_pack(f, names[0]);
    reopen(f);
    struct store_writer *writer;
    bool whole;
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_has(writer, &after, &whole, &f->err));
    assert_false(whole);
    store_writer_abort(writer);
    assert_true(store_table(f, &before, &again) > 0);
    assert_true(digest_equal(&after, &again));
    reopen(f);
    assert_int_equal(0, restore(f, &after, size));
}

/* A bit of the pack with the deltas flipped: what is read is right, or nothing is. */
static void no_flipped_bit_of_a_delta_gives_wrong_bytes(void **state)
{
    struct fixture *f = *state;
    struct digest before, after;
    char first[1][80], names[4][80];
    (void)store_table(f, NULL, &before);
    assert_int_equal(1, packs(f, first, 1));
    change_rows(f, 400);
    (void)store_table(f, &before, &after);
    uint64_t size = size_of(f, &after);
    size_t count = packs(f, names, 4), refused = 0;
    assert_int_equal(2, count);
    _cleanup_(free_string) char *path =
        xprintf("%s/packs/%s", f->objects, str_equal(names[0], first[0]) ? names[1] : names[0]);
    _cleanup_(buffer_clear) struct buffer pack = {0};
    assert_int_equal(0, file_read(path, 1U << 24, &pack, &f->err));
    assert_int_equal(0, chmod(path, 0600));
    for (size_t i = 0; i < 200; i++) {
        size_t at = next(f) % pack.length;
        char flipped = (char)(pack.data[at] ^ (1 << next(f) % 8));
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        assert_int_equal(0, fseek(file, (long)at, SEEK_SET));
        assert_int_equal(1, fwrite(&flipped, 1, 1, file));
        assert_int_equal(0, fclose(file));
        reopen(f);
        int code = restore(f, &after, size); /* what it gives is verified, so 0 is right bytes */
        assert_true(code == MLOPS_OK || code == MLOPS_INTEGRITY);
        refused += code == MLOPS_INTEGRITY;
        file = fopen(path, "r+");
        assert_int_equal(0, fseek(file, (long)at, SEEK_SET));
        assert_int_equal(1, fwrite(&pack.data[at], 1, 1, file));
        assert_int_equal(0, fclose(file));
    }
    assert_true(refused >= 198); /* but for spare bits of what is packed */
    reopen(f);
    assert_int_equal(0, restore(f, &after, size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(changed_rows_cost_little_and_every_version_comes_back),
        TEST(moved_rows_cost_little),
        TEST(another_content_is_stored_by_itself),
        TEST(a_base_that_is_not_there_is_no_error),
        TEST(a_lost_base_is_found_and_never_read_past),
        TEST(a_delta_without_its_base_is_stored_anew),
        TEST(no_flipped_bit_of_a_delta_gives_wrong_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
