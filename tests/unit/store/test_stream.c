/* tests/unit/store/test_stream.c - objects piece by piece. */
#include "test.h"

#include "base/file.h"
#include "store/stream.h"
#include <stdio.h>

struct fixture {
    char *folder;
    struct store *store;
    struct mlops_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "test-stream", &f->folder, &f->err));
    assert_int_equal(0, store_init(f->folder, &f->err));
    assert_int_equal(0, store_open(f->folder, NULL, &f->store, &f->err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f);
    return 0;
}

/* `length` bytes of a fixed sequence that does not compress. */
static void given_object(struct fixture *f, size_t length, struct buffer *content,
                         struct digest *digest)
{
    struct store_writer *writer;
    struct store_added added;
    uint64_t x = 88172645463325252ULL; /* Marsaglia's xorshift64 */
    buffer_reserve(content, length);
    for (size_t i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        buffer_putc(content, (char)x);
    }
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(
        0, store_writer_add(writer, length ? content->data : "", length, digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
}

static int collect(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    (void)err;
    buffer_append(context, data, length);
    return MLOPS_OK;
}

static int refuse_second(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    (void)data;
    (void)length;
    if (++*(int *)context == 2)
        return mlops_fail(err, MLOPS_REFUSED, "enough");
    return MLOPS_OK;
}

static void all_bytes_come_in_order_whatever_the_size(void **state)
{
    struct fixture *f = *state;
    const size_t lengths[] = {0, 1, 70000, 3000000};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        _cleanup_(buffer_clear) struct buffer content = {0}, got = {0};
        struct digest digest;
        given_object(f, lengths[i], &content, &digest);
        assert_int_equal(0, store_stream(f->store, &digest, collect, &got, &f->err));
        assert_int_equal(lengths[i], got.length);
        if (lengths[i] > 0)
            assert_memory_equal(content.data, got.data, got.length);
    }
}

static void a_sink_that_fails_stops_it(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct digest digest;
    int calls = 0;
    given_object(f, 3000000, &content, &digest);
    assert_int_equal(MLOPS_REFUSED,
                     store_stream(f->store, &digest, refuse_second, &calls, &f->err));
    assert_int_equal(2, calls);
    assert_string_equal("enough", f->err.message);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer got = {0};
    struct digest digest;
    sha256_of("nothing", 7, &digest);
    assert_int_equal(MLOPS_NOT_FOUND, store_stream(f->store, &digest, collect, &got, &f->err));
    assert_int_equal(0, got.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_bytes_come_in_order_whatever_the_size, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sink_that_fails_stops_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
