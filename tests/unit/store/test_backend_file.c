/* tests/unit/store/test_backend_file.c - blobs as files: what every backend must do, and what only
 * this one does. */
#include "test.h"

#include "backend_conformance.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void make(const char *folder, void **place)
{
    *place = xstrdup(folder);
}

static int open_place(void *place, struct store_backend **backend, struct mlops_error *err)
{
    return backend_file_open(place, backend, err);
}

static void cut(void *place, const char *name, uint64_t length)
{
    _cleanup_(free_string) char *path = path_join(place, name);
    assert_int_equal(0, truncate(path, (off_t)length));
}

static void flip(void *place, const char *name, uint64_t offset)
{
    _cleanup_(free_string) char *path = path_join(place, name);
    backend_flip_byte(path, offset);
}

static const struct backend_place file = {
    .kind = "file", .make = make, .open = open_place, .cut = cut, .flip = flip, .free = free};

/* ---- of this backend alone ---------------------------------------------------------------- */

struct fixture {
    char *folder, *blobs, *blob;
    struct store_backend *backend;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-backend", &f->folder, &f->err));
    f->blobs = path_join(f->folder, "blobs");
    assert_int_equal(0, directory_make(f->blobs, 0755, &f->err));
    f->blob = path_join(f->folder, "new");
    assert_int_equal(0, file_write_durable(f->blob, "content", 7, 0600, &f->err));
    assert_int_equal(0, backend_file_open(f->blobs, &f->backend, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    f->backend->close(f->backend);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->blobs);
    free(f->blob);
    free(f);
    return 0;
}

static int count(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    (void)blob;
    (void)err;
    ++*(int *)context;
    return MLOPS_OK;
}

static void a_published_blob_is_read_only(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    _cleanup_(free_string) char *path = path_join(f->blobs, "a.pack");
    assert_int_equal(0, f->backend->publish(f->backend, f->blob, "a.pack", &f->err));
    assert_int_equal(0, lstat(path, &status));
    assert_int_equal(S_IFREG | 0444, status.st_mode);
}

static void a_folder_that_rests_is_not_listed_again(void **state)
{
    struct fixture *f = *state;
    int names = 0;
    /* the clock has moved on by more than the granularity of the folder's time */
    const struct timespec past[2] = {{.tv_sec = time(NULL) - 100}, {.tv_sec = time(NULL) - 100}};
    assert_int_equal(0, f->backend->publish(f->backend, f->blob, "a.pack", &f->err));
    assert_int_equal(0, utimensat(AT_FDCWD, f->blobs, past, 0));
    assert_true(f->backend->changed(f->backend));
    assert_int_equal(0, f->backend->list(f->backend, count, &names, &f->err));
    assert_int_equal(1, names);
    assert_false(f->backend->changed(f->backend));
    assert_int_equal(0, f->backend->remove(f->backend, "a.pack", &f->err));
    assert_true(f->backend->changed(f->backend));
}

/* One that left the folder's time as it was: it came in the tick of the kernel's clock in which the
 * folder had changed before. */
static void a_change_that_the_folder_s_time_does_not_tell_shows(void **state)
{
    struct fixture *f = *state;
    int names = 0;
    const time_t now = time(NULL);
    const struct timespec tick[2] = {{.tv_sec = now}, {.tv_sec = now}};
    assert_int_equal(0, utimensat(AT_FDCWD, f->blobs, tick, 0));
    assert_int_equal(0, f->backend->list(f->backend, count, &names, &f->err));
    assert_int_equal(0, f->backend->publish(f->backend, f->blob, "a.pack", &f->err));
    assert_int_equal(0, utimensat(AT_FDCWD, f->blobs, tick, 0));
    while (time(NULL) < now + 2)
        clock_sleep_ns(10000000);
    assert_true(f->backend->changed(f->backend));
    assert_int_equal(0, f->backend->list(f->backend, count, &names, &f->err));
    assert_int_equal(1, names);
    assert_false(f->backend->changed(f->backend));
}

static void a_link_in_the_place_of_a_blob_is_not_followed(void **state)
{
    struct fixture *f = *state;
    char data[7];
    _cleanup_(free_string) char *path = path_join(f->blobs, "a.pack");
    assert_int_equal(0, symlink(f->blob, path));
    assert_int_not_equal(0, f->backend->read(f->backend, "a.pack", 0, data, 7, &f->err));
}

/* Whether it does is the file system's; what it gives is what is there. */
static void peeking_gives_what_reading_gives_or_nothing(void **state)
{
    struct fixture *f = *state;
    char data[8] = "";
    assert_int_equal(0, f->backend->publish(f->backend, f->blob, "a.pack", &f->err));
    if (f->backend->peek(f->backend, "a.pack", 2, data, 5))
        assert_memory_equal("ntent", data, 5);
    assert_false(f->backend->peek(f->backend, "a.pack", 2, data, 6));
    assert_false(f->backend->peek(f->backend, "b.pack", 0, data, 1));
}

static void a_folder_that_is_missing_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct store_backend *backend;
    _cleanup_(free_string) char *missing = path_join(f->folder, "missing");
    assert_int_equal(MLOPS_NOT_FOUND, backend_file_open(missing, &backend, &f->err));
    assert_non_null(strstr(f->err.message, missing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_published_blob_is_read_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_rests_is_not_listed_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_that_the_folder_s_time_does_not_tell_shows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_in_the_place_of_a_blob_is_not_followed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(peeking_gives_what_reading_gives_or_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_missing_is_not_found, set_up, tear_down),
    };
    return backend_conformance(&file) + cmocka_run_group_tests(tests, NULL, NULL);
}
