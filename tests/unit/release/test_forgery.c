/*
 * tests/unit/release/test_forgery.c - approvals that somebody forged, in entries that the log
 * itself has, as who holds the log's key can write them: each is refused with what is wrong with
 * it.
 */
#include "trial/session.h"

#include "registry/log_view.h"
#include "release/standing.h"
#include "trust/dsse.h"
#include "trust/keyring.h"

#define STAGE "production"

static void given_key(struct session *s, const char *name)
{
    const struct mlops_key_options options = {.name = name};
    struct mlops_key key;
    assert_ok(s, mlops_key_generate(&options, &key, &s->err));
    mlops_key_clear(&key);
}

static void given_trusted(struct session *s, const char *name, unsigned roles)
{
    const struct mlops_trust_options trust = {
        .key = name, .owner = name, .roles = roles, .signer = {.key = "ana"}};
    assert_ok(s, mlops_trust_add(s->registry, &trust, NULL, &s->err));
}

/* ana releases and writes, bob approves, mallory has a key that nobody trusts; fraud@1 and fraud@2
 * wait for an approval each. */
static int given_people(void **state)
{
    static const char text[] = "stages: {staging: {}, " STAGE ": {approvals: 1}}";
    const struct mlops_policy_options set = {
        .text = text, .length = strlen(text), .what = "policy", .signer = {.key = "ana"}};
    struct mlops_policy policy;
    session_setup(state);
    struct session *s = *state;
    _cleanup_(free_string) char *keys = path_join(s->folder, "keys");
    setenv("MLOPS_KEYS", keys, 1);
    given_key(s, "ana");
    given_key(s, "bob");
    given_key(s, "mallory");
    given_trusted(s, "ana", MLOPS_ROLE_RELEASER | MLOPS_ROLE_AUTHOR);
    given_trusted(s, "bob", MLOPS_ROLE_APPROVER);
    assert_ok(s, mlops_policy_set(s->registry, &set, &policy, &s->err));
    mlops_policy_clear(&policy);
    (void)given_version(s, "model: fraud\ndescription: 'one'\n");
    (void)given_version(s, "model: fraud\ndescription: 'two'\n");
    return 0;
}

static struct mlops_version version_of(struct session *s, const char *ref)
{
    struct mlops_version version;
    assert_ok(s, mlops_version_resolve(s->registry, ref, &version, &s->err));
    return version;
}

/* What `who` would sign of `version`, with the log of now behind it. */
static cJSON *signed_by(struct session *s, const char *who, const struct mlops_version *version,
                        const char *stage, const char *origin)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    char here[SHA256_HEX_SIZE];
    cJSON *envelope = NULL;
    assert_ok(s, keyring_open(&(struct mlops_signer){.key = who}, &key, &s->err));
    assert_ok(s, snapshot_begin(s->registry, &snapshot, &s->err));
    assert_ok(s, log_view_open(s->registry, &view, &s->err));
    assert_ok(s, log_view_origin(&view, here, &s->err));
    assert_ok(s, statement_sign(key, APPROVAL_STATEMENT, version->model,
                                version->bundle + strlen("sha256:"),
                                approval_predicate("approve", version, stage,
                                                   origin ? origin : here, view.checkpoint.size),
                                &envelope, &s->err));
    return envelope;
}

/* An entry that says that `version` was approved; takes `envelope` over. */
static void given_entry(struct session *s, const struct mlops_version *version, cJSON *envelope)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer detail = {0};
    struct transaction *tx = NULL;
    cJSON_AddItemToObject(json, "signature", envelope);
    json_add_string(json, "approver", "bob");
    assert_ok(s, json_write_canonical(json, &detail, &s->err));
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, audit_append(tx,
                              &(struct audit_entry){.action = "approve",
                                                    .model = version->model,
                                                    .version = version->number,
                                                    .bundle = version->bundle,
                                                    .stage = STAGE,
                                                    .detail = detail.data},
                              &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

/* fraud@1 does not enter, and the gate says why. */
static void assert_refused(struct session *s, const char *why)
{
    const struct mlops_promote_options options = {.ref = "fraud@1", .stage = STAGE};
    struct mlops_promotion promotion = {0};
    const char *detail = NULL;
    assert_ok(s, mlops_promote(s->registry, &options, &promotion, &s->err));
    assert_false(promotion.promoted);
    for (size_t i = 0; i < promotion.gate_count; i++)
        if (str_equal(promotion.gates[i].gate, "approvals")) {
            assert_false(promotion.gates[i].passed);
            detail = promotion.gates[i].detail;
        }
    assert_non_null(detail);
    assert_true(str_starts(detail, "0 of 1 approvals; that of entry "));
    if (!strstr(detail, why))
        fail_msg("'%s' does not say '%s'", detail, why);
    mlops_promotion_clear(&promotion);
}

static void assert_let_in(struct session *s)
{
    const struct mlops_promote_options options = {.ref = "fraud@1", .stage = STAGE};
    struct mlops_promotion promotion = {0};
    assert_ok(s, mlops_promote(s->registry, &options, &promotion, &s->err));
    assert_true(promotion.promoted);
    mlops_promotion_clear(&promotion);
}

static void what_is_rightly_signed_is_let_in(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    given_entry(s, &version, signed_by(s, "bob", &version, STAGE, NULL));
    assert_let_in(s);
}

static void an_approval_by_an_unknown_key_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    given_entry(s, &version, signed_by(s, "mallory", &version, STAGE, NULL));
    assert_refused(s, "which is not trusted by this registry");
}

static void an_approval_by_a_key_of_another_role_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    given_entry(s, &version, signed_by(s, "ana", &version, STAGE, NULL));
    assert_refused(s, "not as approver");
}

/* mallory's signature under bob's name */
static void an_approval_that_names_a_key_that_did_not_sign_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    _cleanup_(json_free) cJSON *bobs = signed_by(s, "bob", &version, STAGE, NULL);
    cJSON *forged = signed_by(s, "mallory", &version, STAGE, NULL);
    cJSON *from = cJSON_GetArrayItem(cJSON_GetObjectItem(bobs, "signatures"), 0);
    cJSON *to = cJSON_GetArrayItem(cJSON_GetObjectItem(forged, "signatures"), 0);
    assert_true(cJSON_ReplaceItemInObjectCaseSensitive(
        to, "keyid", cJSON_Duplicate(cJSON_GetObjectItem(from, "keyid"), true)));
    given_entry(s, &version, forged);
    assert_refused(s, "the signature is not that of the key");
}

/* bob's signature of fraud@2 under a statement about fraud@1 */
static void an_approval_whose_statement_was_altered_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1"), other = version_of(s, "fraud@2");
    _cleanup_(json_free) cJSON *wanted = signed_by(s, "mallory", &version, STAGE, NULL);
    cJSON *altered = signed_by(s, "bob", &other, STAGE, NULL);
    assert_true(cJSON_ReplaceItemInObjectCaseSensitive(
        altered, "payload", cJSON_Duplicate(cJSON_GetObjectItem(wanted, "payload"), true)));
    given_entry(s, &version, altered);
    assert_refused(s, "the signature is not that of the key");
}

static void an_approval_of_another_bundle_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1"), other = version_of(s, "fraud@2");
    given_entry(s, &version, signed_by(s, "bob", &other, STAGE, NULL));
    assert_refused(s, "it approves another bundle: sha256:");
}

static void an_approval_for_another_stage_or_registry_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    given_entry(s, &version, signed_by(s, "bob", &version, "staging", NULL));
    assert_refused(s, "it was given for staging of fraud@1, or in another registry");
    given_entry(s, &version, signed_by(s, "bob", &version, STAGE, "00"));
    assert_refused(s, "it was given for " STAGE " of fraud@1, or in another registry");
}

static void what_is_no_signature_is_refused(void **state)
{
    struct session *s = *state;
    const struct mlops_version version = version_of(s, "fraud@1");
    given_entry(s, &version, cJSON_CreateString("bob"));
    given_entry(s, &version, cJSON_CreateObject());
    assert_refused(s, "does not count");
}

static void an_approval_counts_no_more_once_its_key_has_expired(void **state)
{
    struct session *s = *state;
    const struct mlops_trust_options again = {.key = "bob",
                                              .owner = "bob",
                                              .roles = MLOPS_ROLE_APPROVER,
                                              .expires_ns = 4102444800000000000, /* 2100 */
                                              .signer = {.key = "ana"}};
    const struct mlops_version version = version_of(s, "fraud@1");
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list trusted = {0};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    struct standing standing;
    assert_ok(s, mlops_trust_add(s->registry, &again, NULL, &s->err));
    given_entry(s, &version, signed_by(s, "bob", &version, STAGE, NULL));
    assert_ok(s, mlops_trust_list(s->registry, &trusted, &s->err));
    assert_ok(s, snapshot_begin(s->registry, &snapshot, &s->err));
    assert_ok(s, log_view_open(s->registry, &view, &s->err));
    for (int late = 0; late < 2; late++) {
        int64_t now_ns = again.expires_ns + (late ? 1000000000 : -1000000000);
        assert_ok(s, standing_read(s->registry, &view, &trusted, &version, STAGE, now_ns, &standing,
                                   &s->err));
        assert_int_equal(1, standing.approval_count);
        assert_int_equal(late ? 0 : 1, standing_approvers(&standing, INT64_MIN, NULL));
        if (late)
            assert_non_null(strstr(standing.approvals[0].why, "of bob expired at 2100-01-01"));
        standing_clear(&standing);
    }
}

#define forgery_test(name) cmocka_unit_test_setup_teardown(name, given_people, session_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        forgery_test(what_is_rightly_signed_is_let_in),
        forgery_test(an_approval_by_an_unknown_key_is_refused),
        forgery_test(an_approval_by_a_key_of_another_role_is_refused),
        forgery_test(an_approval_that_names_a_key_that_did_not_sign_is_refused),
        forgery_test(an_approval_whose_statement_was_altered_is_refused),
        forgery_test(an_approval_of_another_bundle_is_refused),
        forgery_test(an_approval_for_another_stage_or_registry_is_refused),
        forgery_test(what_is_no_signature_is_refused),
        forgery_test(an_approval_counts_no_more_once_its_key_has_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
