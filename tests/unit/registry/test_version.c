#include "registry/fixture.h"

static void versions_are_numbered_from_1_for_each_model(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(1, given_registered(f, "fraud", 1));
    assert_int_equal(2, given_registered(f, "fraud", 2));
    assert_int_equal(1, given_registered(f, "churn", 3));
    assert_int_equal(3, given_registered(f, "fraud", 4));
}

static void registering_a_bundle_again_gives_the_version_that_it_has(void **state)
{
    struct fixture *f = *state;
    struct mlops_version first, again;
    bool created;

    given_packaged(f, "fraud", 1);
    assert_ok(f, mlops_register(f->registry, bundle_id(1), &first, &created, &f->err));
    assert_true(created);
    given_registered(f, "fraud", 2);
    assert_ok(f, mlops_register(f->registry, bundle_id(1), &again, &created, &f->err));
    assert_false(created);
    assert_memory_equal(&first, &again, sizeof(first));
    assert_int_equal(3, ask(f, "SELECT count(*) FROM audit"));
}

static void a_bundle_that_is_not_there_cannot_be_registered(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;
    bool created;

    assert_fails(f, MLOPS_NOT_FOUND,
                 mlops_register(f->registry, bundle_id(1), &version, &created, &f->err));
    assert_fails(f, MLOPS_INVALID,
                 mlops_register(f->registry, "sha256:00000001", &version, &created, &f->err));
    assert_fails(f, MLOPS_INVALID,
                 mlops_register(f->registry, "fraud", &version, &created, &f->err));
    assert_int_equal(0, ask(f, "SELECT count(*) FROM version"));
}

static void recording_a_bundle_twice_changes_nothing(void **state)
{
    struct fixture *f = *state;

    given_packaged(f, "fraud", 1);
    given_packaged(f, "fraud", 1);
    assert_int_equal(1, ask(f, "SELECT count(*) FROM bundle"));
}

static void a_bundle_s_id_and_model_are_checked(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_fails(f, MLOPS_INVALID, bundle_record(tx, "sha256:12", "fraud", 1, 1, &f->err));
    assert_fails(f, MLOPS_INVALID, bundle_record(tx, bundle_id(1), "a b", 1, 1, &f->err));
    transaction_abort(tx);
}

static void a_number_is_not_given_twice_even_when_its_version_is_gone(void **state)
{
    struct fixture *f = *state;

    given_registered(f, "fraud", 1);
    given_registered(f, "fraud", 2);
    tamper(f, "DELETE FROM version WHERE number = 2");
    assert_int_equal(3, given_registered(f, "fraud", 3));
}

static void a_list_is_by_model_and_newest_first_with_stages(void **state)
{
    struct fixture *f = *state;
    struct mlops_version_list list;

    given_registered(f, "fraud", 1);
    given_registered(f, "Zebra", 2);
    given_registered(f, "fraud", 3);
    given_registered(f, "churn", 4);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "staging", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "dev", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "dev", 2));

    assert_ok(f, mlops_version_list(f->registry, NULL, &list, &f->err));
    assert_int_equal(4, list.count);
    assert_string_equal("Zebra", list.items[0].version.model);
    assert_string_equal("churn", list.items[1].version.model);
    assert_string_equal("fraud", list.items[2].version.model);
    assert_int_equal(2, list.items[2].version.number);
    assert_int_equal(0, list.items[2].stage_count);
    assert_int_equal(1, list.items[3].version.number);
    assert_int_equal(3, list.items[3].stage_count);
    assert_string_equal("dev", list.items[3].stages[0]);
    assert_string_equal("production", list.items[3].stages[1]);
    assert_string_equal("staging", list.items[3].stages[2]);
    mlops_version_list_clear(&list);
}

static void a_list_can_be_of_one_model(void **state)
{
    struct fixture *f = *state;
    struct mlops_version_list list;

    given_registered(f, "fraud", 1);
    given_registered(f, "churn", 2);
    assert_ok(f, mlops_version_list(f->registry, "churn", &list, &f->err));
    assert_int_equal(1, list.count);
    assert_string_equal(bundle_id(2), list.items[0].version.bundle);
    mlops_version_list_clear(&list);
    assert_fails(f, MLOPS_NOT_FOUND, mlops_version_list(f->registry, "chrun", &list, &f->err));
    assert_hint(f, "did you mean 'churn'?");
    assert_int_equal(0, list.count);
    mlops_version_list_clear(&list);
}

static void an_empty_registry_has_an_empty_list(void **state)
{
    struct fixture *f = *state;
    struct mlops_version_list list;

    assert_ok(f, mlops_version_list(f->registry, NULL, &list, &f->err));
    assert_int_equal(0, list.count);
    mlops_version_list_clear(&list);
}

static void what_is_packaged_only_is_not_listed(void **state)
{
    struct fixture *f = *state;
    struct mlops_version_list list;

    given_packaged(f, "fraud", 1);
    assert_ok(f, mlops_version_list(f->registry, NULL, &list, &f->err));
    assert_int_equal(0, list.count);
    mlops_version_list_clear(&list);
}

/* Exit status: the number it got, or 255. */
static int register_in_child(struct fixture *f, unsigned n)
{
    struct mlops_registry *registry = NULL;
    struct mlops_error err = {0};
    struct mlops_version version;
    struct transaction *tx;
    bool created;

    const struct mlops_registry_options options = {.location = f->folder,
                                                   .lock_timeout_ns = IN_LINE_NS};
    if (mlops_registry_open(&options, &registry, &err) || transaction_begin(registry, &tx, &err) ||
        bundle_record(tx, bundle_id(n), "fraud", 1, 1, &err) || transaction_commit(tx, &err) ||
        mlops_register(registry, bundle_id(n), &version, &created, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 255;
    }
    mlops_registry_close(registry);
    return (int)version.number;
}

static void fifty_processes_get_fifty_consecutive_versions(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 50 };
    bool seen[COUNT + 1] = {false};
    pid_t children[COUNT];
    uint64_t size;
    char root[65];

    mlops_registry_close(f->registry); /* so that all of them open it at once, too */
    f->registry = NULL;
    for (unsigned i = 0; i < COUNT; i++) {
        if ((children[i] = fork()) == 0)
            _exit(register_in_child(f, i + 1));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        int number = wait_for(children[i]);
        assert_in_range(number, 1, COUNT);
        assert_false(seen[number]);
        seen[number] = true;
    }
    reopen(f);
    assert_int_equal(COUNT, number_of(f, "fraud"));
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    assert_int_equal(COUNT + 1, size);
}

static void of_many_that_register_one_bundle_one_creates_the_version(void **state)
{
    struct fixture *f = *state;
    pid_t children[20];

    for (size_t i = 0; i < ARRAY_LENGTH(children); i++) {
        if ((children[i] = fork()) == 0)
            _exit(register_in_child(f, 1));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(children); i++)
        assert_int_equal(1, wait_for(children[i]));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM version"));
    assert_int_equal(2, ask(f, "SELECT count(*) FROM audit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(versions_are_numbered_from_1_for_each_model),
        registry_test(registering_a_bundle_again_gives_the_version_that_it_has),
        registry_test(a_bundle_that_is_not_there_cannot_be_registered),
        registry_test(recording_a_bundle_twice_changes_nothing),
        registry_test(a_bundle_s_id_and_model_are_checked),
        registry_test(a_number_is_not_given_twice_even_when_its_version_is_gone),
        registry_test(a_list_is_by_model_and_newest_first_with_stages),
        registry_test(a_list_can_be_of_one_model),
        registry_test(an_empty_registry_has_an_empty_list),
        registry_test(what_is_packaged_only_is_not_listed),
        registry_test(fifty_processes_get_fifty_consecutive_versions),
        registry_test(of_many_that_register_one_bundle_one_creates_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
