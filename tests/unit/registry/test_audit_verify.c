#include "registry/fixture.h"

/* A registry with a little of everything. */
static int given_history(void **state)
{
    struct transaction *tx = NULL;
    struct fixture *f;

    fixture_setup(state);
    f = *state;
    given_registered(f, "fraud", 1);
    given_registered(f, "fraud", 2);
    given_registered(f, "churn", 3);
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, evidence_record(tx, bundle_id(1), "test", "unit", "failed", "{\"n\":1}", &f->err));
    assert_ok(f, audit_append(tx,
                              &(struct audit_entry){.action = "test",
                                                    .model = "fraud",
                                                    .version = 1,
                                                    .bundle = bundle_id(1),
                                                    .reason = "because"},
                              &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 1));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "staging", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "staging", 1));
    assert_int_equal(MLOPS_OK, roll_back(f, "fraud", "staging", 2, 1));
    return 0;
}

static int verify(struct fixture *f)
{
    uint64_t size;
    char root[65];

    return mlops_log_verify(f->registry, NULL, &size, root, &f->err);
}

static void a_history_verifies_and_has_a_tree_head(void **state)
{
    struct fixture *f = *state;
    uint64_t size;
    char first[65], second[65];

    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, first, &f->err));
    assert_int_equal(10, size);
    assert_int_equal(64, strlen(first));
    assert_int_equal(MLOPS_OK, promote(f, "churn@1", "dev", 0));
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, second, &f->err));
    assert_int_equal(11, size);
    assert_string_not_equal(first, second);
}

static void every_change_of_the_database_is_noticed(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    static const struct {
        const char *sql;
        const char *says;
    } changes[] = {
        {"UPDATE audit SET actor = 'mallory@x' WHERE position = 5", "its column 'actor'"},
        {"UPDATE audit SET action = 'x' WHERE position = 5", "its column 'action'"},
        {"UPDATE audit SET model = 'churn' WHERE position = 5", "its column 'model'"},
        {"UPDATE audit SET version = 2 WHERE position = 5", "its column 'version'"},
        {"UPDATE audit SET previous = 2 WHERE position = 5", "its column 'previous'"},
        {"UPDATE audit SET stage = 'dev' WHERE position = 5", "its column 'stage'"},
        {"UPDATE audit SET reason = 'x' WHERE position = 4", "its column 'reason'"},
        {"UPDATE audit SET time_ns = time_ns + 1 WHERE position = 5", "its column 'time'"},
        {"UPDATE audit SET leaf = substr(leaf, 2) || substr(leaf, 1, 1) WHERE position = 5",
         "entry 5 of the audit log was changed: its hash is another"},
        {"UPDATE audit SET entry = replace(entry, 'because', 'begause') WHERE position = 4",
         "entry 4 of the audit log was changed: its hash is another"},
        {"UPDATE audit SET entry = entry || ' ' WHERE position = 9",
         "entry 9 of the audit log was changed"},
        {"UPDATE audit SET entry = '{' WHERE position = 5", "it is not JSON"},
        {"UPDATE audit SET entry = '' WHERE position = 5", "it is not JSON"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM audit WHERE position = 5",
         "entry 5 of the audit log is missing"},
        {"DELETE FROM audit WHERE position = 0", "entry 0 of the audit log is missing"},
        {"DELETE FROM audit",
         "the audit log has 0 entries, its signed checkpoint speaks of 10"},
        {"DELETE FROM audit WHERE position = 9",
         "the audit log has 9 entries, its signed checkpoint speaks of 10"},
        {"UPDATE audit SET position = 10 WHERE position = 9",
         "entry 9 of the audit log is missing"},
        {"UPDATE audit_node SET hash = replace(hash, '1', '2')",
         "the tree of the audit log does not fit its entries"},
        {"UPDATE audit_node SET hash = 'x' WHERE position = 3",
         "hash 3, which entry 5 completes, is another"},
        {"UPDATE audit_node SET position = 70 WHERE position = 3", "hash 3, which entry 5"},
        {"DELETE FROM audit_node WHERE position = 7", "hash 7, which entry 9"},
        {"INSERT INTO audit_node VALUES (8, 'x')",
         "there are 9 hashes of the tree of the audit log, the audit log knows of 8"},
        {"UPDATE meta SET value = replace(value, char(10) || '10' || char(10), char(10) || '11' || char(10)) WHERE key = 'checkpoint'",
         "is not of this text"},
        {"DELETE FROM meta WHERE key = 'checkpoint'", "not a signed note"},
        {"UPDATE meta SET value = 'example.com/foo+530d903a+"
         "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k' WHERE key = 'log_key'",
         "the note is not signed by 'example.com/foo'"},
        {"UPDATE version SET bundle = 'x' WHERE model = 'fraud' AND number = 2",
         "fraud@2 is x, but entry 2 of the audit log says sha256:"},
        {"UPDATE version SET created_ns = 7 WHERE number = 2",
         "when, by whom or of which model fraud@2 was registered is not what entry 2"},
        {"UPDATE version SET created_by = 'mallory@x' WHERE number = 2", "by whom"},
        {"UPDATE bundle SET model = 'churn'", "of which model fraud@1"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM bundle", "of which model fraud@1"},
        {"UPDATE stage_entry SET entered_by = 'mallory@x' WHERE stage = 'staging'",
         "staging of fraud holds or held"},
        {"UPDATE stage_entry SET entered_ns = 7 WHERE stage = 'staging'",
         "staging of fraud holds or held"},
        {"DELETE FROM version WHERE model = 'churn'", "churn@1 is missing, but entry 3"},
        {"INSERT INTO version VALUES ('fraud', 9, 'x', 0, 'mallory@x')",
         "there are 4 versions, the audit log knows of 3"},
        {"UPDATE evidence SET status = 'passed'",
         "evidence 1, which entry 4 of the audit log speaks of, was changed"},
        {"UPDATE evidence SET body = '{\"n\":2}'", "was changed"},
        {"UPDATE evidence SET body = 'x'", "was changed"},
        {"DELETE FROM evidence", "was removed"},
        {"INSERT INTO evidence SELECT 2, bundle, kind, name, 'passed', actor, body, recorded_ns "
         "FROM evidence",
         "there are 2 pieces of evidence, the audit log knows of 1"},
        {"UPDATE stage_entry SET number = 1 WHERE stage = 'production' AND position = 1",
         "production of fraud holds or held a version that the audit log knows nothing of"},
        {"UPDATE stage_entry SET number = 2 WHERE stage = 'production' AND position = 0",
         "production of fraud holds or held"},
        {"INSERT INTO stage_entry SELECT model, 'dev', 0, number, 0, 'm', 0 FROM stage_entry "
         "WHERE stage = 'staging'",
         "dev of fraud holds or held"},
        {"DELETE FROM stage_entry WHERE stage = 'production' AND position = 1",
         "production of fraud does not hold what the audit log put there last"},
        {"DELETE FROM stage_entry WHERE stage = 'staging'",
         "staging of fraud does not hold what the audit log put there last"},
        {"UPDATE stage_entry SET position = 5 WHERE stage = 'production' AND position = 0",
         "production of fraud does not hold what the audit log put there last"},
    };
    _cleanup_(free_string) char *path = in_registry(f, "registry.db");
    _cleanup_(buffer_clear) struct buffer good = {0};

    mlops_registry_close(f->registry);
    assert_ok(f, file_read(path, 10000000, &good, &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        tamper(f, changes[i].sql);
        f->registry = open_as(f, "alice@host");
        memset(&f->err, 0, sizeof(f->err));
        if (verify(f) != MLOPS_INTEGRITY)
            fail_msg("not noticed: %s", changes[i].sql);
        if (!strstr(f->err.message, changes[i].says))
            fail_msg("'%s' does not say '%s' after: %s", f->err.message, changes[i].says,
                     changes[i].sql);
        mlops_registry_close(f->registry);
        assert_ok(f, file_write_durable(path, good.data, good.length, 0644, &f->err));
    }
    f->registry = open_as(f, "alice@host");
    assert_ok(f, verify(f));
}

/* Entries go through in batches on several threads; which is named must not depend on that. */
static void of_several_changes_the_first_is_named(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    static const struct {
        const char *sql;
        const char *says;
    } changes[] = {
        {"UPDATE audit SET reason = 'x' WHERE position IN (1400, 2900)",
         "entry 1400 of the audit log was changed: its column 'reason'"},
        {"UPDATE audit SET entry = 'x' WHERE position >= 1200",
         "entry 1200 of the audit log was changed: it is not JSON"},
        {"UPDATE audit SET reason = 'x' WHERE position = 699",
         "entry 699 of the audit log was changed: its column 'reason'"},
        {"UPDATE audit_node SET hash = 'x' WHERE position > 100", "hash 101, which entry 105"},
        {"DELETE FROM audit WHERE position = 50", "entry 50 of the audit log is missing"},
        {"UPDATE audit SET entry = replace(entry, '\"root\":\"', '\"root\":\"0') "
         "WHERE position = 20",
         "entry 20 of the audit log does not follow from those before it"},
    };
    struct transaction *tx = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    for (int i = 0; i < 3000; i++)
        assert_ok(f, audit_append(tx,
                                  &(struct audit_entry){.action = "test", .model = "fraud"},
                                  &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_ok(f, verify(f));
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) { /* each on top of those before it */
        mlops_registry_close(f->registry);
        tamper(f, changes[i].sql);
        f->registry = open_as(f, "alice@host");
        for (int run = 0; run < 20; run++) {
            assert_fails(f, MLOPS_INTEGRITY, verify(f));
            assert_says(f, changes[i].says);
        }
    }
}

static void a_log_can_be_verified_with_shell_tools_alone(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *command = NULL;
    char found[256] = "", root[65];
    uint64_t size;
    FILE *pipe;

    /* As docs/registry.md says: an outsider's implementation, sha256sum does the hashing. */
    command = xprintf("sh '%s/tests/unit/registry/log_head.sh' '%s/.mlops/registry.db'",
                      SOURCE_ROOT, f->folder);
    if (system(
            "for tool in sqlite3 xxd sha256sum; do command -v $tool || exit 1; done >/dev/null") !=
        0) {
        print_message("skipped: needs sqlite3 and xxd\n");
        return;
    }
    assert_non_null(pipe = popen(command, "r"));
    assert_non_null(fgets(found, sizeof(found), pipe));
    pclose(pipe);
    found[strcspn(found, "\n")] = '\0';
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    assert_string_equal(root, found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_history_verifies_and_has_a_tree_head, given_history,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(every_change_of_the_database_is_noticed, given_history,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(of_several_changes_the_first_is_named, given_history,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_log_can_be_verified_with_shell_tools_alone, given_history,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
