/* tests/unit/store/test_span.c - objects by ranges. */
#include "test.h"

#include "base/file.h"
#include "store/span.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define LARGE 3000000 /* many chunks */

struct fixture {
    char *folder;
    struct store *store;
    struct buffer content;
    struct digest digest;
    struct mlops_error err;
};

/* A store with one object of bytes that do not compress. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct store_writer *writer;
    struct store_added added;
    uint64_t x = 88172645463325252ULL; /* Marsaglia's xorshift64 */
    for (size_t i = 0; i < LARGE; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        buffer_putc(&f->content, (char)x);
    }
    assert_int_equal(0, directory_make_temporary("/tmp", "test-span", &f->folder, &f->err));
    assert_int_equal(0, store_init(f->folder, &f->err));
    assert_int_equal(0, store_open(f->folder, NULL, &f->store, &f->err));
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add(writer, f->content.data, LARGE, &f->digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    buffer_clear(&f->content);
    free(f->folder);
    free(f);
    return 0;
}

static void assert_range(struct fixture *f, struct store_span *span, uint64_t offset, size_t length)
{
    char *got = xmalloc(length + 1);
    assert_int_equal(0, store_span_read(span, offset, got, length, &f->err));
    assert_memory_equal(f->content.data + offset, got, length);
    free(got);
}

static void any_range_is_there_forwards_and_back(void **state)
{
    struct fixture *f = *state;
    struct store_span *span;
    assert_int_equal(0, store_span_open(f->store, &f->digest, &span, &f->err));
    for (uint64_t offset = 0; offset + 512000 <= LARGE; offset += 512000)
        assert_range(f, span, offset, 512000);
    assert_range(f, span, 0, LARGE);
    for (uint64_t offset = LARGE - 1; offset > 100000; offset -= 99991)
        assert_range(f, span, offset - 1000, 1001);
    assert_range(f, span, LARGE, 0);
    store_span_free(span);
}

static void what_lies_behind_the_end_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_span *span;
    char got[8];
    assert_int_equal(0, store_span_open(f->store, &f->digest, &span, &f->err));
    assert_int_equal(MLOPS_INTEGRITY, store_span_read(span, LARGE - 7, got, 8, &f->err));
    assert_int_equal(MLOPS_INTEGRITY, store_span_read(span, UINT64_MAX, got, 8, &f->err));
    store_span_free(span);
}

static void an_object_of_one_piece_is_read_as_well(void **state)
{
    struct fixture *f = *state;
    struct store_writer *writer;
    struct store_added added;
    struct store_span *span;
    char got[5] = "";
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add(writer, "some bytes", 10, &f->digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    assert_int_equal(0, store_span_open(f->store, &f->digest, &span, &f->err));
    assert_int_equal(0, store_span_read(span, 5, got, 4, &f->err));
    assert_string_equal("byte", got);
    assert_int_equal(MLOPS_INTEGRITY, store_span_read(span, 5, got, 6, &f->err));
    store_span_free(span);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct store_span *span = NULL;
    sha256_of("nothing", 7, &f->digest);
    assert_int_equal(MLOPS_NOT_FOUND, store_span_open(f->store, &f->digest, &span, &f->err));
    assert_null(span);
}

static void damage_is_found_before_a_byte_of_it_is_given(void **state)
{
    struct fixture *f = *state;
    struct store_span *span;
    _cleanup_(free_string) char *packs = xprintf("%s/packs", f->folder);
    DIR *folder = opendir(packs);
    const struct dirent *entry;
    while ((entry = readdir(folder)) && entry->d_name[0] == '.') {
    }
    assert_non_null(entry);
    _cleanup_(free_string) char *path = xprintf("%s/%s", packs, entry->d_name);
    closedir(folder);
    assert_int_equal(0, chmod(path, 0600));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(1, pwrite(fd, "x", 1, 1500000));
    assert_int_equal(1, pwrite(fd, "y", 1, 1500001)); /* one of them was another */
    close(fd);
    char *got = xcalloc(LARGE, 1);
    assert_int_equal(0, store_span_open(f->store, &f->digest, &span, &f->err));
    assert_int_equal(MLOPS_INTEGRITY, store_span_read(span, 0, got, LARGE, &f->err));
    store_span_free(span);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_range_is_there_forwards_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lies_behind_the_end_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_of_one_piece_is_read_as_well, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_found_before_a_byte_of_it_is_given, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
