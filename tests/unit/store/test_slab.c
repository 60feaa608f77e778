/* tests/unit/store/test_slab.c - a stretch that did not change is told from one that did. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/slab.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

enum { LENGTH = SLAB_SIZE, CHANGED = 150000 }; /* one slab takes it, but for its last piece */

struct fixture {
    char *folder;
    struct store *store;
    struct reader *reader;
    struct chunker chunker;
    struct slab *slab;
    uint8_t *data;
    struct digest digest;
    struct mlops_error err;
};

/* xorshift64, Marsaglia 2003: stored as it is. */
static void fill(uint8_t *data, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        data[i] = (uint8_t)(seed >> 32);
    }
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct store_writer *writer;
    struct store_added added;
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-slab", &f->folder, &f->err));
    assert_int_equal(0, store_init(f->folder, &f->err));
    assert_int_equal(0, store_open(f->folder, NULL, &f->store, &f->err));
    f->data = xmalloc(LENGTH);
    fill(f->data, LENGTH, 7);
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add(writer, f->data, LENGTH, &f->digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    assert_int_equal(0, store_refresh(f->store, &f->err));
    f->reader = reader_new(f->store);
    f->slab = slab_new();
    chunker_init(&f->chunker);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    slab_free(f->slab);
    reader_free(f->reader);
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->data);
    free(f->folder);
    free(f);
    return 0;
}

/* The only pack. The caller frees. */
static char *pack_path(const struct fixture *f)
{
    _cleanup_(free_string) char *packs = path_join(f->folder, "packs");
    _cleanup_(folder_close) DIR *folder = opendir(packs);
    assert_non_null(folder);
    const struct dirent *entry = readdir(folder);
    while (entry && !str_ends(entry->d_name, ".pack"))
        entry = readdir(folder);
    assert_non_null(entry);
    return path_join(packs, entry->d_name);
}

/* Not every file system says what it has in memory. */
static bool can_peek(const struct fixture *f)
{
    uint8_t byte;
    _cleanup_(free_string) char *path = pack_path(f);
    return f->store->backend->peek(f->store->backend, path_base(path), 0, &byte, 1);
}

/* Take the data in as a new version: was its stretch known? Digests are right in every case. */
static bool is_known(struct fixture *f)
{
    struct slab *slab = f->slab;
    struct digest digest;
    _cleanup_(intake_clear) struct intake intake;
    intake_init(&intake, -1, f->data, LENGTH);
    assert_int_equal(0, match_new(f->reader, &f->digest, &intake.match, &f->err));
    assert_non_null(intake.match);
    assert_int_equal(0, slab_fill(slab, &intake, &f->chunker, &f->err));
    assert_true(slab->count > 1);
    slab_match(slab, f->reader);
    bool known = slab->hashed;
    slab_hash(slab, true);
    const uint8_t *piece = f->data;
    for (size_t i = 0; i < slab->count; piece += slab->lengths[i++]) {
        sha256_of(piece, slab->lengths[i], &digest);
        assert_true(digest_equal(&digest, &slab->digests[i]));
    }
    return known;
}

static void what_did_not_change_is_known_without_hashing(void **state)
{
    struct fixture *f = *state;
    if (!can_peek(f))
        skip();
    assert_true(is_known(f));
}

static void a_flipped_bit_of_the_file_makes_it_new(void **state)
{
    static const size_t places[] = {0, LENGTH / 2, LENGTH - 400000};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        f->data[places[i]] ^= 4;
        assert_false(is_known(f));
        f->data[places[i]] ^= 4;
    }
}

/* What the index promises is not taken for what is there. */
static void a_flipped_bit_of_the_pack_makes_it_new(void **state)
{
    struct fixture *f = *state;
    uint8_t byte;
    _cleanup_(free_string) char *path = pack_path(f);
    assert_int_equal(0, chmod(path, 0600));
    _cleanup_(fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(1, pread(fd, &byte, 1, LENGTH / 2));
    byte ^= 4;
    assert_int_equal(1, pwrite(fd, &byte, 1, LENGTH / 2));
    assert_false(is_known(f));
}

/* Where the pieces of the fixture's data end. */
static size_t find_cuts(struct fixture *f, size_t cuts[SLAB_PIECES])
{
    _cleanup_(intake_clear) struct intake intake;
    size_t at = 0;
    intake_init(&intake, -1, f->data, LENGTH);
    assert_int_equal(0, slab_fill(f->slab, &intake, &f->chunker, &f->err));
    for (size_t i = 0; i < f->slab->count; i++)
        cuts[i] = at += f->slab->lengths[i];
    return f->slab->count;
}

/* Other bytes in the place of `CHANGED`, and `inserted` more: in what follows, a piece that can end
 * at the next of the old cuts does. */
static void change_and_cut(struct fixture *f, const size_t *cuts, size_t count, size_t place,
                           size_t inserted)
{
    size_t behind = place + CHANGED, length = LENGTH + inserted, begin = 0, at = 0;
    uint8_t *data = xmalloc(length);
    memcpy(data, f->data, place);
    fill(data + place, CHANGED + inserted, place + 1);
    memcpy(data + behind + inserted, f->data + behind, LENGTH - behind);
    {
        _cleanup_(intake_clear) struct intake intake;
        intake_init(&intake, -1, data, length);
        assert_int_equal(0, match_new(f->reader, &f->digest, &intake.match, &f->err));
        assert_int_equal(0, slab_fill(f->slab, &intake, &f->chunker, &f->err));
    }
    for (size_t i = 0; i < f->slab->count; begin += f->slab->lengths[i++]) {
        if (begin < behind + inserted)
            continue;
        while (at < count && cuts[at] <= begin - inserted)
            at++;
        if (at < count && cuts[at] - (begin - inserted) >= CHUNK_MIN)
            assert_int_equal(cuts[at] + inserted, begin + f->slab->lengths[i]);
    }
    free(data);
}

static void behind_what_changed_pieces_end_where_they_did(void **state)
{
    struct fixture *f = *state;
    size_t cuts[SLAB_PIECES], count = find_cuts(f, cuts);
    for (size_t place = 0; place < LENGTH / 2; place += 50000) {
        change_and_cut(f, cuts, count, place, 0);
        change_and_cut(f, cuts, count, place, 1);
        change_and_cut(f, cuts, count, place, 70001);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_did_not_change_is_known_without_hashing),
        TEST(a_flipped_bit_of_the_file_makes_it_new),
        TEST(a_flipped_bit_of_the_pack_makes_it_new),
        TEST(behind_what_changed_pieces_end_where_they_did),
    };
    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
