/* tests/unit/registry/test_schema.c - what an older mlops made is taken forward. */
#include "registry/fixture.h"

#include "registry/bundle.h"
#include "registry/condemned.h"
#include "registry/schema.h"
#include "store/store.h"

/* A registry in the fixture's folder with schema 1 and one packaged bundle in it. */
static void given_schema_1(struct fixture *f)
{
    _cleanup_(db_close_ptr) struct db *db = NULL;
    _cleanup_(free_string) char *path = in_registry(f, "registry.db");
    bool created;

    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    assert_int_equal(0, unlink(path));
    assert_ok(f, db_open_sqlite(&(struct db_options){.path = path, .create = true}, &db, &f->err));
    assert_ok(f, db_begin(db, DB_WRITE, &f->err));
    assert_ok(f, schema_apply(db, 0, 1, &f->err));
    assert_ok(f, db_exec(db, &f->err,
                         "INSERT INTO bundle (id, model, files, bytes, created_ns, created_by) "
                         "VALUES ($1, 'fraud', 3, 1000, 77, 'old@host')",
                         DB_TEXT(bundle_id(1))));
    assert_ok(f, db_commit(db, &f->err));
}

static void schema_1_is_taken_forward_and_works(void **state)
{
    struct fixture *f = *state;
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};
    _cleanup_(condemned_list_clear) struct condemned_list condemned = {0};
    struct mlops_version version;
    bool registered;
    uint64_t size;
    char root[65];

    given_schema_1(f);
    f->registry = open_as(f, "alice@host");
    assert_int_equal(SCHEMA_NUMBER, ask(f, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'schema'"));
    assert_ok(f, registry_bundles(f->registry, &bundles, &f->err));
    assert_int_equal(1, bundles.count);
    assert_int_equal(77, bundles.items[0].packaged_ns);
    assert_ok(f, condemned_read(f->registry, &condemned, &f->err));
    assert_int_equal(0, condemned.count);
    assert_int_equal(0, condemned.round);
    assert_ok(f, mlops_register(f->registry, bundle_id(1), &version, &registered, &f->err));
    assert_true(registered);
    assert_int_equal(2, given_registered(f, "fraud", 2));
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    reopen(f);
    assert_int_equal(2, number_of(f, "fraud"));
}

/* What a registry of schema 1 with one version and its manifest has after it was taken forward. */
static void versions_of_older_registries_can_be_searched(void **state)
{
    static const char manifest[] =
        "{\"code\":{\"git\":{\"commit\":\"1f\",\"dirty\":true}},\"data\":{\"train\":{\"path\":"
        "\"t.csv\",\"rows\":7}},\"files\":[{\"path\":\"t.csv\",\"sha256\":\"ab\"}],\"metrics\":{"
        "\"auc\":0.5},\"params\":{\"a\":{\"b\":[1,\"x\",null,true]}}}";
    struct fixture *f = *state;
    _cleanup_(free_string) char *objects = in_registry(f, "objects");
    _cleanup_(free_string) char *path = in_registry(f, "registry.db");
    struct db *db;
    struct store *store;
    struct store_writer *writer;
    struct store_added added;
    struct digest digest;
    char id[MLOPS_BUNDLE_ID_SIZE];

    given_schema_1(f);
    assert_ok(f, store_open(objects, NULL, &store, &f->err));
    assert_ok(f, store_writer_begin(store, &writer, &f->err));
    assert_ok(f, store_writer_add(writer, manifest, strlen(manifest), &digest, &f->err));
    assert_ok(f, store_writer_publish(writer, &added, &f->err));
    store_close(store);
    bundle_id_format(&digest, id);
    assert_ok(f, db_open_sqlite(&(struct db_options){.path = path}, &db, &f->err));
    assert_ok(f, db_exec(db, &f->err,
                         "INSERT INTO bundle (id, model, files, bytes, created_ns, created_by) "
                         "VALUES ($1, 'fraud', 3, 1000, 77, 'old@host')",
                         DB_TEXT(id)));
    assert_ok(f, db_exec(db, &f->err, "INSERT INTO model VALUES ('fraud', 1, 77)"));
    assert_ok(f, db_exec(db, &f->err,
                         "INSERT INTO version VALUES ('fraud', 1, $1, 77, 'old@host')",
                         DB_TEXT(id)));
    db_close(db);
    f->registry = open_as(f, "alice@host");
    assert_int_equal(9, ask(f, "SELECT count(*) FROM fact WHERE model = 'fraud' AND number = 1"));
    assert_int_equal(4, ask(f, "SELECT count(*) FROM fact WHERE name IN ('params.a.b.0', "
                               "'params.a.b.1', 'params.a.b.3', 'data.train')"));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM fact WHERE name = 'data.train' AND "
                               "content = 'sha256:ab'"));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM fact WHERE name = 'metrics.auc' AND "
                               "kind = 'float' AND amount = 0.5"));
}

static void a_new_registry_has_the_present_schema(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(SCHEMA_NUMBER,
                     ask(f, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'schema'"));
}

static void condemned_packs_are_listed_and_rounds_counted(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct condemned_list list;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    int64_t now_ns = tx->now_ns;
    assert_ok(f, condemned_add(tx, "b.pack", false, &f->err));
    assert_ok(f, condemned_add(tx, "a.pack", true, &f->err));
    assert_ok(f, condemned_add(tx, "a.pack", false, &f->err)); /* the first time counts */
    assert_ok(f, condemned_round_end(tx, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));

    assert_ok(f, condemned_read(f->registry, &list, &f->err));
    assert_int_equal(2, list.count);
    assert_int_equal(1, list.round);
    assert_string_equal("a.pack", list.packs[0]);
    assert_true(condemned_list_has(&list, "b.pack"));
    assert_false(condemned_list_has(&list, "c.pack"));
    condemned_list_clear(&list);

    assert_ok(f, condemned_due(f->registry, now_ns - 1, 10, &list, &f->err));
    assert_int_equal(1, list.count);
    assert_string_equal("b.pack", list.packs[0]);
    condemned_list_clear(&list);
    assert_ok(f, condemned_due(f->registry, now_ns, 10, &list, &f->err));
    assert_int_equal(2, list.count);
    condemned_list_clear(&list);

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, condemned_forget(tx, "a.pack", &f->err));
    assert_ok(f, condemned_round_end(tx, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_ok(f, condemned_read(f->registry, &list, &f->err));
    assert_int_equal(1, list.count);
    assert_int_equal(2, list.round);
    condemned_list_clear(&list);
}

static void a_bundle_is_dropped_only_where_it_is_neither_registered_nor_tested_nor_new(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    bool dropped;

    given_packaged(f, "fraud", 1);
    given_registered(f, "fraud", 2);
    given_packaged(f, "fraud", 3);
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, evidence_record(tx, bundle_id(3), "test", "unit", "passed", "{}", &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_drop_expired(tx, bundle_id(1), 0, &dropped, &f->err));
    assert_false(dropped);
    assert_ok(f, bundle_drop_expired(tx, bundle_id(1), INT64_MAX, &dropped, &f->err));
    assert_true(dropped);
    assert_ok(f, bundle_drop_expired(tx, bundle_id(1), INT64_MAX, &dropped, &f->err));
    assert_false(dropped);
    assert_ok(f, bundle_drop_expired(tx, bundle_id(2), INT64_MAX, &dropped, &f->err));
    assert_false(dropped);
    assert_ok(f, bundle_drop_expired(tx, bundle_id(3), INT64_MAX, &dropped, &f->err));
    assert_false(dropped);
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_int_equal(2, ask(f, "SELECT count(*) FROM bundle"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(schema_1_is_taken_forward_and_works),
        folder_test(versions_of_older_registries_can_be_searched),
        registry_test(a_new_registry_has_the_present_schema),
        registry_test(condemned_packs_are_listed_and_rounds_counted),
        registry_test(a_bundle_is_dropped_only_where_it_is_neither_registered_nor_tested_nor_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
