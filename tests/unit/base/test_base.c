/* tests/unit/base/test_base.c - errors, buffers, paths, files, hashes, times, the pool. */
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/pool.h"
#include <fcntl.h>
#include <mlops/text.h>
#include <stdatomic.h>
#include <unistd.h>

static void context_stands_before_the_message(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_INVALID, mlops_fail(&err, MLOPS_INVALID, "no %s", "way"));
    assert_int_equal(MLOPS_INVALID, mlops_hint(&err, "try %d", 2));
    assert_int_equal(MLOPS_INVALID, mlops_wrap(&err, "register '%s'", "x"));
    assert_string_equal("register 'x': no way", err.message);
    assert_string_equal("try 2", err.hint);
}

static void a_long_context_does_not_push_the_message_out(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    char longer[3000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    mlops_fail(&err, MLOPS_IO, "the message");
    mlops_wrap(&err, "%s", longer);
    assert_true(strlen(err.message) < MLOPS_MESSAGE_SIZE);
    assert_true(str_ends(err.message, ": the message"));
}

static void paths_are_normalized_or_refused(void **state)
{
    (void)state;
    static const char *const good[][2] = {{"a", "a"},       {"./a//b/", "a/b"}, {".", "."},
                                          {"a/./b", "a/b"}, {"...", "..."},     {"ä", "ä"}};
    static const char *const bad[] = {"", "/a", "..", "a/../b", "a\nb", "a\x7f", "\xff", "a/.."};
    struct mlops_error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        _cleanup_(free_string) char *out = NULL;
        assert_int_equal(0, path_normalize(good[i][0], &out, &err));
        assert_string_equal(good[i][1], out);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        char *out = NULL;
        assert_int_equal(MLOPS_INVALID, path_normalize(bad[i], &out, &err));
        assert_null(out);
    }
}

static void links_that_climb_out_are_seen(void **state)
{
    (void)state;
    assert_true(path_link_stays_inside("a/b", "../c"));
    assert_true(path_link_stays_inside("a/b", "c/../../d"));
    assert_true(path_link_stays_inside("link", "."));
    assert_false(path_link_stays_inside("a/b", "../../c"));
    assert_false(path_link_stays_inside("a", "x/../../a"));
    assert_false(path_link_stays_inside("a", "/etc"));
    assert_false(path_link_stays_inside("a", ""));
}

static void path_parts_are_told_apart(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"a/b", "a"}, {"a", "."}, {"/a", "/"}, {"/a/b/", "/a"}, {"a//b", "a"}};
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        _cleanup_(free_string) char *parent = path_parent(samples[i][0]);
        assert_string_equal(samples[i][1], parent);
    }
}

static void only_well_formed_utf8_is_valid(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc3",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "a\xffz"};
    assert_true(utf8_valid("aä€😀", strlen("aä€😀")));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
}

/* FIPS 180-4 examples, "abc" and the empty message. */
static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    struct digest digest, back;
    char hex[SHA256_HEX_SIZE], id[MLOPS_BUNDLE_ID_SIZE];
    sha256_of("abc", 3, &digest);
    digest_to_hex(&digest, hex);
    assert_string_equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
    bundle_id_format(&digest, id);
    assert_true(bundle_id_parse(id, &back));
    assert_true(digest_equal(&digest, &back));
    assert_false(bundle_id_parse("sha256:BA", &back));
    assert_false(bundle_id_parse(hex, &back));
    sha256_of("", 0, &digest);
    digest_to_hex(&digest, hex);
    assert_string_equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex);
}

static void numbers_are_written_as_they_are_read(void **state)
{
    static const struct {
        double number;
        const char *text;
    } known[] = {{0.1, "0.1"},
                 {-0.0, "-0"},
                 {5, "5"},
                 {1.0 / 3, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {9007199254740991, "9007199254740991"},
                 {1e22, "1e+22"},
                 {5e-324, "4.94065645841247e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"}};
    char text[32];
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        mlops_number_format(known[i].number, text);
        assert_string_equal(known[i].text, text);
        assert_true(strtod(text, NULL) == known[i].number);
    }
}

static void times_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1000000000},
        {"2000-02-29 12:00", 951825600000000000},
        {"2026-05-03T09:30:00.25+02:00", 1777793400250000000},
        {"1969-12-31T23:59:59Z", -1000000000},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-13-01",
                                      "2025-02-29",
                                      "2026-01-01T",
                                      "2026-01-01T25:00",
                                      "2026-01-01x",
                                      "20260101",
                                      "12:00"};
    int64_t ns;
    char text[32];
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(clock_parse(good[i].text, strlen(good[i].text), &ns));
        assert_true(good[i].ns == ns);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(clock_parse(bad[i], strlen(bad[i]), &ns));
    mlops_time_format(951825600000000000, text);
    assert_string_equal("2000-02-29T12:00:00Z", text);
}

static void durations_have_units(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    int64_t ns;
    assert_int_equal(0, mlops_duration_parse("1h30m", &ns, &err));
    assert_true(ns == 5400000000000LL);
    assert_int_equal(0, mlops_duration_parse("250ms", &ns, &err));
    assert_true(ns == 250000000LL);
    assert_int_equal(0, mlops_duration_parse("0", &ns, &err));
    assert_true(ns == 0);
    static const char *const bad[] = {"", "5", "m", "5x", "-5m", "5m5", "1e9s", "1..5s"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(MLOPS_INVALID, mlops_duration_parse(bad[i], &ns, &err));
}

static void the_nearest_word_is_suggested(void **state)
{
    (void)state;
    static const char *const words[] = {"artifacts", "code", "data", "rollback", NULL};
    assert_string_equal("artifacts", mlops_suggest("artefacts", words));
    assert_string_equal("rollback", mlops_suggest("rolback", words));
    assert_string_equal("data", mlops_suggest("dtaa", words));
    assert_null(mlops_suggest("zzz", words));
    assert_null(mlops_suggest("", words));
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *folder = NULL;
    _cleanup_(buffer_clear) struct buffer content = {0};
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-base", &folder, &err));
    _cleanup_(free_string) char *path = path_join(folder, "a");
    assert_int_equal(0, file_write_durable(path, "one", 3, 0640, &err));
    assert_int_equal(0, file_write_durable(path, "second", 6, 0640, &err));
    assert_int_equal(0, file_read(path, 6, &content, &err));
    assert_string_equal("second", content.data);
    assert_int_equal(MLOPS_INVALID, file_read(path, 5, &content, &err));
    _cleanup_(free_string) char *nowhere = path_join(folder, "no/a");
    assert_int_equal(MLOPS_NOT_FOUND, file_write_durable(nowhere, "x", 1, 0640, &err));
    assert_int_equal(MLOPS_NOT_FOUND, file_read(nowhere, 5, &content, &err));
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, rmdir(folder)); /* no temporary file is left */
}

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *folder = NULL;
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-base", &folder, &err));
    _cleanup_(free_string) char *tree = path_join(folder, "tree");
    _cleanup_(free_string) char *deep = path_join(tree, "a/b/c");
    _cleanup_(free_string) char *kept = path_join(folder, "kept");
    _cleanup_(free_string) char *link = path_join(tree, "a/link");
    _cleanup_(free_string) char *closed = path_join(tree, "a/b");
    assert_int_equal(0, directory_make(deep, 0755, &err));
    assert_int_equal(0, directory_make(kept, 0755, &err));
    _cleanup_(free_string) char *file = path_join(kept, "f");
    assert_int_equal(0, file_write_durable(file, "x", 1, 0644, &err));
    assert_int_equal(0, symlink(kept, link));
    assert_int_equal(0, chmod(closed, 0));
    assert_int_equal(0, tree_remove(tree, &err));
    assert_false(path_exists(tree));
    assert_true(path_exists(file));
    assert_int_equal(0, tree_remove(tree, &err));
    assert_int_equal(0, tree_remove(folder, &err));
}

struct tally {
    atomic_size_t sum;
};
static int add_index(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    (void)worker;
    if (index == 700)
        return mlops_fail(err, MLOPS_IO, "at %zu", index);
    ((struct tally *)context)->sum += index;
    return MLOPS_OK;
}

static void the_pool_does_each_item_once_and_reports_a_failure(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct tally tally = {0};
    assert_int_equal(0, pool_run(700, add_index, &tally, &err));
    assert_int_equal(699 * 700 / 2, tally.sum);
    assert_int_equal(MLOPS_IO, pool_run(2000, add_index, &tally, &err));
    assert_string_equal("at 700", err.message);
    assert_int_equal(0, pool_run(0, add_index, &tally, &err));
}

struct two {
    bool mine_fails, other_fails;
    int mine, other;
};
static int do_mine(void *context, struct mlops_error *err)
{
    struct two *two = context;
    two->mine++;
    return two->mine_fails ? mlops_fail(err, MLOPS_IO, "mine") : MLOPS_OK;
}
static int do_other(void *context, struct mlops_error *err)
{
    struct two *two = context;
    two->other++;
    return two->other_fails ? mlops_fail(err, MLOPS_INVALID, "other") : MLOPS_OK;
}

static void of_two_things_both_are_done_and_the_first_failure_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct mlops_error err = {0};
        struct two two = {.mine_fails = i & 1, .other_fails = i & 2};
        int code = pool_both(do_mine, do_other, &two, &err);
        assert_int_equal(i & 1 ? MLOPS_IO : i & 2 ? MLOPS_INVALID : MLOPS_OK, code);
        assert_string_equal(i & 1 ? "mine" : i & 2 ? "other" : "", err.message);
        assert_int_equal(1, two.mine);
        assert_int_equal(1, two.other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_they_are_read),
        cmocka_unit_test(context_stands_before_the_message),
        cmocka_unit_test(a_long_context_does_not_push_the_message_out),
        cmocka_unit_test(paths_are_normalized_or_refused),
        cmocka_unit_test(links_that_climb_out_are_seen),
        cmocka_unit_test(path_parts_are_told_apart),
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(times_are_read_and_written),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(the_nearest_word_is_suggested),
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(a_tree_is_removed_and_links_are_not_followed),
        cmocka_unit_test(the_pool_does_each_item_once_and_reports_a_failure),
        cmocka_unit_test(of_two_things_both_are_done_and_the_first_failure_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
