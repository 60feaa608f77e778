/* tests/unit/trial/test_scan_version.c - the bundle of a version scanned: what each file is for,
 * and what is recorded. */
#include "trial/session.h"

#include "base/json.h"

static struct mlops_scan_report report;

static int scan(struct session *s, const struct mlops_scan_options *options)
{
    mlops_scan_report_clear(&report);
    s->err = (struct mlops_error){0};
    return mlops_scan(s->registry, options, &report, &s->err);
}

static int teardown(void **state)
{
    mlops_scan_report_clear(&report);
    return session_teardown(state);
}

static bool found(const char *rule, const char *file)
{
    for (size_t i = 0; i < report.finding_count; i++)
        if (str_equal(report.findings[i].rule.id, rule) && str_equal(report.findings[i].file, file))
            return true;
    return false;
}

static size_t count_evidence(struct session *s, const char *bundle, const char *kind)
{
    struct mlops_evidence_list list;
    assert_ok(s, mlops_evidence_list(s->registry, bundle, kind, &list, &s->err));
    size_t count = list.count;
    mlops_evidence_list_clear(&list);
    return count;
}

#define OPAQUE "\x01\x02\xff\xfe"
#define UNLISTED "courcompany.models\nScorer\n(tR."

/* The same bytes are a remark where data lies and a finding where artifacts do; what is named twice
 * is the stricter. */
static void what_a_file_is_for_says_how_it_is_judged(void **state)
{
    struct session *s = *state;
    static const char *const folders[] = {"model", "code"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        _cleanup_(free_string) char *path = path_join(s->project, folders[i]);
        assert_int_equal(0, mkdir(path, 0755));
    }
    given_file(s, "model/weights.bin", OPAQUE);
    given_file(s, "code/table.bin", OPAQUE);
    given_file(s, "data.csv", "a,b\n1,2\n");
    (void)given_version(s, "model: fraud\nartifacts: [model/]\ncode: [code/, model/]\n"
                           "data: {train: {path: data.csv}}\n");
    assert_ok(s, scan(s, &(struct mlops_scan_options){.ref = "fraud"}));
    assert_int_equal(MLOPS_SCAN_UNKNOWN, report.verdict);
    assert_int_equal(4, report.files);
    assert_true(found("scan/unknown-format", "model/weights.bin"));
    assert_true(found("scan/unknown-format", "code/table.bin"));
    assert_int_equal(2, report.finding_count);
}

static void a_scan_is_evidence_with_its_scanner_and_findings(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    cJSON *body = NULL;
    given_file(s, "m.pkl", UNLISTED);
    struct mlops_version version = given_version(s, "model: fraud\nartifacts: m.pkl\n");
    assert_ok(s, scan(s, &(struct mlops_scan_options){.ref = "fraud"}));
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, "scan", &list, &s->err));
    assert_int_equal(1, list.count);
    assert_string_equal("unknown", list.items[0].status);
    assert_ok(s, json_parse(list.items[0].body, strlen(list.items[0].body), "it", &body, &s->err));
    assert_int_equal(MLOPS_SCANNER_VERSION, json_u64(body, "scanner", 0));
    assert_int_equal(2, json_u64(body, "files", 0));
    assert_true(json_bool(body, "whole", false));
    const cJSON *finding =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "findings"), 0);
    assert_string_equal("pickle/import-unknown", json_string(finding, "rule", ""));
    assert_string_equal("m.pkl", json_string(finding, "file", ""));
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(body, "counts");
    assert_int_equal(1, json_u64(counts, "medium", 9));
    cJSON_Delete(body);
    mlops_evidence_list_clear(&list);
    assert_log_is_sound(s);
}

static void what_is_accepted_is_bound_to_the_bundle(void **state)
{
    struct session *s = *state;
    const struct mlops_scan_acceptance accept = {.rule = "pickle/import-unknown", .files = "*.pkl"};
    const struct mlops_scan_options accepting = {
        .ref = "fraud@1", .accept = &accept, .accept_count = 1, .reason = "read it"};
    given_file(s, "m.pkl", UNLISTED);
    struct mlops_version first = given_version(s, "model: fraud\nartifacts: m.pkl\n");
    struct mlops_version second =
        given_version(s, "model: fraud\nartifacts: m.pkl\ndescription: other\n");
    assert_ok(s, scan(s, &accepting));
    assert_int_equal(MLOPS_SCAN_SAFE, report.verdict);
    assert_true(report.findings[0].accepted);
    assert_string_equal("read it", report.findings[0].reason);
    assert_int_equal(1, count_evidence(s, first.bundle, "acceptance"));
    assert_ok(s, scan(s, &(struct mlops_scan_options){.ref = "fraud@1"}));
    assert_int_equal(MLOPS_SCAN_SAFE, report.verdict);
    assert_ok(s, scan(s, &(struct mlops_scan_options){.ref = "fraud@2"}));
    assert_int_equal(MLOPS_SCAN_UNKNOWN, report.verdict);
    assert_int_equal(0, count_evidence(s, second.bundle, "acceptance"));
    assert_log_is_sound(s);
}

static void an_acceptance_that_cannot_be_records_nothing(void **state)
{
    struct session *s = *state;
    struct mlops_scan_acceptance accept = {.rule = "pickle/import-denied"};
    struct mlops_scan_options options = {
        .ref = "fraud", .accept = &accept, .accept_count = 1, .reason = "trust me"};
    given_file(s, "m.pkl", "cos\nsystem\n(S'true'\ntR.");
    struct mlops_version version = given_version(s, "model: fraud\nartifacts: m.pkl\n");
    assert_fails(s, MLOPS_INVALID, scan(s, &options));
    assert_says(s, "cannot be accepted");
    accept.rule = "scan/unknown-format";
    assert_fails(s, MLOPS_NOT_FOUND, scan(s, &options));
    accept.rule = "scan/no-such-rule";
    assert_fails(s, MLOPS_NOT_FOUND, scan(s, &options));
    options.reason = " ";
    assert_fails(s, MLOPS_INVALID, scan(s, &options));
    options.accept_count = 0;
    options.reason = "of nothing";
    assert_fails(s, MLOPS_INVALID, scan(s, &options));
    options = (struct mlops_scan_options){.ref = "fraud", .dry_run = true};
    assert_ok(s, scan(s, &options));
    assert_int_equal(MLOPS_SCAN_UNSAFE, report.verdict);
    assert_int_equal(0, count_evidence(s, version.bundle, NULL));
}

static void a_scan_that_is_cancelled_records_nothing(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, "model: fraud\n");
    s->cancel = true;
    assert_fails(s, MLOPS_CANCELLED, scan(s, &(struct mlops_scan_options){.ref = "fraud"}));
    s->cancel = false;
    assert_int_equal(0, count_evidence(s, version.bundle, NULL));
}

#define scan_test(name) cmocka_unit_test_setup_teardown(name, session_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scan_test(what_a_file_is_for_says_how_it_is_judged),
        scan_test(a_scan_is_evidence_with_its_scanner_and_findings),
        scan_test(what_is_accepted_is_bound_to_the_bundle),
        scan_test(an_acceptance_that_cannot_be_records_nothing),
        scan_test(a_scan_that_is_cancelled_records_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
