/* tests/unit/release/test_policy.c - policy files: what they may say, and that what is read, kept
 * and shown is one and the same. */
#include "test.h"

#include "release/policy.h"
#include <mlops/trust.h>

static struct mlops_error err;

static int parse(const char *text, struct policy *policy)
{
    err = (struct mlops_error){0};
    return policy_parse(text, strlen(text), "policy.yaml", policy, &err);
}

static char *canonical(const struct policy *policy)
{
    struct buffer text = {0};
    assert_int_equal(0, policy_write(policy, &text, &err));
    return buffer_steal(&text);
}

#define FULL                                                                                       \
    "stages:\n"                                                                                    \
    "  dev:\n"                                                                                     \
    "  staging: {tests: all, requirements: met}\n"                                                 \
    "  production:\n"                                                                              \
    "    tests: {suites: [holdout], kinds: unit}\n"                                                \
    "    flaky: allow\n"                                                                           \
    "    scan: high\n"                                                                             \
    "    accept: [{rule: pickle/import-unknown, names: a.B, reason: 'it''s \\ours\\'},\n"          \
    "             {rule: scan/unknown-format, files: 'x/*', reason: r}]\n"                         \
    "    signed: [author, releaser]\n"                                                             \
    "    approvals: {count: 2, within: 36h}\n"                                                     \
    "    metrics: {auc: '>= 0.9', holdout.recall: '>= production - 0.01',\n"                       \
    "              size: <= 200MB, latency_p99: '< 50ms at 99%'}\n"                                \
    "    evaluation: fraud/holdout-2024\n"                                                         \
    "    from: staging for 24h with no open alert and >= 10000 predictions\n"                      \
    "    git: clean\n"                                                                             \
    "    lineage: complete\n"                                                                      \
    "    environment: pinned\n"                                                                    \
    "    windows: ['mon-thu 09:00-16:00 Europe/Berlin', 'sat 22:00-04:00']\n"

static void every_demand_is_read(void **state)
{
    struct policy policy;
    (void)state;
    if (parse(FULL, &policy))
        fail_msg("%s", err.message);
    assert_int_equal(3, policy.stage_count);
    const struct policy_stage *stage = policy_stage_find(&policy, "production");
    assert_string_equal("holdout", stage->suites[0]);
    assert_string_equal("unit", stage->kinds[0]);
    assert_false(stage->all_suites);
    assert_true(stage->flaky_allowed);
    assert_false(policy_stage_find(&policy, "staging")->flaky_allowed);
    assert_int_equal(POLICY_SCAN_HIGH, stage->scan);
    assert_int_equal(MLOPS_ROLE_AUTHOR | MLOPS_ROLE_RELEASER, stage->signed_by);
    assert_int_equal(2, stage->approvals);
    assert_true(stage->approvals_within_ns == 36LL * 3600 * 1000000000);
    assert_int_equal(4, stage->metric_count);
    assert_null(stage->metrics[0].suite);
    assert_string_equal("holdout", stage->metrics[1].suite);
    assert_string_equal("recall", stage->metrics[1].metric);
    assert_string_equal("fraud/holdout-2024", stage->evaluation);
    assert_string_equal("staging", stage->from.stage);
    assert_true(stage->from.for_ns == 24LL * 3600 * 1000000000);
    assert_true(stage->from.no_open_alert);
    assert_int_equal(10000, stage->from.predictions);
    assert_true(stage->clean_git && stage->lineage && stage->pinned);
    assert_int_equal(2, stage->window_count);
    assert_null(policy_stage_find(&policy, "prod"));
    policy_clear(&policy);
}

static void what_is_kept_and_what_is_shown_read_as_the_same(void **state)
{
    static const char *const texts[] = {FULL, "stages: {a: {approvals: 1}, '*': {scan: safe}}\n"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct policy policy, again, shown;
        struct buffer yaml = {0};
        assert_int_equal(0, parse(texts[i], &policy));
        char *first = canonical(&policy);
        assert_int_equal(0, policy_read(first, strlen(first), &again, &err));
        policy_write_yaml(&again, &yaml);
        if (parse(yaml.data, &shown))
            fail_msg("%s\n%s", err.message, yaml.data);
        char *second = canonical(&shown);
        assert_string_equal(first, second);
        free(first);
        free(second);
        buffer_clear(&yaml);
        policy_clear(&policy);
        policy_clear(&again);
        policy_clear(&shown);
    }
}

static void the_default_has_the_stages_of_always(void **state)
{
    struct policy policy, again;
    (void)state;
    policy_default(&policy);
    assert_int_equal(POLICY_SCAN_NONE, policy_stage_find(&policy, "dev")->scan);
    assert_int_equal(POLICY_SCAN_SAFE, policy_stage_find(&policy, "production")->scan);
    assert_string_equal("*", policy_stage_find(&policy, "canary")->name);
    char *text = canonical(&policy);
    assert_int_equal(0, policy_read(text, strlen(text), &again, &err));
    free(text);
    policy_clear(&policy);
    policy_clear(&again);
}

static void a_finding_is_accepted_by_its_whole_name_or_its_file(void **state)
{
    static const struct {
        const char *finding;
        bool accepted;
    } cases[] = {
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports a.B, which is on no list'}",
         true},
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports a.B.'}",
         true},
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports a.B.C, which is on no list'}",
         false},
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports x.a.B, which is on no list'}",
         false},
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports a.Bad, then a.B'}",
         true},
        {"{'rule':'pickle/import-denied','verdict':'unknown','severity':'medium','file':'m',"
         "'message':'imports a.B'}",
         false},
        {"{'rule':'pickle/import-unknown','verdict':'unsafe','severity':'medium','file':'m',"
         "'message':'imports a.B'}",
         false},
        {"{'rule':'pickle/import-unknown','verdict':'unknown','severity':'critical','file':'m',"
         "'message':'imports a.B'}",
         false},
        {"{'rule':'scan/unknown-format','verdict':'unknown','severity':'medium','file':'x/y/z',"
         "'message':''}",
         true},
        {"{'rule':'scan/unknown-format','verdict':'unknown','severity':'medium','file':'y/x/z',"
         "'message':''}",
         false},
    };
    struct policy policy;
    (void)state;
    assert_int_equal(MLOPS_OK, parse(FULL, &policy));
    const struct policy_stage *stage = policy_stage_find(&policy, "production");
    assert_int_equal(2, stage->accepts.count);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(free_string) char *text = xstrdup(cases[i].finding);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        cJSON *finding = cJSON_Parse(text);
        assert_non_null(finding);
        assert_int_equal(cases[i].accepted, policy_accepts_find(&stage->accepts, finding) != NULL);
        cJSON_Delete(finding);
    }
    policy_clear(&policy);
}

static void mistakes_have_their_line_and_the_nearest_word(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "policy.yaml:1: the file is empty: it must at least name its 'stages'"},
        {"stage: {}", "policy.yaml:1: unknown key 'stage' (did you mean 'stages'?)"},
        {"stages: []", "policy.yaml:1: 'stages' must be a map from stages to what they demand"},
        {"stages:\n  prod:\n    aprovals: 2",
         "policy.yaml:3: unknown key 'aprovals' (did you mean 'approvals'?)"},
        {"stages:\n  Prod: {}", "policy.yaml:2: 'Prod' is not a stage name"},
        {"stages:\n  a: {approvals: 0}", "policy.yaml:2: '0' is no number of approvals: 1 to 100"},
        {"stages:\n  a: {approvals: -1}",
         "policy.yaml:2: '-1' is no number of approvals: 1 to 100"},
        {"stages:\n  a: {scan: save}",
         "policy.yaml:2: 'save' is nothing that 'scan' may be (did you mean 'safe'?)"},
        {"stages:\n  a: {accept: [{rule: a/b, names: c, reason: r}]}",
         "policy.yaml:2: 'accept' is of use only beside 'scan'"},
        {"stages:\n  a: {scan: safe, accept: [{rule: a/b, names: c}]}",
         "policy.yaml:2: 'accept' of a/b needs a 'reason'"},
        {"stages:\n  a: {scan: safe, accept: [{rule: a/b, reason: r}]}",
         "policy.yaml:2: 'accept' of a/b needs 'names' or 'files'"},
        {"stages:\n  a: {scan: safe, accept: [{names: c, reason: r}]}",
         "policy.yaml:2: 'accept' needs a 'rule'"},
        {"stages:\n  a: {scan: safe, accept: {rule: a/b}}",
         "policy.yaml:2: 'accept' must be a list of maps"},
        {"stages:\n  a: {tests: all, flaky: alow}",
         "policy.yaml:2: 'alow' is nothing that 'flaky' may be (did you mean 'allow'?)"},
        {"stages:\n  a: {scan: safe,\n      flaky: allow}",
         "policy.yaml:3: 'flaky' is of use only beside 'tests', 'metrics' or 'evaluation'"},
        {"stages:\n  a: {git: dirty}", "policy.yaml:2: 'dirty' is nothing that 'git' may be"},
        {"stages:\n  a: {signed: autor}",
         "policy.yaml:2: 'autor' is nothing that 'signed' may be (did you mean 'author'?)"},
        {"stages:\n  a: {metrics: {acu: '>= 1'}}",
         "policy.yaml:2: unknown metric 'acu' (did you mean 'auc'?)"},
        {"stages:\n  a: {metrics: {auc: '0.9'}}", "policy.yaml:2: "},
        {"stages:\n  a: {metrics: {size: 4 apples}}",
         "policy.yaml:2: '4 apples' is no budget for 'size'"},
        {"stages:\n  a: {metrics: {latency_p99: production}}",
         "policy.yaml:2: 'production' is no budget for 'latency_p99'"},
        {"stages:\n  a: {metrics: {speed.size: 4MB}}",
         "policy.yaml:2: 'size' is that of the artifacts, and of no suite"},
        {"stages:\n  a: {metrics: {auc: '>= b'}}", "policy.yaml:2: 'b' is no stage of this policy"},
        {"stages:\n  a: {from: b}\n  b:", "policy.yaml:2: 'b' is no stage above 'a'"},
        {"stages:\n  a:\n  b: {from: a with luck}",
         "policy.yaml:3: 'a with luck' is nothing that 'from' understands"},
        {"stages:\n  a:\n  b: {from: a for ever}", "policy.yaml:3: "},
        {"stages:\n  a:\n  b: {from: a with no open alert or >= 1 predictions}",
         "policy.yaml:3: 'a with no open alert or >= 1 predictions' is nothing that"},
        {"stages:\n  a: {windows: ['mon']}", "policy.yaml:2: 'mon' is no window"},
        {"stages:\n  a: {tests: some}", "policy.yaml:2: 'tests' must be 'all', or a map of"},
        {"stages:\n  a: {tests: {kinds: [load]}}", "policy.yaml:2: 'load' is nothing that"},
        {"stages:\n  a: {tests: {suites: []}}",
         "policy.yaml:2: 'suites' must be a list with something in it"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct policy policy;
        if (parse(wrong[i].text, &policy) != MLOPS_INVALID)
            fail_msg("taken: %s", wrong[i].text);
        if (strncmp(err.message, wrong[i].message, strlen(wrong[i].message)) != 0)
            fail_msg("'%s' says '%s'", wrong[i].text, err.message);
        assert_int_equal(0, policy.stage_count);
    }
}

/* A demand that is passed over is one that nobody judges. */
static void a_policy_of_a_newer_mlops_is_refused(void **state)
{
    static const char *const texts[] = {
        "{\"format\":\"mlops-policy/1\",\"stages\":[{\"blessed\":true,\"stage\":\"a\"}]}",
        "{\"format\":\"mlops-policy/2\",\"stages\":[{\"stage\":\"a\"}]}",
        "{\"format\":\"mlops-policy/1\",\"stages\":[]}",
        "{}",
        "[]",
        "{"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct policy policy;
        assert_int_equal(MLOPS_INTEGRITY, policy_read(texts[i], strlen(texts[i]), &policy, &err));
        assert_int_equal(0, policy.stage_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_demand_is_read),
        cmocka_unit_test(what_is_kept_and_what_is_shown_read_as_the_same),
        cmocka_unit_test(the_default_has_the_stages_of_always),
        cmocka_unit_test(mistakes_have_their_line_and_the_nearest_word),
        cmocka_unit_test(a_finding_is_accepted_by_its_whole_name_or_its_file),
        cmocka_unit_test(a_policy_of_a_newer_mlops_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
