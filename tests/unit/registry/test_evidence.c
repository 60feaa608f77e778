#include "registry/evidence.h"
#include "registry/fixture.h"

static int record(struct fixture *f, const char *bundle, const char *kind, const char *name,
                  const char *body)
{
    struct transaction *tx = NULL;
    int code;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    code = evidence_record(tx, bundle, kind, name, "passed", body, &f->err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, &f->err);
}

static void evidence_comes_back_in_the_order_in_which_it_was_recorded(void **state)
{
    struct fixture *f = *state;
    struct mlops_evidence_list list;

    given_packaged(f, "fraud", 1);
    given_packaged(f, "fraud", 2);
    assert_ok(f, record(f, bundle_id(1), "test", "holdout", "{\"b\": 1.50, \"a\": [true]}"));
    assert_ok(f, record(f, bundle_id(2), "test", "holdout", "{}"));
    assert_ok(f, record(f, bundle_id(1), "scan", "pickle", "{}"));
    assert_ok(f, record(f, bundle_id(1), "test", "unit", "{}"));

    assert_ok(f, mlops_evidence_list(f->registry, bundle_id(1), NULL, &list, &f->err));
    assert_int_equal(3, list.count);
    assert_string_equal("holdout", list.items[0].name);
    assert_string_equal("{\"a\":[true],\"b\":1.5}", list.items[0].body);
    assert_string_equal("test", list.items[0].kind);
    assert_string_equal("passed", list.items[0].status);
    assert_string_equal("alice@host", list.items[0].actor);
    assert_string_equal(bundle_id(1), list.items[0].bundle);
    assert_true(list.items[0].recorded_ns > 0);
    assert_string_equal("pickle", list.items[1].name);
    assert_true(list.items[1].id > list.items[0].id);
    mlops_evidence_list_clear(&list);

    assert_ok(f, mlops_evidence_list(f->registry, bundle_id(1), "test", &list, &f->err));
    assert_int_equal(2, list.count);
    assert_string_equal("unit", list.items[1].name);
    mlops_evidence_list_clear(&list);
}

static void a_bundle_without_evidence_has_an_empty_list(void **state)
{
    struct fixture *f = *state;
    struct mlops_evidence_list list;

    assert_ok(f, mlops_evidence_list(f->registry, bundle_id(1), NULL, &list, &f->err));
    assert_int_equal(0, list.count);
    mlops_evidence_list_clear(&list);
}

static void evidence_about_an_unknown_bundle_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, MLOPS_NOT_FOUND, record(f, bundle_id(1), "test", "unit", "{}"));
    assert_says(f, bundle_id(1));
}

static void a_body_that_is_not_a_json_object_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {"", "[]", "1", "null", "{", "{} x", "{\"a\":1,\"a\":2}"};

    given_packaged(f, "fraud", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_fails(f, MLOPS_INVALID, record(f, bundle_id(1), "test", "unit", bodies[i]));
    assert_int_equal(0, ask(f, "SELECT count(*) FROM evidence"));
}

static void evidence_is_in_the_log_also_where_the_caller_logs_nothing(void **state)
{
    struct fixture *f = *state;
    struct mlops_log log;
    uint64_t size;
    char root[65];

    given_packaged(f, "fraud", 1);
    assert_ok(f, record(f, bundle_id(1), "test", "unit", "{}"));
    assert_ok(f,
              mlops_log_read(f->registry, &(struct mlops_log_filter){.limit = 1}, &log, &f->err));
    assert_string_equal("evidence", log.items[0].action);
    mlops_log_clear(&log);
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    assert_int_equal(2, size);
}

static void evidence_goes_into_the_entry_that_the_caller_logs(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    given_packaged(f, "fraud", 1);
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, evidence_record(tx, bundle_id(1), "test", "a", "passed", "{}", &f->err));
    assert_ok(f, evidence_record(tx, bundle_id(1), "test", "b", "failed", "{}", &f->err));
    assert_ok(f, audit_append(tx, &(struct audit_entry){.action = "test", .bundle = bundle_id(1)},
                              &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_int_equal(2, ask(f, "SELECT count(*) FROM audit"));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM audit WHERE action = 'test' AND "
                               "entry LIKE '%\"evidence\":[{\"id\":1,\"sha256\":%\"id\":2,%'"));
}

/* sha256sum of {"actor":"a@b","body":{"auc":0.9},"bundle":"sha256:0…01","id":7,"kind":"test",
 * "name":"holdout","recorded":"2026-05-03T09:30:00.000000001Z","status":"passed"}, made with
 * printf and sha256sum. */
static void the_digest_is_that_of_the_canonical_json(void **state)
{
    struct fixture *f = *state;
    struct evidence_fields fields = {
        .id = 7,
        .bundle = "sha256:0000000000000000000000000000000000000000000000000000000000000001",
        .kind = "test",
        .name = "holdout",
        .status = "passed",
        .actor = "a@b",
        .body = "{ \"auc\" : 0.90 }",
        .recorded_ns = 1777800600000000001};
    char hex[SHA256_HEX_SIZE];

    assert_ok(f, evidence_digest(&fields, hex, &f->err));
    assert_string_equal("d5425822edf637753cc0a2a9a818a6e3d41e906e40df61391982dc3ff65ca6f6", hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(evidence_comes_back_in_the_order_in_which_it_was_recorded),
        registry_test(a_bundle_without_evidence_has_an_empty_list),
        registry_test(evidence_about_an_unknown_bundle_is_refused),
        registry_test(a_body_that_is_not_a_json_object_is_refused),
        registry_test(evidence_is_in_the_log_also_where_the_caller_logs_nothing),
        registry_test(evidence_goes_into_the_entry_that_the_caller_logs),
        folder_test(the_digest_is_that_of_the_canonical_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
