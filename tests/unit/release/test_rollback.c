/* tests/unit/release/test_rollback.c - back to what was there before, and only to what is whole. */
#include "trial/session.h"

#include <ftw.h>

static struct mlops_rollback rollback;

static int roll_back(struct session *s, const char *to)
{
    const struct mlops_rollback_options options = {
        .model = "fraud", .to = to, .reason = "it smells"};
    return mlops_rollback_stage(s->registry, &options, &rollback, &s->err);
}

/* What production held `back` steps ago; 0: nothing. */
static uint64_t holder(struct session *s, unsigned back)
{
    struct mlops_version version;
    struct mlops_error ignored = {0};
    _cleanup_(free_string) char *ref = xprintf("fraud@production~%u", back);
    return mlops_version_resolve(s->registry, ref, &version, &ignored) ? 0 : version.number;
}

/* Versions 1 … `count`, one after the other in production. */
static void given_history(struct session *s, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        _cleanup_(free_string) char *yaml =
            xprintf("model: fraud\ndescription: 'version %u'\ncode: model.bin\n", i);
        _cleanup_(free_string) char *content = xprintf("the bytes of model %u\n", i);
        given_file(s, "model.bin", content);
        struct mlops_version version = given_version(s, yaml);
        assert_int_equal(i, version.number);
        given_in_stage(s, &version, "production", i - 1);
    }
}

static void a_rollback_goes_to_what_was_there_before_and_says_so_in_the_log(void **state)
{
    struct session *s = *state;
    struct mlops_log log;
    given_history(s, 2);
    assert_ok(s, roll_back(s, NULL));
    assert_string_equal("fraud", rollback.model);
    assert_string_equal("production", rollback.stage);
    assert_int_equal(2, rollback.from.number);
    assert_int_equal(1, rollback.to.number);
    assert_int_equal(1, holder(s, 0));
    assert_ok(s, mlops_log_read(s->registry, &(struct mlops_log_filter){.model = "fraud"}, &log,
                                &s->err));
    assert_string_equal("rollback", log.items[0].action);
    assert_int_equal(1, log.items[0].version);
    assert_int_equal(2, log.items[0].previous);
    assert_string_equal("it smells", log.items[0].reason);
    mlops_log_clear(&log);
    assert_log_is_sound(s);
}

static void a_second_rollback_continues_backwards_until_nothing_is_left(void **state)
{
    struct session *s = *state;
    given_history(s, 3);
    assert_ok(s, roll_back(s, NULL));
    assert_ok(s, roll_back(s, NULL));
    assert_int_equal(2, rollback.from.number);
    assert_int_equal(1, rollback.to.number);
    assert_fails(s, MLOPS_NOT_FOUND, roll_back(s, NULL));
    assert_says(s, "nothing was in production of fraud before @1");
    assert_int_equal(1, holder(s, 0));
}

static void a_rollback_to_a_version_goes_back_as_far_as_it_takes(void **state)
{
    struct session *s = *state;
    given_history(s, 4);
    assert_ok(s, roll_back(s, "fraud@2"));
    assert_int_equal(4, rollback.from.number);
    assert_int_equal(2, rollback.to.number);
    assert_int_equal(2, holder(s, 0));
    assert_int_equal(1, holder(s, 1));
    assert_int_equal(0, holder(s, 2));
}

static void a_rollback_to_what_never_was_there_is_refused(void **state)
{
    struct session *s = *state;
    given_history(s, 3);
    (void)given_version(s, "model: fraud\ndescription: never live\n");
    (void)given_version(s, "model: churn\n");
    assert_fails(s, MLOPS_NOT_FOUND, roll_back(s, "fraud@4"));
    assert_says(s, "fraud@4 was not in production of fraud before");
    assert_fails(s, MLOPS_NOT_FOUND, roll_back(s, "churn@1"));
    assert_fails(s, MLOPS_NOT_FOUND, roll_back(s, "fraud@9"));
    assert_fails(s, MLOPS_INVALID, roll_back(s, "fraud@3"));
    assert_says(s, "production of fraud holds @3 already");
    /* what a rollback left is no longer "before" */
    assert_ok(s, roll_back(s, NULL));
    assert_fails(s, MLOPS_NOT_FOUND, roll_back(s, "fraud@3"));
    assert_int_equal(2, holder(s, 0));
}

static void a_version_that_was_there_twice_is_found_where_it_was_last(void **state)
{
    struct session *s = *state;
    struct mlops_version first;
    given_history(s, 2);
    assert_ok(s, mlops_version_resolve(s->registry, "fraud@1", &first, &s->err));
    given_in_stage(s, &first, "production", 2);
    struct mlops_version third = given_version(s, "model: fraud\ndescription: third\n");
    given_in_stage(s, &third, "production", 1);
    assert_ok(s, roll_back(s, "fraud@1"));
    assert_int_equal(1, holder(s, 0));
    assert_int_equal(2, holder(s, 1));
}

static void stages_and_models_that_are_not_there_are_named(void **state)
{
    struct session *s = *state;
    struct mlops_rollback_options options = {.model = "fraud"};
    (void)given_version(s, "model: fraud\n");
    assert_fails(s, MLOPS_NOT_FOUND,
                 mlops_rollback_stage(s->registry, &options, &rollback, &s->err));
    assert_says(s, "nothing is in production of fraud");
    options.stage = "No Stage";
    assert_fails(s, MLOPS_INVALID, mlops_rollback_stage(s->registry, &options, &rollback, &s->err));
    options = (struct mlops_rollback_options){.model = "froud"};
    assert_fails(s, MLOPS_NOT_FOUND,
                 mlops_rollback_stage(s->registry, &options, &rollback, &s->err));
    options.model = "fraud@1"; /* a version is not a model */
    assert_fails(s, MLOPS_INVALID, mlops_rollback_stage(s->registry, &options, &rollback, &s->err));
}

/* ---- damage ---------------------------------------------------------------------------------- */

enum { PATHS_MAX = 64 };
static char *paths[PATHS_MAX];
static size_t path_count;

static int note_pack(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)ftw;
    if (kind == FTW_F && str_ends(path, ".pack") && path_count < PATHS_MAX)
        paths[path_count++] = xstrdup(path);
    return 0;
}

/* All packs that the store has now. */
static void note_packs(const struct session *s)
{
    _cleanup_(free_string) char *objects = path_join(s->folder, ".mlops/objects");
    path_count = 0;
    assert_int_equal(0, nftw(objects, note_pack, 16, FTW_PHYS));
    assert_true(path_count > 0);
}

static void remove_noted_packs(void)
{
    for (size_t i = 0; i < path_count; i++) {
        assert_int_equal(0, unlink(paths[i]));
        free(paths[i]);
    }
}

/* Version 1's objects are gone, version 2's are not: forward is fine, back is not. */
static void a_rollback_to_what_is_not_whole_is_refused_and_moves_nothing(void **state)
{
    struct session *s = *state;
    given_history(s, 1);
    note_packs(s);
    given_file(s, "model.bin", "wholly other bytes\n");
    struct mlops_version second =
        given_version(s, "model: fraud\ndescription: two\ncode: model.bin\n");
    given_in_stage(s, &second, "production", 1);
    remove_noted_packs();
    mlops_registry_close(s->registry);
    s->registry = open_as(s, "alice@host");
    assert_fails(s, MLOPS_INTEGRITY, roll_back(s, NULL));
    assert_contains(s->err.hint, "--to");
    assert_int_equal(2, holder(s, 0));
    assert_int_equal(1, holder(s, 1));
}

/* Version 2 has a file in common with version 1, whose objects are gone. */
static void a_file_that_is_missing_is_named_also_where_the_manifest_is_there(void **state)
{
    struct session *s = *state;
    struct mlops_promotion promotion;
    given_history(s, 1);
    note_packs(s);
    struct mlops_version second =
        given_version(s, "model: fraud\ndescription: two\ncode: model.bin\n");
    given_in_stage(s, &second, "production", 1);
    given_file(s, "model.bin", "wholly other bytes\n");
    struct mlops_version third =
        given_version(s, "model: fraud\ndescription: three\ncode: model.bin\n");
    given_in_stage(s, &third, "production", 2);
    remove_noted_packs();
    mlops_registry_close(s->registry);
    s->registry = open_as(s, "alice@host");
    assert_fails(s, MLOPS_INTEGRITY, roll_back(s, NULL));
    assert_says(s, "fraud@2 is not whole: 'model.bin' is not in the store");
    assert_int_equal(3, holder(s, 0));
    const struct mlops_promote_options options = {.ref = "fraud@2", .stage = "staging"};
    assert_fails(s, MLOPS_INTEGRITY, mlops_promote(s->registry, &options, &promotion, &s->err));
    mlops_promotion_clear(&promotion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(a_rollback_goes_to_what_was_there_before_and_says_so_in_the_log),
        session_test(a_second_rollback_continues_backwards_until_nothing_is_left),
        session_test(a_rollback_to_a_version_goes_back_as_far_as_it_takes),
        session_test(a_rollback_to_what_never_was_there_is_refused),
        session_test(a_version_that_was_there_twice_is_found_where_it_was_last),
        session_test(stages_and_models_that_are_not_there_are_named),
        session_test(a_rollback_to_what_is_not_whole_is_refused_and_moves_nothing),
        session_test(a_file_that_is_missing_is_named_also_where_the_manifest_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
