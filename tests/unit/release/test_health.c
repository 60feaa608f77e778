/* tests/unit/release/test_health.c - what a monitor recorded, and what is made of it. */
#include "trial/session.h"

#include "base/clock.h"
#include "release/health.h"

static void given_monitored(struct session *s, const struct mlops_version *version,
                            const char *stage, const char *body)
{
    struct transaction *tx = NULL;
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, evidence_record(tx, version->bundle, HEALTH_EVIDENCE, stage, "watched", body,
                                 &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

/* When the newest of them was recorded. */
static int64_t recorded_ns(struct session *s, const struct mlops_version *version)
{
    struct mlops_evidence_list list;
    assert_ok(s,
              mlops_evidence_list(s->registry, version->bundle, HEALTH_EVIDENCE, &list, &s->err));
    assert_true(list.count > 0);
    int64_t newest_ns = list.items[list.count - 1].recorded_ns;
    mlops_evidence_list_clear(&list);
    return newest_ns;
}

static void without_evidence_nothing_is_known(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, "model: fraud\n");
    struct health health;
    given_monitored(s, &version, "staging", "{\"predictions\":1,\"open_alerts\":[]}");
    assert_ok(s, health_read(s->registry, version.bundle, "production", 0, clock_now_ns(), &health,
                             &s->err));
    assert_false(health.known);
    assert_string_equal("no monitor recorded how it does in production", health.why);
    health_clear(&health);
}

static void the_newest_evidence_of_the_stage_counts(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, "model: fraud\n");
    struct health health;
    given_monitored(s, &version, "production", "{\"predictions\":1,\"open_alerts\":[]}");
    given_monitored(s, &version, "production",
                    "{\"predictions\":12000,\"open_alerts\":[\"drift\",\"latency\"]}");
    assert_ok(s, health_read(s->registry, version.bundle, "production", 0, clock_now_ns(), &health,
                             &s->err));
    assert_true(health.known);
    assert_int_equal(12000, health.predictions);
    assert_int_equal(2, health.open_alerts);
    assert_string_equal("drift, latency", health.alerts);
    health_clear(&health);
}

static void what_is_old_or_says_nothing_is_not_known(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, "model: fraud\n");
    struct health health;
    given_monitored(s, &version, "production", "{\"predictions\":5,\"open_alerts\":[]}");
    int64_t then_ns = recorded_ns(s, &version);
    assert_ok(s, health_read(s->registry, version.bundle, "production", 0,
                             then_ns + 3 * HEALTH_AGE_MAX_NS, &health, &s->err));
    assert_false(health.known);
    assert_contains(health.why, "the monitor last said 3 h ago");
    health_clear(&health);
    /* from before the version came there */
    assert_ok(s, health_read(s->registry, version.bundle, "production", then_ns + 1, then_ns + 1,
                             &health, &s->err));
    assert_false(health.known);
    health_clear(&health);
    given_monitored(s, &version, "production", "{\"open_alerts\":[]}");
    assert_ok(s, health_read(s->registry, version.bundle, "production", 0, clock_now_ns(), &health,
                             &s->err));
    assert_false(health.known);
    health_clear(&health);
}

/* The soak of a policy, and a rollback that asks first. */
static void alerts_keep_a_version_out_and_let_a_rollback_through(void **state)
{
    struct session *s = *state;
    static const char text[] =
        "stages: {staging: , production: {from: staging with no open alert and >= 100 predictions}}";
    struct mlops_version first = given_version(s, "model: fraud\n");
    struct mlops_version second = given_version(s, "model: fraud\ndescription: 2\n");
    struct mlops_promote_options options = {.ref = "fraud@2", .stage = "production"};
    struct mlops_rollback_options back = {.model = "fraud", .if_alerting = true};
    struct mlops_promotion promotion;
    struct mlops_rollback rollback;
    struct mlops_policy policy;
    const struct mlops_policy_options set = {
        .model = "fraud", .text = text, .length = strlen(text), .what = "policy"};
    assert_ok(s, mlops_policy_set(s->registry, &set, &policy, &s->err));
    mlops_policy_clear(&policy);
    given_in_stage(s, &first, "production", 0);
    given_in_stage(s, &second, "staging", 0);
    given_monitored(s, &second, "staging", "{\"predictions\":99,\"open_alerts\":[\"drift\"]}");
    assert_ok(s, mlops_promote(s->registry, &options, &promotion, &s->err));
    assert_false(promotion.promoted);
    assert_string_equal("1 open alert there: drift; 99 of 100 predictions there",
                        promotion.gates[0].detail);
    mlops_promotion_clear(&promotion);
    given_monitored(s, &second, "staging", "{\"predictions\":100,\"open_alerts\":[]}");
    assert_ok(s, mlops_promote(s->registry, &options, &promotion, &s->err));
    assert_true(promotion.promoted);
    mlops_promotion_clear(&promotion);
    given_monitored(s, &second, "production", "{\"predictions\":100,\"open_alerts\":[]}");
    assert_ok(s, mlops_rollback_stage(s->registry, &back, &rollback, &s->err));
    assert_false(rollback.moved);
    given_monitored(s, &second, "production", "{\"predictions\":100,\"open_alerts\":[\"errors\"]}");
    assert_ok(s, mlops_rollback_stage(s->registry, &back, &rollback, &s->err));
    assert_true(rollback.moved);
    assert_int_equal(1, rollback.to.number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(without_evidence_nothing_is_known),
        session_test(the_newest_evidence_of_the_stage_counts),
        session_test(what_is_old_or_says_nothing_is_not_known),
        session_test(alerts_keep_a_version_out_and_let_a_rollback_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
