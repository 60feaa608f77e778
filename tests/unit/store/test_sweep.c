/* tests/unit/store/test_sweep.c - which packs go, and that what takes their place is whole. */
#include "store/beside.h"

#include "store/reader.h"
#include "store/sweep.h"
#include "store/visit.h"
#include <fcntl.h>

#define HOUR_NS 3600000000000LL

struct text {
    char bytes[2001];
};

/* A text of 2,000 letters that hardly compress, and that no other `seed` gives. */
static struct text text_of(uint64_t seed)
{
    struct text text;
    for (size_t i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        text.bytes[i] = (char)(33 + (seed >> 57) % 94);
    }
    text.bytes[2000] = '\0';
    return text;
}

/* A pack of its own with the texts of these seeds. */
static void put_seeds(struct fixture *f, const uint64_t *seeds, size_t count)
{
    struct text texts[16];
    const char *pointers[16];
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        texts[i] = text_of(seeds[i]);
        pointers[i] = texts[i].bytes;
    }
    put_beside(f, pointers, count);
}
#define PUT(f, ...)                                                                                \
    put_seeds((f), (const uint64_t[]){__VA_ARGS__},                                                \
              sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static struct digest digest_of(uint64_t seed)
{
    struct text text = text_of(seed);
    struct digest digest;
    sha256_of(text.bytes, 2000, &digest);
    return digest;
}

static void need(struct digest_set *live, uint64_t seed)
{
    struct digest digest = digest_of(seed);
    digest_set_add(live, &digest);
}

static char *pack_of(struct fixture *f, uint64_t seed)
{
    struct location location;
    struct digest digest = digest_of(seed);
    assert_int_equal(0, store_locate(f->store, &digest, &location, &f->err));
    return xstrdup(location.pack);
}

static enum sweep_fate fate_of(const struct sweep *sweep, const char *name)
{
    for (size_t i = 0; i < sweep->count; i++)
        if (str_equal(sweep->packs[i].name, name))
            return sweep->packs[i].fate;
    fail_msg("no pack %s", name);
    return SWEEP_KEEP;
}

static void plan(struct fixture *f, struct digest_set *live, int64_t grace_ns, struct sweep *sweep)
{
    int code = sweep_plan(f->store, live, NULL, 0, grace_ns, sweep, &f->err);
    if (code)
        print_error("%s\n", f->err.message);
    assert_int_equal(0, code);
}

static void count_warning(void *context, const char *message)
{
    (void)message;
    ++*(int *)context;
}

/* Replace, and remove what may go then. Returns how many packs are kept against the plan. */
static int replace(struct fixture *f, struct sweep *sweep)
{
    int warnings = 0;
    assert_int_equal(0, sweep_replace(sweep, count_warning, &warnings, &f->err));
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->packs[i].fate == SWEEP_UNREACHABLE || sweep->packs[i].fate == SWEEP_REDUNDANT ||
            sweep->packs[i].fate == SWEEP_REWRITE)
            assert_int_equal(
                0, f->store->backend->remove(f->store->backend, sweep->packs[i].name, &f->err));
    return warnings;
}

static bool comes_back(struct fixture *f, struct store *store, uint64_t seed)
{
    _cleanup_(buffer_clear) struct buffer back = {0};
    struct digest digest = digest_of(seed);
    struct text text = text_of(seed);
    return store_read(store, &digest, 1 << 20, &back, &f->err) == 0 && back.length == 2000 &&
           memcmp(back.data, text.bytes, 2000) == 0;
}

static void each_pack_has_the_fate_that_its_content_gives_it(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(sweep_clear) struct sweep sweep = {0}, young = {0};
    PUT(f, 1, 2, 3, 4);     /* all of it */
    PUT(f, 11, 12, 13, 14); /* a quarter */
    PUT(f, 21, 22);         /* nothing */
    PUT(f, 2);              /* what the first has, too */
    for (uint64_t seed = 1; seed <= 4; seed++)
        need(&live, seed);
    need(&live, 12);
    _cleanup_(free_string) char *all = pack_of(f, 1), *quarter = pack_of(f, 12),
                                *none = pack_of(f, 21);
    plan(f, &live, 0, &sweep);
    assert_int_equal(4, sweep.count);
    assert_int_equal(SWEEP_KEEP, fate_of(&sweep, all));
    assert_int_equal(SWEEP_REWRITE, fate_of(&sweep, quarter));
    assert_int_equal(SWEEP_UNREACHABLE, fate_of(&sweep, none));
    for (size_t i = 0; i < sweep.count; i++) {
        const char *name = sweep.packs[i].name;
        if (!str_equal(name, all) && !str_equal(name, quarter) && !str_equal(name, none))
            assert_int_equal(SWEEP_REDUNDANT, sweep.packs[i].fate);
    }
    plan(f, &live, HOUR_NS, &young);
    for (size_t i = 0; i < young.count; i++)
        assert_int_equal(SWEEP_KEEP, young.packs[i].fate);
}

static void what_is_needed_can_be_read_when_the_rest_is_gone(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(sweep_clear) struct sweep sweep = {0};
    _cleanup_(store_close_ptr) struct store *other = NULL;
    bool has;
    PUT(f, 1, 2, 3, 4);
    PUT(f, 11, 12, 13, 14);
    PUT(f, 2);
    need(&live, 2);
    need(&live, 12);
    assert_int_equal(0, store_open(f->objects, NULL, &other, &f->err));
    assert_true(comes_back(f, other, 2)); /* it has an index now */
    plan(f, &live, 0, &sweep);
    assert_int_equal(0, replace(f, &sweep));
    assert_true(comes_back(f, f->store, 2));
    assert_true(comes_back(f, f->store, 12));
    assert_true(comes_back(f, other, 2)); /* its pack has gone; it finds the other */
    assert_true(comes_back(f, other, 12));
    struct digest dead = digest_of(1);
    assert_int_equal(0, store_refresh(f->store, &f->err));
    assert_int_equal(0, store_has(f->store, &dead, &has, &f->err));
    assert_false(has);
}

/* Flip a byte in the middle of a record. */
static void damage(struct fixture *f, const char *pack, uint64_t seed)
{
    struct digest digest = digest_of(seed);
    struct pack tail;
    assert_int_equal(0, pack_load(f->store->backend, pack, &tail, &f->err));
    _cleanup_(free_string) char *path = xprintf("%s/packs/%s", f->objects, pack);
    assert_int_equal(0, chmod(path, 0644));
    _cleanup_(fd_close) int fd = open(path, O_RDWR);
    for (size_t i = 0; i < tail.footer.count; i++) {
        struct record record;
        char byte;
        (void)pack_index_entry(tail.block, i, &tail.footer, &record);
        if (!digest_equal(&record.name, &digest))
            continue;
        off_t at = (off_t)(record.offset + RECORD_HEADER_SIZE + record.stored / 2);
        assert_int_equal(1, pread(fd, &byte, 1, at));
        byte ^= 16;
        assert_int_equal(1, pwrite(fd, &byte, 1, at));
    }
    pack_clear(&tail);
}

static void the_only_good_copy_is_never_removed(void **state)
{
    struct fixture *f = *state;
    for (uint64_t damaged = 0; damaged < 2; damaged++) {
        _cleanup_(digest_set_clear) struct digest_set live = {0};
        _cleanup_(sweep_clear) struct sweep sweep = {0};
        uint64_t first = damaged * 100;
        PUT(f, first + 1, first + 2, first + 3);
        _cleanup_(free_string) char *home = pack_of(f, first + 1);
        PUT(f, first + 2);
        for (uint64_t seed = 1; seed <= 3; seed++)
            need(&live, first + seed);
        if (damaged)
            damage(f, home, first + 2);
        plan(f, &live, 0, &sweep);
        /* the small pack is redundant, unless the copy that it counts on is damaged */
        assert_int_equal((int)damaged, replace(f, &sweep));
        _cleanup_(store_close_ptr) struct store *fresh = NULL;
        assert_int_equal(0, store_open(f->objects, NULL, &fresh, &f->err));
        size_t packs = 0;
        for (size_t i = 0; i < sweep.count; i++)
            packs += sweep.packs[i].fate == SWEEP_KEEP;
        assert_int_equal(1 + (int)damaged, packs);
    }
}

static void damage_is_not_copied(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(sweep_clear) struct sweep sweep = {0};
    PUT(f, 1, 2, 3, 4, 5);
    need(&live, 2);
    _cleanup_(free_string) char *pack = pack_of(f, 2);
    damage(f, pack, 2);
    plan(f, &live, 0, &sweep);
    assert_int_equal(SWEEP_REWRITE, fate_of(&sweep, pack));
    assert_int_equal(1, replace(f, &sweep));
    assert_int_equal(SWEEP_KEEP, fate_of(&sweep, pack));
    assert_true(comes_back(f, f->store, 1));
}

static void what_is_nowhere_stops_it(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    struct sweep sweep;
    PUT(f, 1);
    need(&live, 1);
    need(&live, 2);
    assert_int_equal(MLOPS_INTEGRITY, sweep_plan(f->store, &live, NULL, 0, 0, &sweep, &f->err));
    assert_string_equal("1 needed objects are not in the store", f->err.message);
}

static void a_condemned_pack_goes_unless_it_is_needed(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(sweep_clear) struct sweep one = {0}, both = {0};
    PUT(f, 1, 2);
    PUT(f, 2, 3);
    need(&live, 2);
    need(&live, 3);
    char *condemned[] = {pack_of(f, 1), pack_of(f, 3)};
    if (strcmp(condemned[0], condemned[1]) > 0) {
        char *swap = condemned[0];
        condemned[0] = condemned[1];
        condemned[1] = swap;
    }
    _cleanup_(free_string) char *needed = pack_of(f, 3), *other = pack_of(f, 1);
    assert_int_equal(0, sweep_plan(f->store, &live, condemned, 2, 0, &both, &f->err));
    assert_int_equal(SWEEP_SAVE, fate_of(&both, needed));
    assert_int_equal(SWEEP_KEEP, fate_of(&both, other)); /* it is condemned already */
    assert_int_equal(0, sweep_plan(f->store, &live, &other, 1, 0, &one, &f->err));
    assert_int_equal(SWEEP_KEEP, fate_of(&one, needed));
    free(condemned[0]);
    free(condemned[1]);
}

/* A table of rows; `round` changes one in a hundred. */
static void write_table(const struct fixture *f, unsigned round)
{
    _cleanup_(free_string) char *path = path_join(f->folder, "table.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (uint64_t i = 0; i < 30000; i++) {
        uint64_t seed = i * 2654435761U + (i % 100 == round ? round : 0);
        struct text text = text_of(seed);
        text.bytes[40] = '\0';
        assert_true(fprintf(file, "%s,%llu\n", text.bytes, (unsigned long long)i) > 0);
    }
    assert_int_equal(0, fclose(file));
}

static struct digest put_table(struct fixture *f, const struct digest *base)
{
    struct store_writer *writer;
    struct store_added added;
    _cleanup_(free_string) char *path = path_join(f->folder, "table.csv");
    struct store_file file = {.path = path, .base = base};
    assert_int_equal(0, store_writer_begin(f->store, &writer, &f->err));
    assert_int_equal(0, store_writer_add_files(writer, &file, 1, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    assert_true(!base || added.new_bytes < 300000); /* deltas, that is */
    return file.digest;
}

static bool add_name(void *context, const struct location *location)
{
    digest_set_add(context, &location->record.name);
    return true;
}

static void deltas_keep_what_they_are_deltas_of(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(buffer_clear) struct buffer back = {0};
    write_table(f, 1);
    struct digest first = put_table(f, NULL);
    write_table(f, 2);
    struct digest second = put_table(f, &first);
    PUT(f, 1, 2, 3);
    {
        _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(f->store);
        assert_int_equal(0, store_refresh(f->store, &f->err));
        assert_int_equal(0, visitor_parts(visitor, &second, add_name, &live, &f->err));
    }
    size_t parts = live.count;
    for (int i = 0; i < 2; i++) {
        _cleanup_(sweep_clear) struct sweep sweep = {0};
        plan(f, &live, 0, &sweep);
        assert_true(live.count > parts);
        /* as if all were wasteful: everything that is needed moves */
        for (size_t j = 0; i == 0 && j < sweep.count; j++)
            if (sweep.packs[j].fate == SWEEP_KEEP)
                sweep.packs[j].fate = SWEEP_REWRITE;
        assert_int_equal(0, replace(f, &sweep));
        assert_int_equal(0, store_read(f->store, &second, 1 << 24, &back, &f->err));
        assert_true(back.length > 1000000);
    }
    assert_int_equal(MLOPS_NOT_FOUND, store_read(f->store, &first, 1 << 24, &back, &f->err));
}

/* Whoever finds a record in a pack that stays must be able to read it, needed now or not. */
static void deltas_that_nobody_needs_keep_their_bases_where_their_pack_stays(void **state)
{
    struct fixture *f = *state;
    _cleanup_(digest_set_clear) struct digest_set live = {0};
    _cleanup_(sweep_clear) struct sweep sweep = {0};
    _cleanup_(buffer_clear) struct buffer back = {0};
    struct location location;
    write_table(f, 1);
    struct digest first = put_table(f, NULL);
    write_table(f, 2);
    struct digest second = put_table(f, &first);
    /* of the second table only its recipe is needed, say: its pack is wasteful, and young */
    digest_set_add(&live, &second);
    assert_int_equal(0, store_locate(f->store, &second, &location, &f->err));
    plan(f, &live, 0, &sweep);
    assert_true(live.count > 1);
    for (size_t i = 0; i < sweep.count; i++)
        if (sweep.packs[i].fate != SWEEP_UNREACHABLE)
            sweep.packs[i].fate = SWEEP_KEEP;
    (void)replace(f, &sweep);
    assert_int_equal(0, store_refresh(f->store, &f->err));
    assert_int_equal(0, store_read(f->store, &second, 1 << 24, &back, &f->err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_pack_has_the_fate_that_its_content_gives_it),
        TEST(what_is_needed_can_be_read_when_the_rest_is_gone),
        TEST(the_only_good_copy_is_never_removed),
        TEST(damage_is_not_copied),
        TEST(what_is_nowhere_stops_it),
        TEST(a_condemned_pack_goes_unless_it_is_needed),
        TEST(deltas_keep_what_they_are_deltas_of),
        TEST(deltas_that_nobody_needs_keep_their_bases_where_their_pack_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
