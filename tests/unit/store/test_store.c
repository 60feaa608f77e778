/* tests/unit/store/test_store.c - objects in and out, damage, races and kills. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/format.h"
#include "store/store.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder, *objects;
    struct store *store;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-store", &f->folder, &f->err));
    f->objects = path_join(f->folder, "objects");
    assert_int_equal(0, directory_make(f->objects, 0755, &f->err));
    assert_int_equal(0, store_init(f->objects, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->objects);
    free(f);
    return 0;
}

/* Bytes that do not compress and are the same in every run. */
static void fill(uint8_t *data, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        data[i] = (uint8_t)(seed >> 56);
    }
}

static struct digest put(struct fixture *f, const void *data, size_t length, uint64_t *new_bytes)
{
    struct store_writer *writer;
    struct digest digest, expected;
    struct store_added added;
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add(writer, data, length, &digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    sha256_of(data, length, &expected);
    assert_memory_equal(expected.bytes, digest.bytes, 32);
    if (new_bytes)
        *new_bytes = added.new_bytes;
    return digest;
}

static char *only_pack(struct fixture *f)
{
    char *found = NULL;
    _cleanup_(free_string) char *packs = path_join(f->objects, "packs");
    DIR *folder = opendir(packs);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            assert_null(found);
            found = path_join(packs, entry->d_name);
        }
    closedir(folder);
    assert_non_null(found);
    return found;
}

static void objects_of_every_size_come_back(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {0,
                                   1,
                                   CHUNK_MIN - 1,
                                   CHUNK_MIN,
                                   CHUNK_MIN + 1,
                                   CHUNK_MAX,
                                   CHUNK_MAX + 1,
                                   1 << 20,
                                   (1 << 20) + 1,
                                   10000000};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        uint8_t *data = xmalloc(sizes[i]);
        fill(data, sizes[i], i);
        struct digest digest = put(f, data, sizes[i], NULL);
        _cleanup_(buffer_clear) struct buffer back = {0};
        assert_int_equal(0, store_read(f->store, &digest, SIZE_MAX, &back, &f->err));
        assert_int_equal(sizes[i], back.length);
        assert_memory_equal(data, back.data, sizes[i]);
        free(data);
    }
}

static void zeros_compress_and_come_back(void **state)
{
    struct fixture *f = *state;
    uint8_t *data = xcalloc(5000000, 1);
    uint64_t new_bytes;
    struct digest digest = put(f, data, 5000000, &new_bytes);
    assert_true(new_bytes < 20000);
    _cleanup_(buffer_clear) struct buffer back = {0};
    assert_int_equal(0, store_read(f->store, &digest, SIZE_MAX, &back, &f->err));
    assert_int_equal(5000000, back.length);
    assert_memory_equal(data, back.data, back.length);
    free(data);
}

static void one_inserted_byte_costs_a_few_chunks(void **state)
{
    struct fixture *f = *state;
    size_t length = 8000000;
    uint8_t *data = xmalloc(length + 1);
    fill(data, length, 7);
    uint64_t first, second;
    put(f, data, length, &first);
    memmove(data + 3000001, data + 3000000, length - 3000000);
    put(f, data, length + 1, &second);
    assert_true(first > length);
    assert_true(second < 4 * CHUNK_MAX);
    free(data);
}

static void the_same_object_twice_writes_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t again;
    put(f, "hello", 5, NULL);
    put(f, "hello", 5, &again);
    assert_int_equal(0, again);
}

static void what_was_not_published_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct store_writer *writer;
    struct digest digest;
    bool has = true;
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add(writer, "abc", 3, &digest, &f->err));
    store_writer_abort(writer);
    assert_int_equal(0, store_has(f->store, &digest, &has, &f->err));
    assert_false(has);
    _cleanup_(buffer_clear) struct buffer back = {0};
    assert_int_equal(MLOPS_NOT_FOUND, store_read(f->store, &digest, 100, &back, &f->err));
}

static void another_handle_sees_what_was_published(void **state)
{
    struct fixture *f = *state;
    _cleanup_(store_close_ptr) struct store *other = NULL;
    bool has;
    assert_int_equal(0, store_open(f->objects, NULL, &other, &f->err));
    struct digest before = put(f, "one", 3, NULL);
    assert_int_equal(0, store_has(other, &before, &has, &f->err));
    assert_true(has);
    struct digest after = put(f, "two", 3, NULL);
    assert_int_equal(0, store_has(other, &after, &has, &f->err));
    assert_true(has);
}

static void files_come_back_with_their_modes(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 200 };
    struct store_file files[COUNT];
    struct store_restore back[COUNT];
    struct store_writer *writer;
    struct store_added added;
    uint8_t *data = xmalloc(300000);
    for (size_t i = 0; i < COUNT; i++) {
        fill(data, 300000, i / 2); /* every content twice */
        files[i] = (struct store_file){.path = xprintf("%s/in%zu", f->folder, i)};
        assert_int_equal(0, file_write_durable(files[i].path, data, i * 1500, 0644, &f->err));
    }
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add_files(writer, files, COUNT, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    for (size_t i = 0; i < COUNT; i++)
        back[i] = (struct store_restore){.digest = files[i].digest,
                                         .size = files[i].size,
                                         .path = xprintf("%s/out%zu", f->folder, i),
                                         .mode = i % 2 ? 0755 : 0400};
    assert_int_equal(0, store_restore_files(f->store, back, COUNT, false, NULL, &f->err));
    for (size_t i = 0; i < COUNT; i++) {
        _cleanup_(buffer_clear) struct buffer a = {0}, b = {0};
        struct stat status;
        assert_int_equal(0, file_read(files[i].path, 1 << 20, &a, &f->err));
        assert_int_equal(0, file_read(back[i].path, 1 << 20, &b, &f->err));
        assert_int_equal(i * 1500, a.length);
        assert_int_equal(a.length, b.length);
        if (a.length > 0)
            assert_memory_equal(a.data, b.data, a.length);
        assert_int_equal(0, stat(back[i].path, &status));
        assert_int_equal(back[i].mode, status.st_mode & 07777);
        free((char *)(uintptr_t)files[i].path);
        free((char *)(uintptr_t)back[i].path);
    }
    free(data);
}

static void a_link_and_a_folder_are_no_files(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *link = path_join(f->folder, "link");
    assert_int_equal(0, symlink("/etc/passwd", link));
    const char *const paths[] = {link, f->folder};
    for (size_t i = 0; i < 2; i++) {
        struct store_file file = {.path = paths[i]};
        _cleanup_(store_writer_abort_ptr) struct store_writer *writer = NULL;
        assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
        assert_int_equal(MLOPS_INVALID, store_writer_add_files(writer, &file, 1, &f->err));
    }
}

static void every_damaged_byte_of_a_pack_is_found(void **state)
{
    struct fixture *f = *state;
    uint8_t data[3000];
    fill(data, sizeof(data), 3);
    struct digest digest = put(f, data, sizeof(data), NULL);
    _cleanup_(free_string) char *pack = only_pack(f);
    _cleanup_(buffer_clear) struct buffer whole = {0};
    assert_int_equal(0, file_read(pack, 1 << 20, &whole, &f->err));
    assert_int_equal(0, chmod(pack, 0644));
    for (size_t at = 0; at < whole.length; at++) {
        whole.data[at] ^= (char)(1 << at % 8);
        assert_int_equal(0, file_write_durable(pack, whole.data, whole.length, 0644, &f->err));
        whole.data[at] ^= (char)(1 << at % 8);
        _cleanup_(store_close_ptr) struct store *store = NULL;
        _cleanup_(buffer_clear) struct buffer back = {0};
        assert_int_equal(0, store_open(f->objects, NULL, &store, &f->err));
        assert_int_equal(MLOPS_INTEGRITY, store_read(store, &digest, 1 << 20, &back, &f->err));
        assert_int_equal(0, back.length);
    }
}

static void flip(int fd, size_t bit)
{
    uint8_t byte;
    assert_int_equal(1, pread(fd, &byte, 1, (off_t)(bit / 8)));
    byte ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)(bit / 8)));
}

/* Also those that zstd passes over, such as the unused bit of a frame's header. */
static void every_flipped_bit_of_compressed_content_is_found(void **state)
{
    struct fixture *f = *state;
    char text[3000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "abcdefgh"[i * i % 1009 % 8];
    struct digest digest = put(f, text, sizeof(text), NULL);
    _cleanup_(free_string) char *pack = only_pack(f);
    assert_int_equal(0, chmod(pack, 0644));
    _cleanup_(fd_close) int fd = open(pack, O_RDWR | O_CLOEXEC);
    off_t size = lseek(fd, 0, SEEK_END);
    assert_in_range(size, 200, 2000); /* it was compressed */
    for (size_t bit = 0; bit < 8 * (size_t)size; bit++) {
        _cleanup_(store_close_ptr) struct store *store = NULL;
        _cleanup_(buffer_clear) struct buffer back = {0};
        flip(fd, bit);
        assert_int_equal(0, store_open(f->objects, NULL, &store, &f->err));
        assert_int_equal(MLOPS_INTEGRITY, store_read(store, &digest, 1 << 20, &back, &f->err));
        assert_int_equal(0, back.length);
        flip(fd, bit);
    }
}

static void a_pack_cut_short_anywhere_is_found(void **state)
{
    struct fixture *f = *state;
    struct digest digest = put(f, "some content", 12, NULL);
    _cleanup_(free_string) char *pack = only_pack(f);
    struct stat status;
    assert_int_equal(0, stat(pack, &status));
    for (off_t size = status.st_size - 1; size >= 0; size--) {
        assert_int_equal(0, truncate(pack, size));
        _cleanup_(store_close_ptr) struct store *store = NULL;
        _cleanup_(buffer_clear) struct buffer back = {0};
        assert_int_equal(0, store_open(f->objects, NULL, &store, &f->err));
        assert_int_equal(MLOPS_INTEGRITY, store_read(store, &digest, 1 << 20, &back, &f->err));
    }
}

static void four_writers_at_once_lose_nothing(void **state)
{
    struct fixture *f = *state;
    pid_t children[4];
    for (int child = 0; child < 4; child++) {
        children[child] = fork();
        if (children[child] == 0) {
            int failed = 0;
            for (int i = 0; i < 20; i++) {
                struct store_writer *writer;
                struct store_added added;
                struct digest digest;
                char text[64];
                int length = snprintf(text, sizeof(text), "child %d object %d", i % 3, i);
                failed |= store_writer_begin(f->store, &writer, &f->err);
                failed |= store_writer_add(writer, text, (size_t)length, &digest, &f->err);
                failed |= store_writer_publish(writer, &added, &f->err);
            }
            _exit(failed);
        }
    }
    for (int child = 0; child < 4; child++) {
        int status;
        assert_int_equal(children[child], waitpid(children[child], &status, 0));
        assert_int_equal(0, status);
    }
    for (int i = 0; i < 20; i++) {
        char text[64];
        struct digest digest;
        _cleanup_(buffer_clear) struct buffer back = {0};
        int length = snprintf(text, sizeof(text), "child %d object %d", i % 3, i);
        sha256_of(text, (size_t)length, &digest);
        assert_int_equal(0, store_read(f->store, &digest, 100, &back, &f->err));
        assert_string_equal(text, back.data);
    }
}

static void a_killed_writer_leaves_a_store_that_reads_and_cleans_up(void **state)
{
    struct fixture *f = *state;
    struct digest kept = put(f, "kept", 4, NULL);
    pid_t child = fork();
    if (child == 0) {
        uint8_t *data = xmalloc(20000000);
        fill(data, 20000000, 1);
        struct store_writer *writer;
        struct digest digest;
        (void)store_writer_begin(f->store, &writer, &f->err);
        (void)store_writer_add(writer, data, 20000000, &digest, &f->err);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    _cleanup_(buffer_clear) struct buffer back = {0};
    assert_int_equal(0, store_read(f->store, &kept, 100, &back, &f->err));
    put(f, "next", 4, NULL);
    _cleanup_(free_string) char *scratch = path_join(f->objects, "tmp");
    assert_int_equal(0, rmdir(scratch)); /* empty: the next writer removed what was left */
    assert_int_equal(0, mkdir(scratch, 0755));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(objects_of_every_size_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(zeros_compress_and_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_inserted_byte_costs_a_few_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_object_twice_writes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_published_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_handle_sees_what_was_published, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_come_back_with_their_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_and_a_folder_are_no_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_damaged_byte_of_a_pack_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_flipped_bit_of_compressed_content_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_pack_cut_short_anywhere_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(four_writers_at_once_lose_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_a_store_that_reads_and_cleans_up,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
