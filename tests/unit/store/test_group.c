/* tests/unit/store/test_group.c - small files, many in a chunk: stored together, read apart. */
#include "store/beside.h"

#include "store/check.h"
#include "store/pack_writer.h"
#include "store/reader.h"
#include "store/salvage.h"

enum { FILES = 600, LARGE = 3 << 20, TAIL_MAX = 16 << 10 };

struct content {
    char *path;
    uint8_t *data;
    size_t length;
    struct store_file file;
};

static uint64_t next(uint64_t *seed) /* xorshift64, Marsaglia 2003 */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct content given_content(struct fixture *f, const char *name, size_t length,
                                    uint64_t seed)
{
    struct content content = {.path = path_join(f->folder, name), .length = length};
    content.data = xmalloc(length + 1);
    for (size_t i = 0; i < length; i++)
        content.data[i] = (uint8_t)("0123456789abcdef"[next(&seed) % 16]);
    return content;
}

static void write_content(struct content *content)
{
    FILE *file = fopen(content->path, "w");
    assert_non_null(file);
    assert_int_equal(content->length, fwrite(content->data, 1, content->length, file));
    assert_int_equal(0, fclose(file));
    content->file = (struct store_file){.path = content->path, .size = content->length};
}

static void content_clear(struct content *content)
{
    free(content->path);
    free(content->data);
}

static uint64_t store_all(struct fixture *f, struct content *contents, size_t count)
{
    struct store_writer *writer;
    struct store_added added;
    struct store_file *files = xcalloc(count, sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        write_content(&contents[i]);
        files[i] = contents[i].file;
    }
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add_files(writer, files, count, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    for (size_t i = 0; i < count; i++) {
        struct digest digest;
        contents[i].file = files[i];
        sha256_of(contents[i].data, contents[i].length, &digest);
        assert_true(digest_equal(&digest, &files[i].digest));
        assert_int_equal(contents[i].length, files[i].size);
    }
    free(files);
    return added.new_bytes;
}

static int restore(struct fixture *f, const struct content *content)
{
    struct store_restore file = {.digest = content->file.digest,
                                 .size = content->length,
                                 .path = content->path,
                                 .mode = 0600};
    (void)unlink(content->path);
    return store_restore_files(f->store, &file, 1, false, NULL, &f->err);
}

static void assert_comes_back(struct fixture *f, const struct content *content)
{
    _cleanup_(buffer_clear) struct buffer back = {0};
    uint64_t size;
    assert_int_equal(0, restore(f, content));
    assert_int_equal(0, file_read(content->path, LARGE * 2, &back, &f->err));
    assert_int_equal(content->length, back.length);
    if (back.length > 0)
        assert_memory_equal(content->data, back.data, back.length);
    assert_int_equal(0, store_object_size(f->store, &content->file.digest, &size, &f->err));
    assert_int_equal(content->length, size);
}

static void fail_on_problem(void *context, const char *kind, const char *object,
                            const char *message)
{
    (void)context;
    fail_msg("%s %s: %s", kind, object, message);
}

static void assert_clean(struct fixture *f)
{
    const struct store_problems problems = {.report = fail_on_problem};
    assert_int_equal(0, store_check(f->store, false, &problems, &f->err));
}

static void reopen(struct fixture *f)
{
    store_close(f->store);
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
}

static void many_small_files_share_chunks_and_come_back_one_by_one(void **state)
{
    struct fixture *f = *state;
    static struct content contents[FILES];
    struct store_usage usage;
    uint64_t seed = 7, bytes = 0;
    for (size_t i = 0; i < FILES; i++) {
        char name[16];
        size_t length = i < 4 ? i : next(&seed) % 6000;
        (void)snprintf(name, sizeof(name), "f%zu", i);
        contents[i] = given_content(f, name, length, i % 50 == 49 ? 50 : i + 1); /* some twice */
        bytes += length;
    }
    assert_true(store_all(f, contents, FILES) < bytes / 4 * 3);
    reopen(f);
    for (size_t i = 0; i < FILES; i++)
        assert_comes_back(f, &contents[i]);
    assert_int_equal(0, store_usage(f->store, &usage, &f->err));
    assert_true(usage.objects < FILES / 8);
    assert_true(usage.raw_bytes <= bytes);
    assert_clean(f);
    assert_int_equal(0, store_all(f, contents, FILES)); /* all of it is there */
    for (size_t i = 0; i < FILES; i++)
        content_clear(&contents[i]);
}

/* The last chunk of a recipe. */
static struct recipe_entry tail_of(struct fixture *f, const struct digest *digest)
{
    _cleanup_(reader_free_ptr) struct reader *reader = reader_new(f->store);
    struct location location;
    struct recipe_entry entry;
    uint8_t *entries;
    size_t count;
    assert_int_equal(0, reader_find(reader, digest, &location, &f->err));
    assert_int_equal(0, reader_load_recipe(reader, &location, &entries, &count, &f->err));
    recipe_entry_decode(entries, count - 1, &entry);
    free(entries);
    return entry;
}

/* A large file whose last chunk is short, and small files: one is that chunk. */
static void given_tail(struct fixture *f, struct content contents[3])
{
    struct recipe_entry tail = {.length = UINT32_MAX};
    for (uint64_t seed = 1; tail.length > TAIL_MAX; seed++) {
        struct content large = given_content(f, "large", LARGE + seed * 977, seed);
        (void)store_all(f, &large, 1);
        tail = tail_of(f, &large.file.digest);
        if (tail.length > TAIL_MAX)
            content_clear(&large);
        else
            contents[0] = large;
    }
    contents[1] = given_content(f, "tail", tail.length, 1);
    memcpy(contents[1].data, contents[0].data + contents[0].length - tail.length, tail.length);
    contents[2] = given_content(f, "other", 5000, 99);
}

/* Another store, which has nothing yet. */
static void empty_store(struct fixture *f)
{
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->objects, &f->err));
    assert_int_equal(0, directory_make(f->objects, 0755, &f->err));
    assert_int_equal(0, store_init(f->objects, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
}

static void a_slice_does_not_stand_for_the_chunk_of_a_large_file(void **state)
{
    struct fixture *f = *state;
    struct content contents[3];
    given_tail(f, contents);
    for (int order = 0; order < 3; order++) {
        empty_store(f);
        if (order == 0) { /* small files first */
            (void)store_all(f, contents + 1, 2);
            (void)store_all(f, contents, 1);
        } else if (order == 1) {
            (void)store_all(f, contents, 1);
            (void)store_all(f, contents + 1, 2);
        } else {
            (void)store_all(f, contents, 3);
        }
        reopen(f);
        for (size_t i = 0; i < 3; i++)
            assert_comes_back(f, &contents[i]);
        assert_clean(f);
    }
    for (size_t i = 0; i < 3; i++)
        content_clear(&contents[i]);
}

/* A recipe by hand: `content` is a slice of `chunk`, at `offset`. */
static void put_recipe(struct fixture *f, const struct digest *name, const struct digest *chunk,
                       uint32_t offset, uint32_t length)
{
    _cleanup_(buffer_clear) struct buffer recipe = {0};
    const struct recipe_entry entry = {.chunk = *chunk, .length = length, .offset = offset};
    struct pack_writer *writer;
    uint64_t bytes;
    recipe_append(&recipe, &entry);
    recipe_finish(&recipe);
    const struct record record = {.name = *name,
                                  .kind = RECORD_RECIPE,
                                  .stored = (uint32_t)recipe.length,
                                  .raw = (uint32_t)recipe.length};
    assert_int_equal(0, pack_writer_new(f->store, &writer, &f->err));
    struct pack_batch *batch = pack_batch_new(writer);
    assert_int_equal(0, pack_batch_add(batch, &record, recipe.data, &f->err));
    assert_int_equal(0, pack_batch_flush(batch, &f->err));
    assert_int_equal(0, pack_writer_publish(writer, &bytes, &f->err));
    pack_batch_free(batch);
    pack_writer_free(writer);
    reopen(f);
}

/* As gc leaves it where only the chunk's pack went. */
static void a_slice_that_lost_its_chunk_is_stored_anew(void **state)
{
    struct fixture *f = *state;
    struct content contents[2] = {given_content(f, "a", 3000, 1), given_content(f, "b", 4000, 2)};
    struct digest name, gone = {{1, 2, 3}};
    sha256_of(contents[0].data, contents[0].length, &name);
    put_recipe(f, &name, &gone, 0, 3000);
    contents[0].file.digest = name;
    assert_int_equal(MLOPS_INTEGRITY, restore(f, &contents[0]));
    (void)store_all(f, contents, 2);
    reopen(f);
    for (size_t i = 0; i < 2; i++) {
        assert_comes_back(f, &contents[i]);
        content_clear(&contents[i]);
    }
    assert_clean(f);
}

static void a_slice_beyond_its_chunk_or_of_other_bytes_is_damage(void **state)
{
    static const struct {
        uint32_t offset, length;
    } wrong[] = {{4000, 3000}, {UINT32_MAX, 3000}, {5000, 1}, {0, 5001}, {1, 3000}, {0, 0}};
    struct fixture *f = *state;
    struct content chunk = given_content(f, "chunk", 5000, 1);
    struct content slice = given_content(f, "slice", 3000, 1); /* how the chunk begins */
    sha256_of(slice.data, slice.length, &slice.file.digest);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        empty_store(f);
        (void)store_all(f, &chunk, 1);
        put_recipe(f, &slice.file.digest, &chunk.file.digest, wrong[i].offset, wrong[i].length);
        assert_int_equal(MLOPS_INTEGRITY, restore(f, &slice));
    }
    empty_store(f);
    (void)store_all(f, &chunk, 1);
    put_recipe(f, &slice.file.digest, &chunk.file.digest, 0, 3000);
    assert_comes_back(f, &slice);
    content_clear(&chunk);
    content_clear(&slice);
}

/* Where the other store has it in other company, and the chunk that is missed here is not there. */
static void a_slice_is_fetched_from_another_store_as_a_blob(void **state)
{
    struct fixture *f = *state;
    struct content contents[2] = {given_content(f, "a", 3000, 1), given_content(f, "b", 4000, 2)};
    _cleanup_(free_string) char *copy = path_join(f->folder, "copy");
    struct store *other;
    struct digest gone = {{1, 2, 3}};
    (void)store_all(f, contents, 2);
    store_close(f->store);
    assert_int_equal(0, rename(f->objects, copy));
    assert_int_equal(0, directory_make(f->objects, 0755, &f->err));
    assert_int_equal(0, store_init(f->objects, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
    assert_int_equal(0, store_open(copy, NULL, &other, &f->err));
    put_recipe(f, &contents[0].file.digest, &gone, 0, 3000);
    assert_int_equal(0, salvage_fetch(f->store, other, &contents[0].file.digest, 1, &f->err));
    store_close(other);
    reopen(f);
    assert_comes_back(f, &contents[0]);
    content_clear(&contents[0]);
    content_clear(&contents[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_small_files_share_chunks_and_come_back_one_by_one,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slice_does_not_stand_for_the_chunk_of_a_large_file,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slice_that_lost_its_chunk_is_stored_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_slice_beyond_its_chunk_or_of_other_bytes_is_damage,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slice_is_fetched_from_another_store_as_a_blob, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
