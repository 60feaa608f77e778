/* tests/unit/store/test_large_output.c - large files written into the page cache and past it. */
#include "test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "store/large_output.h"
#include <sys/stat.h>
#include <unistd.h>

#define STEP ((size_t)1 << 20)

struct fixture {
    char *folder, *path;
    uint8_t *memory; /* for a step, as output_write wants it to lie */
    struct mlops_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/var/tmp", "test-output", &f->folder, &f->err));
    f->path = path_join(f->folder, "file");
    f->memory = aligned_alloc(OUTPUT_BLOCK, STEP + 2 * OUTPUT_BLOCK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->path);
    free(f->memory);
    free(f);
    return 0;
}

/* `length` bytes of which `zeros` from `from` on are none. */
static uint8_t *given_bytes(size_t length, size_t from, size_t zeros)
{
    uint8_t *data = xmalloc(length);
    uint64_t x = 88172645463325252ULL; /* Marsaglia's xorshift64 */
    for (size_t i = 0; i < length; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        data[i] = i >= from && i < from + zeros ? 0 : (uint8_t)x;
    }
    return data;
}

/* In steps of `step` bytes; then the file is read again and compared. */
static void write_and_compare(struct fixture *f, const uint8_t *data, size_t length, size_t step,
                              struct output_pace *pace)
{
    struct output output;
    _cleanup_(buffer_clear) struct buffer back = {0};
    assert_int_equal(0, output_open(&output, f->path, pace, &f->err));
    for (size_t at = 0; at < length; at += step) {
        size_t now = length - at < step ? length - at : step;
        uint8_t *to = f->memory + at % OUTPUT_BLOCK;
        memcpy(to, data + at, now);
        assert_int_equal(0, output_write(&output, to, now, at, at + now == length, &f->err));
    }
    output_close(&output);
    assert_int_equal(0, file_read(f->path, length, &back, &f->err));
    assert_int_equal(length, back.length);
    assert_memory_equal(data, back.data, length);
    assert_int_equal(0, unlink(f->path));
}

static void steps_of_any_size_make_the_same_file(void **state)
{
    static const size_t steps[] = {STEP,   STEP - 1,     STEP - OUTPUT_BLOCK + 1,
                                   300007, OUTPUT_BLOCK, 77};
    size_t length = 5 * STEP + 12345;
    uint8_t *data = given_bytes(length, 0, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        struct output_pace pace = {0};
        size_t some = steps[i] < OUTPUT_BLOCK ? 20000 : length;
        write_and_compare(*state, data, some, steps[i], &pace);
        write_and_compare(*state, data, some, steps[i], NULL);
        assert_true(steps[i] < 300000 || pace.writes > 0);
    }
    free(data);
}

/* Whatever was measured: always the one, always the other. */
static void either_way_is_kept_to_when_it_is_quicker(void **state)
{
    size_t length = 12 * STEP + 1;
    uint8_t *data = given_bytes(length, 0, 0);
    struct output_pace direct = {.writes = 5, .cached_ns = INT64_MAX / 2, .direct_ns = 1};
    struct output_pace cached = {.writes = 5, .cached_ns = 1, .direct_ns = INT64_MAX / 2};
    write_and_compare(*state, data, length, STEP - 1, &direct);
    assert_int_equal(INT64_MAX / 2, cached.direct_ns);
    write_and_compare(*state, data, length, STEP - 1, &cached);
    assert_int_equal(INT64_MAX / 2, cached.direct_ns);
    free(data);
}

static void zeros_become_a_hole(void **state)
{
    struct fixture *f = *state;
    struct output_pace pace = {.writes = 5, .cached_ns = INT64_MAX / 2, .direct_ns = 1};
    struct output output;
    struct stat status;
    uint8_t *data = given_bytes(4 * STEP, STEP / 2 + 5, 3 * STEP);
    write_and_compare(f, data, 4 * STEP, STEP - 77, &pace);
    write_and_compare(f, data, 4 * STEP, STEP - 77, NULL);
    memset(f->memory, 0, STEP);
    assert_int_equal(0, output_open(&output, f->path, &pace, &f->err));
    assert_int_equal(0, output_write(&output, f->memory, STEP, 0, false, &f->err));
    memset(f->memory, 1, STEP);
    assert_int_equal(0, output_write(&output, f->memory, STEP, STEP, true, &f->err));
    output_close(&output);
    assert_int_equal(0, stat(f->path, &status));
    assert_int_equal(2 * STEP, status.st_size);
    assert_true(status.st_blocks * 512 < (blkcnt_t)(STEP + STEP / 2));
    free(data);
}

static void a_file_that_is_there_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct output output;
    output_init(&output);
    assert_int_equal(0, file_write_durable(f->path, "x", 1, 0644, &f->err));
    assert_int_equal(MLOPS_IO, output_open(&output, f->path, NULL, &f->err));
    output_close(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_of_any_size_make_the_same_file, setup, teardown),
        cmocka_unit_test_setup_teardown(either_way_is_kept_to_when_it_is_quicker, setup, teardown),
        cmocka_unit_test_setup_teardown(zeros_become_a_hole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_there_is_not_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
