/* tests/unit/store/backend_conformance.c - the tests behind backend_conformance.h. */
#include "test.h"

#include "backend_conformance.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 4
#define SHARED 100 /* blobs: more than a backend may like to keep open at once */
#define LARGE (9U << 20)
#define NAME_SIZE 80

struct fixture {
    const struct backend_place *kind;
    void *place;
    char *folder, *scratch;
    struct store_backend *backend;
    struct mlops_error err;
};

static const struct backend_place *under_test; /* cmocka hands a set-up nothing */

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->kind = under_test;
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-backend", &f->folder, &f->err));
    f->scratch = path_join(f->folder, "scratch");
    assert_int_equal(0, directory_make(f->scratch, 0755, &f->err));
    _cleanup_(free_string) char *blobs = path_join(f->folder, "blobs");
    assert_int_equal(0, directory_make(blobs, 0755, &f->err));
    f->kind->make(blobs, &f->place);
    assert_int_equal(0, f->kind->open(f->place, &f->backend, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    f->backend->close(f->backend);
    f->kind->free(f->place);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->scratch);
    free(f);
    return 0;
}

static struct store_backend *another_handle(struct fixture *f)
{
    struct store_backend *backend;
    assert_int_equal(0, f->kind->open(f->place, &backend, &f->err));
    return backend;
}

/* ---- blobs whose name tells their bytes --------------------------------------------------- */

static uint8_t byte_at(unsigned number, size_t at)
{
    uint64_t x = (number + 1) * 0x9E3779B97F4A7C15ULL + at * 0xD1B54A32D192ED03ULL;
    return (uint8_t)((x ^ (x >> 29)) >> 13);
}

static void fill(uint8_t *data, size_t length, unsigned number)
{
    for (size_t i = 0; i < length; i++)
        data[i] = byte_at(number, i);
}

static bool holds(const uint8_t *data, size_t length, unsigned number, size_t from)
{
    for (size_t i = 0; i < length; i++)
        if (data[i] != byte_at(number, from + i))
            return false;
    return true;
}

/* The name of a pack: 64 hexadecimal digits and ".pack". */
static void name_of(unsigned number, char name[NAME_SIZE])
{
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    sha256_of(&number, sizeof(number), &digest);
    digest_to_hex(&digest, hex);
    snprintf(name, NAME_SIZE, "%s.pack", hex);
}

/* A complete local file with the bytes of blob `number`; the caller frees its path. */
static char *file_of(const struct fixture *f, unsigned number, size_t length)
{
    static atomic_uint counter;
    char *path = xprintf("%s/%u.tmp", f->scratch, counter++);
    uint8_t *data = xmalloc(length + 1);
    struct mlops_error err = {0};
    fill(data, length, number);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && fd_write_full(fd, data, length, &err) == MLOPS_OK;
    fd_close(&fd);
    free(data);
    if (!written)
        fail_msg("cannot write '%s'", path);
    return path;
}

static int publish(struct fixture *f, struct store_backend *backend, unsigned number, size_t length,
                   struct mlops_error *err)
{
    char name[NAME_SIZE];
    name_of(number, name);
    _cleanup_(free_string) char *temporary = file_of(f, number, length);
    int code = backend->publish(backend, temporary, name, err);
    if (code == MLOPS_OK && path_exists(temporary))
        return mlops_fail(err, MLOPS_IO, "'%s' is still there", temporary);
    return code;
}

/* Is blob `number` there with exactly these bytes? */
static int expect(struct store_backend *backend, unsigned number, size_t length,
                  struct mlops_error *err)
{
    char name[NAME_SIZE];
    uint64_t size;
    name_of(number, name);
    TRY(backend->size(backend, name, &size, err));
    if (size != length)
        return mlops_fail(err, MLOPS_INTEGRITY, "%s has %llu bytes, not %zu", name,
                          (unsigned long long)size, length);
    uint8_t *data = xmalloc(length + 1);
    int code = backend->read(backend, name, 0, data, length, err);
    if (code == MLOPS_OK && !holds(data, length, number, 0))
        code = mlops_fail(err, MLOPS_INTEGRITY, "%s has other bytes", name);
    free(data);
    return code;
}

struct listing {
    char names[SHARED + 100][NAME_SIZE];
    size_t count;
};

static int note(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct listing *listing = context;
    if (listing->count == ARRAY_LENGTH(listing->names))
        return mlops_fail(err, MLOPS_INTEGRITY, "more names than were published");
    str_copy(listing->names[listing->count++], NAME_SIZE, blob->name);
    return MLOPS_OK;
}

static size_t times_listed(const struct listing *listing, unsigned number)
{
    char name[NAME_SIZE];
    size_t times = 0;
    name_of(number, name);
    for (size_t i = 0; i < listing->count; i++)
        times += str_equal(listing->names[i], name);
    return times;
}

static struct listing *list(struct fixture *f, struct store_backend *backend)
{
    struct listing *listing = xcalloc(1, sizeof(*listing));
    assert_int_equal(0, backend->list(backend, note, listing, &f->err));
    return listing;
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void an_empty_place_lists_nothing(void **state)
{
    struct fixture *f = *state;
    struct listing *listing = list(f, f->backend);
    assert_int_equal(0, listing->count);
    free(listing);
}

static void blobs_of_every_size_come_back_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 4095, 4096, 4097, 1U << 20, LARGE, LARGE + 1};
    struct fixture *f = *state;
    for (unsigned i = 0; i < ARRAY_LENGTH(sizes); i++) {
        assert_int_equal(0, publish(f, f->backend, i, sizes[i], &f->err));
        assert_int_equal(0, expect(f->backend, i, sizes[i], &f->err));
    }
    struct listing *listing = list(f, f->backend);
    assert_int_equal(ARRAY_LENGTH(sizes), listing->count);
    for (unsigned i = 0; i < ARRAY_LENGTH(sizes); i++)
        assert_int_equal(1, times_listed(listing, i));
    free(listing);
}

static void another_handle_sees_at_once_what_was_published_and_removed(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint64_t size;
    struct store_backend *other = another_handle(f);
    assert_int_equal(0, publish(f, f->backend, 7, 5000, &f->err));
    assert_int_equal(0, expect(other, 7, 5000, &f->err));
    struct listing *listing = list(f, other);
    assert_int_equal(1, listing->count);
    assert_int_equal(1, times_listed(listing, 7));
    free(listing);
    name_of(7, name);
    assert_int_equal(0, f->backend->remove(f->backend, name, &f->err));
    assert_int_equal(MLOPS_NOT_FOUND, other->size(other, name, &size, &f->err));
    listing = list(f, other);
    assert_int_equal(0, listing->count);
    free(listing);
    other->close(other);
}

static void the_same_blob_twice_is_there_once(void **state)
{
    struct fixture *f = *state;
    struct store_backend *other = another_handle(f);
    assert_int_equal(0, publish(f, f->backend, 1, 10000, &f->err));
    assert_int_equal(0, expect(f->backend, 1, 10000, &f->err));
    assert_int_equal(0, publish(f, f->backend, 1, 10000, &f->err));
    assert_int_equal(0, publish(f, other, 1, 10000, &f->err));
    assert_int_equal(0, expect(f->backend, 1, 10000, &f->err));
    assert_int_equal(0, expect(other, 1, 10000, &f->err));
    struct listing *listing = list(f, f->backend);
    assert_int_equal(1, listing->count);
    free(listing);
    other->close(other);
}

/* In one request or several; a byte in the middle, or the end missing. */
static void a_damaged_blob_is_whole_once_it_is_published_again(void **state)
{
    struct fixture *f = *state;
    const size_t lengths[] = {5000, LARGE};
    char name[NAME_SIZE];
    name_of(6, name);
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        size_t length = lengths[i];
        for (int how = 0; how < 2; how++) {
            assert_int_equal(0, publish(f, f->backend, 6, length, &f->err));
            if (how == 0)
                f->kind->flip(f->place, name, length - 7);
            else
                f->kind->cut(f->place, name, length - 7);
            struct store_backend *other = another_handle(f);
            assert_int_not_equal(0, expect(other, 6, length, &f->err));
            f->err = (struct mlops_error){0};
            assert_int_equal(0, publish(f, other, 6, length, &f->err));
            if (other->forget)
                (void)other->forget(other, name); /* what lies there, and no copy of it */
            assert_int_equal(0, expect(other, 6, length, &f->err));
            other->close(other);
        }
        assert_int_equal(0, f->backend->remove(f->backend, name, &f->err));
    }
}

static void what_fails_to_be_published_is_not_there(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint64_t size;
    name_of(3, name);
    _cleanup_(free_string) char *missing = path_join(f->scratch, "missing");
    assert_int_not_equal(0, f->backend->publish(f->backend, missing, name, &f->err));
    assert_non_null(strstr(f->err.message, missing));
    assert_int_equal(MLOPS_NOT_FOUND, f->backend->size(f->backend, name, &size, &f->err));
    struct listing *listing = list(f, f->backend);
    assert_int_equal(0, listing->count);
    free(listing);
}

static void a_blob_that_is_not_there_is_not_found_by_name(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint8_t byte;
    uint64_t size;
    name_of(4, name);
    assert_int_equal(MLOPS_NOT_FOUND, f->backend->size(f->backend, name, &size, &f->err));
    assert_non_null(strstr(f->err.message, name));
    assert_int_equal(MLOPS_NOT_FOUND, f->backend->read(f->backend, name, 0, &byte, 1, &f->err));
    assert_non_null(strstr(f->err.message, name));
}

static void ranges_are_exact_to_the_last_byte_and_not_beyond(void **state)
{
    static const size_t length = 70001;
    static const struct {
        uint64_t offset;
        size_t length;
    } inside[] = {{0, 0},     {0, 1},         {0, 70001},   {1, 70000}, {70000, 1},
                  {70001, 0}, {4095, 2},      {4096, 4096}, {65535, 2}, {69999, 2},
                  {12345, 0}, {35000, 35001}, {65536, 4465}};
    static const struct {
        uint64_t offset;
        size_t length;
    } beyond[] = {{0, 70002}, {70000, 2},     {70001, 1},   {70002, 1},
                  {1, 70001}, {1U << 30, 10}, {69000, 2000}};
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint8_t *data = xmalloc(length + 2);
    name_of(5, name);
    assert_int_equal(0, publish(f, f->backend, 5, length, &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(inside); i++) {
        data[inside[i].length] = 0xA5;
        assert_int_equal(0, f->backend->read(f->backend, name, inside[i].offset, data,
                                             inside[i].length, &f->err));
        assert_true(holds(data, inside[i].length, 5, inside[i].offset));
        assert_int_equal(0xA5, data[inside[i].length]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(beyond); i++) {
        memset(&f->err, 0, sizeof(f->err));
        assert_int_equal(MLOPS_INTEGRITY, f->backend->read(f->backend, name, beyond[i].offset, data,
                                                           beyond[i].length, &f->err));
        assert_non_null(strstr(f->err.message, name));
    }
    /* offsets that no file can have, as a damaged index could ask for */
    assert_int_not_equal(0, f->backend->read(f->backend, name, 1ULL << 62, data, 1, &f->err));
    assert_int_not_equal(0, f->backend->read(f->backend, name, UINT64_MAX, data, 1, &f->err));
    free(data);
}

static void a_blob_cut_short_is_damage_and_never_padded(void **state)
{
    static const uint64_t lengths[] = {9999, 5000, 1, 0};
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint8_t data[10000];
    uint64_t size;
    name_of(6, name);
    assert_int_equal(0, publish(f, f->backend, 6, sizeof(data), &f->err));
    assert_int_equal(0, expect(f->backend, 6, sizeof(data), &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        f->kind->cut(f->place, name, lengths[i]);
        struct store_backend *handles[] = {f->backend, another_handle(f)};
        for (size_t h = 0; h < ARRAY_LENGTH(handles); h++) {
            struct store_backend *backend = handles[h];
            assert_int_equal(0, backend->size(backend, name, &size, &f->err));
            assert_int_equal(lengths[i], size);
            memset(&f->err, 0, sizeof(f->err));
            assert_int_equal(MLOPS_INTEGRITY,
                             backend->read(backend, name, 0, data, sizeof(data), &f->err));
            assert_non_null(strstr(f->err.message, name));
            assert_int_equal(MLOPS_INTEGRITY,
                             backend->read(backend, name, lengths[i], data, 1, &f->err));
            assert_int_equal(0, backend->read(backend, name, 0, data, (size_t)size, &f->err));
            assert_true(holds(data, (size_t)size, 6, 0));
        }
        handles[1]->close(handles[1]);
    }
}

static void removing_twice_is_as_good_as_once(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint8_t data[100];
    uint64_t size;
    name_of(8, name);
    assert_int_equal(0, f->backend->remove(f->backend, name, &f->err));
    assert_int_equal(0, publish(f, f->backend, 8, sizeof(data), &f->err));
    assert_int_equal(0, publish(f, f->backend, 9, sizeof(data), &f->err));
    assert_int_equal(0, expect(f->backend, 8, sizeof(data), &f->err));
    assert_int_equal(0, f->backend->remove(f->backend, name, &f->err));
    assert_int_equal(0, f->backend->remove(f->backend, name, &f->err));
    assert_int_equal(MLOPS_NOT_FOUND, f->backend->size(f->backend, name, &size, &f->err));
    /* whoever read it may go on reading it: blobs never change */
    int code = f->backend->read(f->backend, name, 0, data, sizeof(data), &f->err);
    assert_true(code == MLOPS_NOT_FOUND || (code == MLOPS_OK && holds(data, sizeof(data), 8, 0)));
    struct store_backend *other = another_handle(f);
    assert_int_equal(MLOPS_NOT_FOUND, other->read(other, name, 0, data, 1, &f->err));
    other->close(other);
    assert_int_equal(0, expect(f->backend, 9, sizeof(data), &f->err));
    /* and it can come again */
    assert_int_equal(0, publish(f, f->backend, 8, sizeof(data), &f->err));
    assert_int_equal(0, expect(f->backend, 8, sizeof(data), &f->err));
}

static void a_blob_that_was_set_aside_is_as_if_removed(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    uint64_t size;
    name_of(8, name);
    assert_int_equal(0, f->backend->set_aside(f->backend, name, &f->err)); /* it is not there */
    assert_int_equal(0, publish(f, f->backend, 8, 100, &f->err));
    assert_int_equal(0, publish(f, f->backend, 9, 100, &f->err));
    assert_int_equal(0, expect(f->backend, 8, 100, &f->err));
    assert_int_equal(0, f->backend->set_aside(f->backend, name, &f->err));
    assert_int_equal(MLOPS_NOT_FOUND, f->backend->size(f->backend, name, &size, &f->err));
    struct listing *listing = list(f, f->backend);
    assert_int_equal(1, listing->count);
    free(listing);
    /* what is published under its name then is read, and nothing that was open before */
    assert_int_equal(0, publish(f, f->backend, 8, 100, &f->err));
    assert_int_equal(0, expect(f->backend, 8, 100, &f->err));
    assert_int_equal(0, f->backend->set_aside(f->backend, name, &f->err));
    assert_int_equal(0, expect(f->backend, 9, 100, &f->err));
}

static int check_blob(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct fixture *f = context;
    uint64_t size;
    assert_int_equal(0, f->backend->size(f->backend, blob->name, &size, err));
    assert_int_equal(size, blob->size);
    assert_true(blob->age_ns >= 0 && blob->age_ns < 600000000000LL); /* clocks may differ a bit */
    return MLOPS_OK;
}

static void a_listing_tells_size_and_age(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(0, publish(f, f->backend, i, 10 + i, &f->err));
    assert_int_equal(0, f->backend->list(f->backend, check_blob, f, &f->err));
}

static int stop_at_third(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    int *calls = context;
    if (++*calls == 3)
        return mlops_fail(err, MLOPS_CONFLICT, "stopped at %s", blob->name);
    return MLOPS_OK;
}

static void a_listing_stops_where_the_caller_says_so(void **state)
{
    struct fixture *f = *state;
    int calls = 0;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(0, publish(f, f->backend, i, 10, &f->err));
    assert_int_equal(MLOPS_CONFLICT, f->backend->list(f->backend, stop_at_third, &calls, &f->err));
    assert_int_equal(3, calls);
    assert_non_null(strstr(f->err.message, "stopped at "));
}

static void every_change_shows(void **state)
{
    struct fixture *f = *state;
    char name[NAME_SIZE];
    struct store_backend *other = another_handle(f);
    name_of(20, name);
    assert_true(f->backend->changed(f->backend)); /* it was never listed */
    for (int round = 0; round < 20; round++) {
        struct listing *listing = list(f, f->backend);
        assert_int_equal(round % 2, listing->count);
        free(listing);
        if (round % 2 == 0)
            assert_int_equal(0, publish(f, other, 20, 100, &f->err));
        else
            assert_int_equal(0, other->remove(other, name, &f->err));
        assert_true(f->backend->changed(f->backend));
    }
    other->close(other);
}

/* ---- four threads on one handle ---------------------------------------------------------------
 */

struct crowd {
    struct fixture *f;
    atomic_uint next;
    atomic_bool stop;
    unsigned wrong; /* of its thread */
    struct mlops_error err;
};

struct one {
    pthread_t thread;
    struct crowd *crowd;
    unsigned number;
    unsigned wrong;
    struct mlops_error err;
};

static size_t length_of(unsigned number)
{
    return 1000 + number * 37;
}

static void run_crowd(struct crowd *crowd, void *(*function)(void *))
{
    struct one ones[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        ones[i] = (struct one){.crowd = crowd, .number = i};
        assert_int_equal(0, pthread_create(&ones[i].thread, NULL, function, &ones[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(0, pthread_join(ones[i].thread, NULL));
        if (ones[i].wrong > 0)
            fail_msg("thread %u: %u times wrong; %s", i, ones[i].wrong, ones[i].err.message);
    }
}

/* Each thread publishes its own blobs and some that all of them publish. */
static void *publish_some(void *argument)
{
    struct one *one = argument;
    struct fixture *f = one->crowd->f;
    for (unsigned i = 0; i < SHARED; i++) {
        bool mine = i % 5 == 0 || i % THREADS == one->number;
        if (mine && publish(f, f->backend, i, length_of(i), &one->err) != MLOPS_OK)
            one->wrong++;
        if (mine && expect(f->backend, i, length_of(i), &one->err) != MLOPS_OK)
            one->wrong++;
    }
    return NULL;
}

static void *read_all(void *argument)
{
    struct one *one = argument;
    struct store_backend *backend = one->crowd->f->backend;
    for (unsigned round = 0; round < 5; round++)
        for (unsigned i = 0; i < SHARED; i++) {
            unsigned number = (i * (2 * one->number + 1) + round) % SHARED;
            if (expect(backend, number, length_of(number), &one->err) != MLOPS_OK)
                one->wrong++;
        }
    return NULL;
}

static void four_threads_publish_and_read_as_one(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = {.f = f};
    run_crowd(&crowd, publish_some);
    run_crowd(&crowd, read_all);
    struct listing *listing = list(f, f->backend);
    assert_int_equal(SHARED, listing->count);
    for (unsigned i = 0; i < SHARED; i++)
        assert_int_equal(1, times_listed(listing, i));
    free(listing);
}

/* Thread 0 publishes and removes one large blob again and again; the others must see it whole or
 * not at all, and blobs that nobody touches always. */
static void *come_and_go(void *argument)
{
    struct one *one = argument;
    struct crowd *crowd = one->crowd;
    struct store_backend *backend = crowd->f->backend;
    char name[NAME_SIZE];
    name_of(1000, name);
    for (unsigned round = 0; one->number == 0 && round < 40; round++) {
        if (publish(crowd->f, backend, 1000, 1U << 20, &one->err) != MLOPS_OK ||
            backend->remove(backend, name, &one->err) != MLOPS_OK)
            one->wrong++;
    }
    if (one->number == 0)
        crowd->stop = true;
    while (!crowd->stop) {
        uint64_t size;
        int code = backend->size(backend, name, &size, &one->err);
        if (code != MLOPS_NOT_FOUND && (code != MLOPS_OK || size != 1U << 20))
            one->wrong++;
        code = expect(backend, 1000, 1U << 20, &one->err);
        if (code != MLOPS_NOT_FOUND && code != MLOPS_OK)
            one->wrong++;
        struct listing *listing = xcalloc(1, sizeof(*listing));
        if (backend->list(backend, note, listing, &one->err) != MLOPS_OK)
            one->wrong++;
        for (unsigned i = 0; i < 3; i++)
            if (times_listed(listing, i) != 1)
                one->wrong++;
        free(listing);
        unsigned steady = crowd->next++ % 3;
        if (expect(backend, steady, length_of(steady), &one->err) != MLOPS_OK)
            one->wrong++;
        (void)backend->changed(backend); /* its answer is for those who list */
    }
    return NULL;
}

static void a_blob_is_seen_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(0, publish(f, f->backend, i, length_of(i), &f->err));
    struct crowd crowd = {.f = f};
    run_crowd(&crowd, come_and_go);
}

void backend_flip_byte(const char *path, uint64_t offset)
{
    uint8_t byte;
    assert_int_equal(0, chmod(path, 0644));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(1, pread(fd, &byte, 1, (off_t)offset));
    byte = (uint8_t)~byte;
    assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)offset));
    fd_close(&fd);
}

int backend_conformance(const struct backend_place *place)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_place_lists_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blobs_of_every_size_come_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_handle_sees_at_once_what_was_published_and_removed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_blob_twice_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_blob_is_whole_once_it_is_published_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_fails_to_be_published_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_blob_that_is_not_there_is_not_found_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ranges_are_exact_to_the_last_byte_and_not_beyond, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_blob_cut_short_is_damage_and_never_padded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(removing_twice_is_as_good_as_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_blob_that_was_set_aside_is_as_if_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_listing_tells_size_and_age, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_listing_stops_where_the_caller_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_change_shows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(four_threads_publish_and_read_as_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_blob_is_seen_whole_or_not_at_all, set_up, tear_down),
    };
    under_test = place;
    return cmocka_run_group_tests_name(place->kind, tests, NULL, NULL);
}
