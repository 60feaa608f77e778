#include "registry/audit.h"
#include "registry/fixture.h"

static int append(struct fixture *f, const struct audit_entry *entry)
{
    struct transaction *tx = NULL;
    int code;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    code = audit_append(tx, entry, &f->err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, &f->err);
}

static char *entry_text(struct fixture *f, int64_t position)
{
    struct db_rows *rows = NULL;
    bool more;
    char *text;

    assert_ok(f, db_query(f->registry->db, &rows, &f->err,
                          "SELECT entry FROM audit WHERE position = $1", DB_I64(position)));
    assert_ok(f, db_step(rows, &more, &f->err));
    text = xstrdup(db_string(rows, 0));
    db_rows_close(rows);
    return text;
}

static void read_log(struct fixture *f, const struct mlops_log_filter *filter,
                     struct mlops_log *log)
{
    assert_ok(f, mlops_log_read(f->registry, filter, log, &f->err));
}

static void times_have_nanoseconds(void **state)
{
    char text[AUDIT_TIME_SIZE];

    (void)state;
    audit_time_format(1777800600000000001, text);
    assert_string_equal("2026-05-03T09:30:00.000000001Z", text);
    audit_time_format(0, text);
    assert_string_equal("1970-01-01T00:00:00.000000000Z", text);
    audit_time_format(-1, text);
    assert_string_equal("1969-12-31T23:59:59.999999999Z", text);
    audit_time_format(INT64_MAX, text);
    assert_string_equal("2262-04-11T23:47:16.854775807Z", text);
    audit_time_format(INT64_MIN, text);
    assert_true(str_starts(text, "1677-09-21T00:12:4"));
}

static void an_entry_is_canonical_json_with_what_it_has(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *text = NULL;
    _cleanup_(json_free) cJSON *json = NULL;
    _cleanup_(buffer_clear) struct buffer canonical = {0};

    assert_ok(f, append(f, &(struct audit_entry){.action = "promote",
                                                 .model = "fraud",
                                                 .version = 3,
                                                 .previous = 2,
                                                 .bundle = bundle_id(3),
                                                 .stage = "production",
                                                 .reason = "better \"AUC\"\nby far \xe2\x82\xac",
                                                 .detail = "{\"z\": 1, \"a\": [2]}"}));
    text = entry_text(f, 1);
    assert_ok(f, json_parse(text, strlen(text), "entry", &json, &f->err));
    assert_ok(f, json_write_canonical(json, &canonical, &f->err));
    assert_string_equal(canonical.data, text);
    assert_int_equal(12, cJSON_GetArraySize(json));
    assert_int_equal(1, json_u64(json, "index", 0));
    assert_string_equal("alice@host", json_string(json, "actor", ""));
    assert_string_equal("promote", json_string(json, "action", ""));
    assert_string_equal("fraud", json_string(json, "model", ""));
    assert_int_equal(3, json_u64(json, "version", 0));
    assert_int_equal(2, json_u64(json, "previous", 0));
    assert_string_equal(bundle_id(3), json_string(json, "bundle", ""));
    assert_string_equal("production", json_string(json, "stage", ""));
    assert_string_equal("better \"AUC\"\nby far \xe2\x82\xac", json_string(json, "reason", ""));
    assert_non_null(strstr(text, "\"detail\":{\"a\":[2],\"z\":1}"));
}

static void an_entry_leaves_out_what_it_does_not_have(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *text = NULL;
    _cleanup_(json_free) cJSON *json = NULL;

    assert_ok(f, append(f, &(struct audit_entry){.action = "gc", .reason = ""}));
    text = entry_text(f, 1);
    assert_ok(f, json_parse(text, strlen(text), "entry", &json, &f->err));
    assert_int_equal(5, cJSON_GetArraySize(json)); /* index, time, root, actor, action */
}

static void the_first_entry_follows_from_the_empty_tree(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *text = entry_text(f, 0);

    assert_non_null(strstr(text, "\"root\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495"
                                 "991b7852b855\""));
}

static void every_entry_names_the_head_of_the_tree_before_it(void **state)
{
    struct fixture *f = *state;
    struct merkle_frontier tree = {0};

    for (int i = 0; i < 20; i++)
        assert_ok(f, append(f, &(struct audit_entry){.action = "x", .version = (uint64_t)i}));
    for (int64_t i = 0; i <= 20; i++) {
        _cleanup_(free_string) char *text = entry_text(f, i), *expected = NULL;
        char hex[SHA256_HEX_SIZE];
        struct digest digest;

        merkle_root(&tree, &digest);
        digest_to_hex(&digest, hex);
        expected = xprintf("\"root\":\"%s\"", hex);
        assert_non_null(strstr(text, expected));
        merkle_leaf(text, strlen(text), &digest);
        merkle_append(&tree, &digest, NULL);
    }
}

static void what_does_not_belong_in_an_entry_is_refused(void **state)
{
    struct fixture *f = *state;
    char *deep = xmalloc(1000);
    size_t length = 0;

    assert_fails(f, MLOPS_INVALID,
                 append(f, &(struct audit_entry){.action = "x", .reason = "\xff\xfe"}));
    assert_message(f, "the reason is not valid UTF-8");
    assert_fails(f, MLOPS_INVALID,
                 append(f, &(struct audit_entry){.action = "x", .detail = "[1]"}));
    assert_fails(f, MLOPS_INVALID, append(f, &(struct audit_entry){.action = "x", .detail = "{"}));
    for (int i = 0; i < 64; i++)
        length += (size_t)sprintf(deep + length, "{\"a\":");
    length += (size_t)sprintf(deep + length, "1");
    for (int i = 0; i < 64; i++)
        length += (size_t)sprintf(deep + length, "}");
    assert_fails(f, MLOPS_INVALID, append(f, &(struct audit_entry){.action = "x", .detail = deep}));
    free(deep);
    assert_int_equal(1, ask(f, "SELECT count(*) FROM audit"));
}

static void an_entry_of_more_than_64_kib_is_refused(void **state)
{
    struct fixture *f = *state;
    char *reason = xmalloc(AUDIT_ENTRY_MAX + 1);

    memset(reason, 'x', AUDIT_ENTRY_MAX);
    reason[AUDIT_ENTRY_MAX] = '\0';
    assert_fails(f, MLOPS_INVALID,
                 append(f, &(struct audit_entry){.action = "x", .reason = reason}));
    assert_says(f, "too long for the audit log");
    reason[AUDIT_ENTRY_MAX - 1000] = '\0';
    assert_ok(f, append(f, &(struct audit_entry){.action = "x", .reason = reason}));
    free(reason);
}

static void the_log_reads_newest_first_up_to_a_limit(void **state)
{
    struct fixture *f = *state;
    struct mlops_log log;

    for (uint64_t i = 1; i <= 5; i++)
        assert_ok(f, append(f, &(struct audit_entry){.action = "x", .version = i}));
    read_log(f, &(struct mlops_log_filter){0}, &log);
    assert_int_equal(6, log.count);
    assert_int_equal(5, log.items[0].index);
    assert_int_equal(5, log.items[0].version);
    assert_string_equal("", log.items[0].model);
    assert_string_equal("", log.items[0].reason);
    assert_int_equal(0, log.items[5].index);
    mlops_log_clear(&log);
    read_log(f, &(struct mlops_log_filter){.limit = 2}, &log);
    assert_int_equal(2, log.count);
    assert_int_equal(4, log.items[1].index);
    mlops_log_clear(&log);
    read_log(f, &(struct mlops_log_filter){.limit = UINT64_MAX}, &log);
    assert_int_equal(6, log.count);
    mlops_log_clear(&log);
}

static void the_log_is_filtered_by_model_and_stage(void **state)
{
    struct fixture *f = *state;
    struct mlops_log log;

    given_registered(f, "fraud", 1);
    given_registered(f, "churn", 2);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "staging", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "churn@1", "production", 0));

    read_log(f, &(struct mlops_log_filter){.model = "fraud"}, &log);
    assert_int_equal(3, log.count);
    assert_string_equal("production", log.items[0].stage);
    assert_string_equal("register", log.items[2].action);
    mlops_log_clear(&log);
    read_log(f, &(struct mlops_log_filter){.stage = "production"}, &log);
    assert_int_equal(2, log.count);
    assert_string_equal("churn", log.items[0].model);
    mlops_log_clear(&log);
    read_log(f, &(struct mlops_log_filter){.model = "fraud", .stage = "staging"}, &log);
    assert_int_equal(1, log.count);
    mlops_log_clear(&log);
    read_log(f, &(struct mlops_log_filter){.model = "fraud", .stage = "nowhere"}, &log);
    assert_int_equal(0, log.count);
    mlops_log_clear(&log);
    assert_fails(
        f, MLOPS_NOT_FOUND,
        mlops_log_read(f->registry, &(struct mlops_log_filter){.model = "fruad"}, &log, &f->err));
    assert_hint(f, "did you mean 'fraud'?");
}

static void nothing_is_appended_to_a_log_that_lacks_entries(void **state)
{
    struct fixture *f = *state;

    given_registered(f, "fraud", 1);
    tamper(f, "DELETE FROM audit WHERE position = 1");
    assert_fails(f, MLOPS_INTEGRITY, append(f, &(struct audit_entry){.action = "x"}));
    assert_message(f, "the audit log has 1 entries, its signed checkpoint speaks of 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_nanoseconds),
        registry_test(an_entry_is_canonical_json_with_what_it_has),
        registry_test(an_entry_leaves_out_what_it_does_not_have),
        registry_test(the_first_entry_follows_from_the_empty_tree),
        registry_test(every_entry_names_the_head_of_the_tree_before_it),
        registry_test(what_does_not_belong_in_an_entry_is_refused),
        registry_test(an_entry_of_more_than_64_kib_is_refused),
        registry_test(the_log_reads_newest_first_up_to_a_limit),
        registry_test(the_log_is_filtered_by_model_and_stage),
        registry_test(nothing_is_appended_to_a_log_that_lacks_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
