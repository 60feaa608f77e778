#include "registry/fixture.h"

static uint64_t holder(struct fixture *f, const char *model, const char *stage, uint64_t back)
{
    struct transaction *tx = NULL;
    struct mlops_version version = {0};
    bool held;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, stage_holder(f->registry, model, stage, back, &version, &held, &f->err));
    transaction_abort(tx);
    assert_true(held == (version.number != 0));
    return version.number;
}

static int given_three_versions(void **state)
{
    fixture_setup(state);
    for (unsigned n = 1; n <= 3; n++)
        given_registered(*state, "fraud", n);
    return 0;
}

static void promotions_pile_up_and_rollbacks_take_them_off(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(0, holder(f, "fraud", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@3", "production", 2));
    assert_int_equal(3, holder(f, "fraud", "production", 0));
    assert_int_equal(2, holder(f, "fraud", "production", 1));
    assert_int_equal(1, holder(f, "fraud", "production", 2));
    assert_int_equal(0, holder(f, "fraud", "production", 3));
    assert_int_equal(0, holder(f, "fraud", "production", UINT64_MAX));

    assert_int_equal(MLOPS_OK, roll_back(f, "fraud", "production", 3, 1));
    assert_int_equal(2, holder(f, "fraud", "production", 0));
    assert_int_equal(MLOPS_OK, roll_back(f, "fraud", "production", 2, 1));
    assert_int_equal(1, holder(f, "fraud", "production", 0));
    assert_int_equal(0, holder(f, "fraud", "production", 1));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@3", "production", 1));
    assert_int_equal(1, number_of(f, "fraud@production~1"));
}

static void a_transaction_begins_only_where_the_stage_holds_what_was_expected(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_CONFLICT,
                     stage_begin(f->registry, "fraud", "production", 2, &tx, &f->err));
    assert_null(tx);
    assert_string_equal("look at 'mlops log fraud --stage production', then decide anew",
                        f->err.hint);
    f->err = (struct mlops_error){0};
    assert_int_equal(MLOPS_CONFLICT, stage_begin(f->registry, "fraud", "dev", 1, &tx, &f->err));
    assert_null(tx);
    f->err = (struct mlops_error){0};
    assert_ok(f, stage_begin(f->registry, "fraud", "dev", 0, &tx, &f->err));
    transaction_abort(tx);
    assert_ok(f, stage_begin(f->registry, "fraud", "production", 1, &tx, &f->err));
    transaction_abort(tx);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
}

static void who_stands_in_line_is_told_at_its_head_that_the_stage_was_moved(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *other = open_as(f, "bob");
    struct stage_line ours = {.name = NULL}, theirs = {.name = NULL};

    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_ok(f, stage_line_up(f->registry, "fraud", "production", 1, &ours, &f->err));
    assert_ok(f, stage_line_check(&ours, "fraud", "production", 1, &f->err));
    assert_int_equal(MLOPS_CONFLICT, stage_line_check(&ours, "fraud", "production", 2, &f->err));
    f->err = (struct mlops_error){0};
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
    stage_line_leave(&ours);
    stage_line_leave(&ours);      /* nowhere */
    for (int i = 0; i < 2; i++) { /* whoever lost holds no place */
        f->err = (struct mlops_error){0};
        assert_int_equal(MLOPS_CONFLICT,
                         stage_line_up(other, "fraud", "production", 1, &theirs, &f->err));
        assert_string_equal("look at 'mlops log fraud --stage production', then decide anew",
                            f->err.hint);
        stage_line_leave(&theirs);
        f->err = (struct mlops_error){0};
        assert_ok(f, stage_line_up(f->registry, "fraud", "production", 2, &ours, &f->err));
        stage_line_leave(&ours);
    }
    mlops_registry_close(other);
}

static void who_hangs_at_the_head_of_a_line_keeps_nobody_for_good(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *other = open_as(f, "bob");
    struct stage_line ours = {.name = NULL}, theirs = {.name = NULL};

    assert_ok(f, stage_line_up(f->registry, "fraud", "production", 0, &ours, &f->err));
    assert_ok(f, stage_line_up(other, "fraud", "production", 0, &theirs, &f->err));
    stage_line_leave(&theirs);
    stage_line_leave(&ours);
    assert_ok(f, stage_line_up(other, "fraud", "production", 0, &theirs, &f->err));
    stage_line_leave(&theirs);
    mlops_registry_close(other);
}

static void a_rollback_of_several_steps_is_one_entry(void **state)
{
    struct fixture *f = *state;
    struct mlops_log log;

    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@3", "production", 2));
    assert_int_equal(MLOPS_OK, roll_back(f, "fraud", "production", 3, 2));
    assert_int_equal(1, number_of(f, "fraud@production"));
    assert_ok(f, mlops_log_read(f->registry,
                                &(struct mlops_log_filter){.stage = "production", .limit = 1}, &log,
                                &f->err));
    assert_string_equal("rollback", log.items[0].action);
    assert_int_equal(1, log.items[0].version);
    assert_int_equal(3, log.items[0].previous);
    assert_string_equal("it was wrong", log.items[0].reason);
    mlops_log_clear(&log);
}

static void nothing_is_left_to_roll_back_to(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_fails(f, MLOPS_NOT_FOUND, roll_back(f, "fraud", "production", 1, 1));
    assert_message(f, "nothing was in production of fraud before @1");
    assert_fails(f, MLOPS_NOT_FOUND, roll_back(f, "fraud", "production", 1, UINT64_MAX));
    assert_fails(f, MLOPS_INVALID, roll_back(f, "fraud", "production", 1, 0));
    assert_int_equal(1, number_of(f, "fraud@production"));
}

static void a_promotion_on_top_of_something_else_names_who_was_first(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *bobs = open_as(f, "bob@ci");

    assert_int_equal(MLOPS_OK, promote_as(f, bobs, "fraud@3", "production", 0));
    mlops_registry_close(bobs);
    assert_fails(f, MLOPS_CONFLICT, promote(f, "fraud@1", "production", 2));
    assert_says(f, "production of fraud holds @3, put there by bob@ci at ");
    assert_true(str_ends(f->err.message, "Z, not @2"));
    assert_fails(f, MLOPS_CONFLICT, promote(f, "fraud@1", "production", 0));
    assert_true(str_ends(f->err.message, "Z, not nothing"));
    assert_fails(f, MLOPS_CONFLICT, roll_back(f, "fraud", "production", 1, 1));
    assert_int_equal(3, number_of(f, "fraud@production"));
}

static void a_stage_that_is_empty_is_not_what_was_expected(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, MLOPS_CONFLICT, promote(f, "fraud@1", "production", 2));
    assert_message(f, "production of fraud holds nothing, not @2");
    assert_fails(f, MLOPS_CONFLICT, roll_back(f, "fraud", "production", 2, 1));
}

static void after_a_rollback_the_holder_is_there_since_then(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *bobs = open_as(f, "bob@ci");
    struct mlops_stage_list before, after;

    assert_int_equal(MLOPS_OK, promote_as(f, bobs, "fraud@1", "production", 0));
    mlops_registry_close(bobs);
    assert_ok(f, mlops_stage_list(f->registry, "fraud", &before, &f->err));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
    assert_int_equal(MLOPS_OK, roll_back(f, "fraud", "production", 2, 1));
    assert_ok(f, mlops_stage_list(f->registry, "fraud", &after, &f->err));
    assert_int_equal(1, after.items[0].version.number);
    assert_true(after.items[0].since_ns > before.items[0].since_ns);
    mlops_stage_list_clear(&before);
    mlops_stage_list_clear(&after);
    assert_fails(f, MLOPS_CONFLICT, promote(f, "fraud@3", "production", 2));
    assert_says(f, "holds @1, put there by alice@host");
}

static void one_version_may_be_in_several_stages(void **state)
{
    struct fixture *f = *state;
    struct mlops_stage_list list;

    given_registered(f, "churn", 9);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "staging", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "churn@1", "production", 0));
    assert_ok(f, mlops_stage_list(f->registry, NULL, &list, &f->err));
    assert_int_equal(3, list.count);
    assert_string_equal("churn", list.items[0].version.model);
    assert_string_equal("production", list.items[1].stage);
    assert_string_equal("staging", list.items[2].stage);
    assert_int_equal(1, list.items[2].version.number);
    mlops_stage_list_clear(&list);
    assert_ok(f, mlops_stage_list(f->registry, "churn", &list, &f->err));
    assert_int_equal(1, list.count);
    mlops_stage_list_clear(&list);
    assert_fails(f, MLOPS_NOT_FOUND, mlops_stage_list(f->registry, "x", &list, &f->err));
}

static void what_is_not_registered_or_not_a_stage_is_refused(void **state)
{
    struct fixture *f = *state;

    given_packaged(f, "fraud", 77);
    assert_fails(f, MLOPS_INVALID, promote(f, bundle_id(77), "production", 0));
    assert_says(f, "is not registered");
    assert_fails(f, MLOPS_INVALID, promote(f, "fraud@1", "latest", 0));
    assert_fails(f, MLOPS_INVALID, promote(f, "fraud@1", "No Stage", 0));
}

static void a_failed_promotion_leaves_no_entry(void **state)
{
    struct fixture *f = *state;
    int64_t before = ask(f, "SELECT count(*) FROM audit");

    assert_fails(f, MLOPS_CONFLICT, promote(f, "fraud@1", "production", 2));
    assert_int_equal(before, ask(f, "SELECT count(*) FROM audit"));
}

/* Exit status: the code; where it lost, 99 unless the message names the winner. */
static int promote_in_child(struct fixture *f, unsigned n)
{
    struct mlops_registry *registry = NULL;
    struct mlops_error err = {0};
    struct mlops_version version;
    struct transaction *tx = NULL;
    char actor[32], ref[32];
    int code;

    snprintf(actor, sizeof(actor), "worker%u@ci", n);
    snprintf(ref, sizeof(ref), "fraud@%u", n);
    const struct mlops_registry_options options = {
        .location = f->folder, .actor = actor, .lock_timeout_ns = IN_LINE_NS};
    code = mlops_registry_open(&options, &registry, &err);
    if (code == MLOPS_OK)
        code = transaction_begin(registry, &tx, &err);
    if (code == MLOPS_OK)
        code = version_resolve(tx, ref, &version, &err);
    if (code == MLOPS_OK)
        code = stage_push(tx, &version, "production", 1, NULL, NULL, &err);
    if (code == MLOPS_OK) {
        code = transaction_commit(tx, &err);
    } else {
        transaction_abort(tx);
    }
    mlops_registry_close(registry);
    if (code == MLOPS_CONFLICT) {
        unsigned holder, winner;
        const char *by = strstr(err.message, "holds @");

        if (!by || sscanf(by, "holds @%u, put there by worker%u@ci", &holder, &winner) != 2 ||
            holder != winner)
            return 99;
    }
    return code;
}

static void of_twenty_that_expect_the_same_holder_one_wins(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 20 };
    pid_t children[COUNT];
    int won = 0, lost = 0;

    for (unsigned n = 4; n <= COUNT + 1; n++)
        given_registered(f, "fraud", n);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    for (unsigned i = 0; i < COUNT; i++) {
        if ((children[i] = fork()) == 0)
            _exit(promote_in_child(f, i + 2));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        int code = wait_for(children[i]);
        won += code == MLOPS_OK;
        lost += code == MLOPS_CONFLICT;
    }
    assert_int_equal(1, won);
    assert_int_equal(COUNT - 1, lost);
    assert_int_equal(1, number_of(f, "fraud@production~1"));
    assert_int_equal(2, ask(f, "SELECT count(*) FROM audit WHERE action = 'promote'"));
}

#define stage_test(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, given_three_versions, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(a_transaction_begins_only_where_the_stage_holds_what_was_expected),
        stage_test(promotions_pile_up_and_rollbacks_take_them_off),
        stage_test(who_stands_in_line_is_told_at_its_head_that_the_stage_was_moved),
        stage_test(who_hangs_at_the_head_of_a_line_keeps_nobody_for_good),
        stage_test(a_rollback_of_several_steps_is_one_entry),
        stage_test(nothing_is_left_to_roll_back_to),
        stage_test(a_promotion_on_top_of_something_else_names_who_was_first),
        stage_test(a_stage_that_is_empty_is_not_what_was_expected),
        stage_test(after_a_rollback_the_holder_is_there_since_then),
        stage_test(one_version_may_be_in_several_stages),
        stage_test(what_is_not_registered_or_not_a_stage_is_refused),
        stage_test(a_failed_promotion_leaves_no_entry),
        stage_test(of_twenty_that_expect_the_same_holder_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
