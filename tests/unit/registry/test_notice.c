/* tests/unit/registry/test_notice.c - what people are told of an alert, whatever its features are
 * called. */
#include "test.h"

#include "registry/notice.h"

static void given(const char *action, const char *cause, cJSON **entry, struct notice *notice)
{
    struct mlops_error err = {0};
    *entry = cJSON_CreateObject();
    json_add_string(*entry, "action", action);
    json_add_string(*entry, "model", "fraud");
    json_add_string(*entry, "stage", "production");
    json_add_string(*entry, "time", "2026-11-28T10:00:00.5Z");
    json_add_u64(*entry, "version", 3);
    cJSON *detail = json_add_object(*entry, "detail");
    json_add_string(detail, "rule", "slow");
    json_add_string(detail, "severity", "critical");
    json_add_string(detail, "what", "latency_p99 is 900");
    json_add_string(detail, "cause", cause);
    json_add_string(detail, "since", "2026-11-28T09:00:00Z");
    assert_int_equal(0, notice_read(*entry, notice, &err));
}

static void a_name_of_a_feature_steers_nothing(void **state)
{
    _cleanup_(json_free) cJSON *entry = NULL, *slack = NULL;
    _cleanup_(notice_clear) struct notice notice = {.key = NULL};
    _cleanup_(buffer_clear) struct buffer mail = {0};
    (void)state;
    given("alert", "<!channel> a&b\r\nBcc: x@y.z\x1b[2J", &entry, &notice);
    slack = notice_slack(&notice);
    const cJSON *text = cJSON_GetObjectItem(
        cJSON_GetArrayItem(cJSON_GetObjectItem(slack, "blocks"), 1), "text");
    assert_non_null(strstr(json_string(text, "text", ""), "&lt;!channel&gt; a&amp;b  Bcc"));
    assert_null(strchr(json_string(text, "text", ""), '\x1b'));
    notice_mail(&notice, NULL, "ops@example.com", "mlops-1-2", 1795860000000000000, &mail);
    assert_null(strstr(mail.data, "\r\nBcc"));
    assert_non_null(strstr(mail.data, "\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n"));
    assert_null(strstr(mail.data, "From:"));
}

static void long_texts_are_cut_between_characters(void **state)
{
    _cleanup_(json_free) cJSON *entry = NULL, *slack = NULL;
    _cleanup_(notice_clear) struct notice notice = {.key = NULL};
    _cleanup_(buffer_clear) struct buffer cause = {0};
    (void)state;
    for (int i = 0; i < 3000; i++)
        buffer_puts(&cause, "\xe2\x82\xac");
    given("alert", cause.data, &entry, &notice);
    slack = notice_slack(&notice);
    const cJSON *block = cJSON_GetArrayItem(cJSON_GetObjectItem(slack, "blocks"), 1);
    const char *text = json_string(cJSON_GetObjectItem(block, "text"), "text", "");
    size_t length = strlen(text);
    assert_true(length <= 3000 && length > 2990);
    assert_memory_equal(text + length - 3, "\xe2\x82\xac", 3);
}

static void begin_and_end_have_one_key(void **state)
{
    _cleanup_(json_free) cJSON *a = NULL, *b = NULL, *first = NULL, *last = NULL;
    _cleanup_(notice_clear) struct notice begin = {.key = NULL}, end = {.key = NULL};
    (void)state;
    given("alert", "", &a, &begin);
    given("resolve", "", &b, &end);
    first = notice_pagerduty(&begin, "key");
    last = notice_pagerduty(&end, "key");
    assert_string_equal("trigger", json_string(first, "event_action", ""));
    assert_string_equal("resolve", json_string(last, "event_action", ""));
    assert_string_equal("mlops/fraud/production/slow/2026-11-28T09:00:00Z",
                        json_string(first, "dedup_key", ""));
    assert_string_equal(json_string(first, "dedup_key", ""), json_string(last, "dedup_key", ""));
}

static void another_entry_of_the_log_is_no_notice(void **state)
{
    _cleanup_(json_free) cJSON *entry = cJSON_CreateObject();
    _cleanup_(notice_clear) struct notice notice = {.key = NULL};
    struct mlops_error err = {0};
    (void)state;
    json_add_string(entry, "action", "promote");
    assert_int_equal(MLOPS_INTEGRITY, notice_read(entry, &notice, &err));
    cJSON_ReplaceItemInObject(entry, "action", cJSON_CreateString("alert"));
    assert_int_equal(MLOPS_INTEGRITY, notice_read(entry, &notice, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_a_feature_steers_nothing),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(begin_and_end_have_one_key),
        cmocka_unit_test(another_entry_of_the_log_is_no_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
