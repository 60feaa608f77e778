/* tests/unit/trial/test_object.c - any range of an object, small or of many chunks, is its
 * bytes. */
#include "trial/session.h"

#include "trial/object.h"

struct given_object {
    struct store *store;
    struct reader *reader;
    struct digest digest;
    uint8_t *data;
    size_t size;
};

/* An object of bytes that no two chunks share. */
static struct given_object given_object(struct session *s, size_t size)
{
    struct given_object object = {.size = size, .data = xmalloc(size + 1)};
    struct store_writer *writer = NULL;
    struct store_added added;
    uint64_t random = 88172645463325252u; /* xorshift64 (Marsaglia 2003) */
    for (size_t i = 0; i < size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        object.data[i] = (uint8_t)(random >> 24);
    }
    _cleanup_(free_string) char *path = path_join(s->folder, "object");
    assert_ok(s, file_write_durable(path, object.data, size, 0644, &s->err));
    assert_ok(s, registry_store(s->registry, &object.store, &s->err));
    assert_ok(s, store_writer_begin(object.store, &writer, &s->err));
    struct store_file file = {.path = path};
    assert_ok(s, store_writer_add_files(writer, &file, 1, &s->err));
    assert_ok(s, store_writer_publish(writer, &added, &s->err));
    assert_ok(s, store_refresh(object.store, &s->err));
    object.digest = file.digest;
    object.reader = reader_new(object.store);
    return object;
}

static void object_clear(struct given_object *object)
{
    reader_free(object->reader);
    free(object->data);
}

static void check_range(struct session *s, struct source *source, const struct given_object *object,
                        uint64_t offset, size_t length)
{
    uint8_t *got = xmalloc(length + 1);
    assert_ok(s, source->read(source, offset, got, length, &s->err));
    assert_memory_equal(object->data + offset, got, length);
    free(got);
}

static void every_range_of_an_object_is_its_bytes(void **state)
{
    struct session *s = *state;
    const size_t sizes[] = {0, 1, 1000, 300000, 3000000};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct given_object object = given_object(s, sizes[i]);
        struct source *source = NULL;
        assert_ok(s, object_open(object.store, object.reader, &object.digest, &source, &s->err));
        assert_int_equal(sizes[i], source->size);
        check_range(s, source, &object, 0, sizes[i]);
        check_range(s, source, &object, sizes[i], 0);
        for (unsigned step = 1; step < 400 && sizes[i]; step++) { /* to and fro */
            uint64_t offset = (uint64_t)step * 7919 * 7919 % sizes[i];
            size_t length = (size_t)step * 104729 % (sizes[i] - offset);
            check_range(s, source, &object, offset, length);
        }
        source_close(source);
        object_clear(&object);
    }
}

/* Small files lie many in a chunk. */
static void every_one_of_many_small_files_is_its_bytes(void **state)
{
    enum { FILES = 300 };
    struct session *s = *state;
    struct store_file files[FILES] = {0};
    struct store_writer *writer = NULL;
    struct store_added added;
    struct store *store = NULL;
    char *paths[FILES], *texts[FILES];
    for (int i = 0; i < FILES; i++) {
        paths[i] = xprintf("%s/small%d", s->folder, i);
        texts[i] = xprintf("%d: %*s", i, i * 37 % 4000, "the end");
        assert_ok(s, file_write_durable(paths[i], texts[i], strlen(texts[i]), 0644, &s->err));
        files[i].path = paths[i];
    }
    assert_ok(s, registry_store(s->registry, &store, &s->err));
    assert_ok(s, store_writer_begin(store, &writer, &s->err));
    assert_ok(s, store_writer_add_files(writer, files, FILES, &s->err));
    assert_ok(s, store_writer_publish(writer, &added, &s->err));
    assert_ok(s, store_refresh(store, &s->err));
    struct reader *reader = reader_new(store);
    for (int i = 0; i < FILES; i++) {
        struct source *source = NULL;
        const struct given_object object = {.data = (uint8_t *)texts[i], .size = strlen(texts[i])};
        assert_ok(s, object_open(store, reader, &files[i].digest, &source, &s->err));
        assert_int_equal(object.size, source->size);
        check_range(s, source, &object, 0, object.size);
        check_range(s, source, &object, object.size / 2, object.size / 3);
        source_close(source);
    }
    reader_free(reader);
    for (int i = 0; i < FILES; i++) {
        free(paths[i]);
        free(texts[i]);
    }
}

static void an_object_that_is_not_there_is_not_found(void **state)
{
    struct session *s = *state;
    struct given_object object = given_object(s, 10);
    struct source *source = NULL;
    struct digest other;
    sha256_of("other", 5, &other);
    assert_fails(s, MLOPS_NOT_FOUND,
                 object_open(object.store, object.reader, &other, &source, &s->err));
    source_close(source);
    object_clear(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(every_range_of_an_object_is_its_bytes),
        session_test(every_one_of_many_small_files_is_its_bytes),
        session_test(an_object_that_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
