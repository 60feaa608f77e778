/* tests/unit/store/test_backend_s3.c - blobs in a bucket of a real server: what every backend must
 * do, with the cache and without, and what only this one does. */
#include "test.h"

#include "backend_conformance.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/path.h"
#include "s3_server.h"
#include "store/backend_s3.h"
#include "store/remote.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct s3_server *server;
static unsigned buckets; /* each test has one of its own */

/* ---- what every backend must do -------------------------------------------------------------- */

struct place {
    char *objects; /* the folder of the bucket in which the blobs are files */
    char *address;
    char *cache;
};

static void make_place(const char *folder, const char *settings, void **made)
{
    struct place *place = xcalloc(1, sizeof(*place));
    _cleanup_(free_string) char *name = xprintf("place-%u", ++buckets);
    _cleanup_(free_string) char *bucket = s3_server_bucket(server, name);
    place->objects = xprintf("%s/some/prefix/packs", bucket);
    place->address = xprintf("s3://%s/some/prefix?%s", name, settings);
    place->cache = path_join(folder, "cache");
    *made = place;
}

static void make_cached(const char *folder, void **place)
{
    make_place(folder, "conditional-writes=yes&part-size=8M", place);
}

static void make_direct(const char *folder, void **place)
{
    make_place(folder, "cache=0", place);
}

static int open_place(void *made, struct store_backend **backend, struct mlops_error *err)
{
    struct place *place = made;
    struct s3_config config;
    assert_int_equal(0, s3_config_parse(place->address, &config, err));
    return backend_s3_open(&config, place->cache, NULL, backend, err);
}

/* A copy on this machine is as good as the blob: it has to go for the damage to show. */
static void cut(void *made, const char *name, uint64_t length)
{
    struct place *place = made;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = path_join(place->objects, name);
    assert_int_equal(0, truncate(path, (off_t)length));
    assert_int_equal(0, tree_remove(place->cache, &err));
}

static void flip(void *made, const char *name, uint64_t offset)
{
    struct place *place = made;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = path_join(place->objects, name);
    backend_flip_byte(path, offset);
    assert_int_equal(0, tree_remove(place->cache, &err));
}

static void free_place(void *made)
{
    struct place *place = made;
    free(place->objects);
    free(place->address);
    free(place->cache);
    free(place);
}

static const struct backend_place cached = {.kind = "s3",
                                            .make = make_cached,
                                            .open = open_place,
                                            .cut = cut,
                                            .flip = flip,
                                            .free = free_place};
static const struct backend_place direct = {.kind = "s3 direct",
                                            .make = make_direct,
                                            .open = open_place,
                                            .cut = cut,
                                            .flip = flip,
                                            .free = free_place};

/* ---- of this backend alone ------------------------------------------------------------------- */

struct fixture {
    char *folder, *bucket, *name;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-backend", &f->folder, &f->err));
    f->name = xprintf("bucket-%u", ++buckets);
    f->bucket = s3_server_bucket(server, f->name);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->bucket);
    free(f->name);
    free(f);
    (void)setenv("AWS_SECRET_ACCESS_KEY", S3_SECRET, 1);
    (void)setenv("AWS_ACCESS_KEY_ID", S3_ACCESS, 1);
    return 0;
}

static int make(struct fixture *f, const char *rest)
{
    _cleanup_(free_string) char *address = xprintf("s3://%s%s", f->name, rest);
    memset(&f->err, 0, sizeof(f->err));
    return remote_make(f->folder, address, NULL, &f->err);
}

static void a_wrong_secret_is_refused(void **state)
{
    struct fixture *f = *state;
    (void)setenv("AWS_SECRET_ACCESS_KEY", "another-secret", 1);
    assert_int_equal(MLOPS_IO, make(f, "/x"));
    assert_non_null(strstr(f->err.message, "SignatureDoesNotMatch"));
    assert_non_null(strstr(f->err.hint, "AWS_SECRET_ACCESS_KEY"));
    assert_null(strstr(f->err.message, "another-secret"));
    (void)setenv("AWS_SECRET_ACCESS_KEY", S3_SECRET, 1);
    assert_int_equal(0, make(f, "/x"));
}

static void a_key_that_nobody_has_is_refused(void **state)
{
    struct fixture *f = *state;
    (void)setenv("AWS_ACCESS_KEY_ID", "nobody", 1);
    assert_int_equal(MLOPS_IO,
                     make(f, "/x")); /* this server answers 404, which is not "no object" */
    assert_non_null(strstr(f->err.message, "the server answers 4"));
}

static void no_credentials_at_all_say_what_to_do(void **state)
{
    struct fixture *f = *state;
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    (void)setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    assert_int_equal(MLOPS_IO, make(f, "/x"));
    assert_non_null(strstr(f->err.hint, "~/.aws/credentials"));
    (void)unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    (void)unsetenv("AWS_CONFIG_FILE");
}

static void a_bucket_that_is_not_there_is_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(MLOPS_IO, remote_make(f->folder, "s3://no-such-bucket/x", NULL, &f->err));
    assert_non_null(strstr(f->err.message, "NoSuchBucket"));
    assert_non_null(strstr(f->err.hint, "make the bucket"));
}

static void conditions_are_probed_and_noted(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *address = NULL;
    assert_int_equal(0, make(f, "/x?cache=1M"));
    assert_int_equal(0, remote_address(f->folder, &address, &f->err));
    assert_non_null(strstr(address, "/x?cache=1M&conditional-writes=yes"));
    _cleanup_(free_string) char *mark = xprintf("%s/x/format", f->bucket);
    assert_true(path_exists(mark));
}

static void the_same_address_twice_is_fine_and_another_is_not(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, make(f, "/x"));
    assert_int_equal(0, make(f, "/x"));
    assert_int_equal(MLOPS_CONFLICT, make(f, "/y"));
}

static void what_is_no_store_is_not_joined(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        _cleanup_(free_string) char *folder = xprintf("%s/%d", f->bucket, i);
        _cleanup_(free_string) char *mark = path_join(folder, "format");
        _cleanup_(free_string) char *rest = xprintf("/%d", i);
        const char *text = i ? "mlops-store 2\n" : "something else\n";
        assert_int_equal(0, directory_make(folder, 0755, &f->err));
        assert_int_equal(0, file_write_durable(mark, text, strlen(text), 0644, &f->err));
        assert_int_equal(MLOPS_INVALID, make(f, rest));
    }
    assert_non_null(strstr(f->err.hint, "newer"));
}

static void a_condition_keeps_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct s3_config config;
    _cleanup_(s3_close_ptr) struct s3 *s3 = NULL;
    _cleanup_(free_string) char *address = xprintf("s3://%s", f->name);
    char text[8];
    size_t got;
    bool there;
    assert_int_equal(0, s3_config_parse(address, &config, &f->err));
    assert_int_equal(0, s3_open(&config, NULL, &s3, &f->err));
    assert_int_equal(0, s3_put(s3, "k", "first", 5, true, &there, &f->err));
    assert_false(there);
    assert_int_equal(0, s3_put(s3, "k", "other", 5, true, &there, &f->err));
    assert_true(there);
    assert_int_equal(0, s3_get(s3, "k", 0, text, sizeof(text), &got, NULL, &f->err));
    assert_int_equal(5, got);
    assert_memory_equal("first", text, 5);
}

static int count(void *context, const struct s3_item *item, struct mlops_error *err)
{
    (void)err;
    assert_true(str_starts(item->key, "many/"));
    assert_int_equal(1, item->size);
    ++*(int *)context;
    return MLOPS_OK;
}

static void a_list_of_more_than_a_page_is_whole(void **state)
{
    struct fixture *f = *state;
    struct s3_config config;
    _cleanup_(s3_close_ptr) struct s3 *s3 = NULL;
    _cleanup_(free_string) char *address = xprintf("s3://%s/a", f->name);
    _cleanup_(free_string) char *folder = xprintf("%s/a/many", f->bucket);
    int items = 0;
    assert_int_equal(0, directory_make(folder, 0755, &f->err));
    for (int i = 0; i < 1100; i++) {
        _cleanup_(free_string) char *path = xprintf("%s/%d & <%d>", folder, i, i);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal('x', putc('x', file));
        assert_int_equal(0, fclose(file));
    }
    assert_int_equal(0, s3_config_parse(address, &config, &f->err));
    assert_int_equal(0, s3_open(&config, NULL, &s3, &f->err));
    assert_int_equal(0, s3_list(s3, "many/", count, &items, &f->err));
    assert_int_equal(1100, items);
}

static void an_upload_that_was_left_shows_nothing_and_is_swept_up(void **state)
{
    struct fixture *f = *state;
    struct s3_config config;
    _cleanup_(s3_close_ptr) struct s3 *s3 = NULL;
    _cleanup_(free_string) char *address = xprintf("s3://%s/a", f->name), *id = NULL;
    struct s3_part part = {0};
    uint64_t size;
    bool there;
    assert_int_equal(0, s3_config_parse(address, &config, &f->err));
    assert_int_equal(0, s3_open(&config, NULL, &s3, &f->err));
    assert_int_equal(0, s3_upload_begin(s3, "k", &id, &f->err));
    _cleanup_(fd_close) int fd = memfd_create("piece", MFD_CLOEXEC);
    assert_int_equal(9, write(fd, "in bytes.", 9));
    const struct s3_piece piece = {.fd = fd, .offset = 3, .length = 5};
    assert_int_equal(0, s3_upload_part(s3, "k", id, 1, &piece, &part, &f->err));
    assert_int_equal(crc32c("bytes", 5), part.checksum);
    assert_int_equal(MLOPS_NOT_FOUND, s3_head(s3, "k", &size, &f->err));
    assert_int_equal(0, s3_upload_sweep(s3, "", 3600000000000LL, &f->err)); /* it is young */
    assert_int_equal(0, s3_upload_sweep(s3, "", -60000000000LL, &f->err));
    assert_int_equal(MLOPS_IO, s3_upload_end(s3, "k", id, &part, 1, 5, false, &there, &f->err));
    assert_int_equal(MLOPS_NOT_FOUND, s3_head(s3, "k", &size, &f->err));
    s3_part_clear(&part);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wrong_secret_is_refused),
        TEST(a_key_that_nobody_has_is_refused),
        TEST(no_credentials_at_all_say_what_to_do),
        TEST(a_bucket_that_is_not_there_is_named),
        TEST(conditions_are_probed_and_noted),
        TEST(the_same_address_twice_is_fine_and_another_is_not),
        TEST(what_is_no_store_is_not_joined),
        TEST(a_condition_keeps_what_is_there),
        TEST(a_list_of_more_than_a_page_is_whole),
        TEST(an_upload_that_was_left_shows_nothing_and_is_swept_up),
    };
    server = s3_server_start();
    if (!server) {
        puts("skipped: no S3 server on this machine (tests/s3/get_server.sh makes it)");
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL) + backend_conformance(&direct) +
                 backend_conformance(&cached);
    s3_server_stop(server);
    return failed;
}
