/* tests/unit/release/test_promote.c - gates on recorded evidence, and who wins the stage. */
#include "trial/session.h"

#include "base/json.h"
#include "registry/handle.h"

#define SUITES                                                                                     \
    "model: fraud\ntests:\n  words: {kind: unit, run: 'true'}\n"                                   \
    "  holdout:\n    kind: performance\n    run: 'true'\n    predictions: p.csv\n    score: p\n"   \
    "    label: y\n    require: {auc: '>= production - 0.01', recall: '>= 0.5'}\n"
/* another bundle each */
#define VERSION(n) "description: '" n "'\n" SUITES

static struct mlops_promotion promotion;

static int promote(struct session *s, const struct mlops_promote_options *options)
{
    mlops_promotion_clear(&promotion);
    s->err = (struct mlops_error){0};
    return mlops_promote(s->registry, options, &promotion, &s->err);
}

static int to_production(struct session *s, const char *ref, const char *expect)
{
    return promote(
        s, &(struct mlops_promote_options){.ref = ref, .stage = "production", .expect = expect});
}

static const struct mlops_gate_result *gate(const char *name)
{
    for (size_t i = 0; i < promotion.gate_count; i++)
        if (str_equal(promotion.gates[i].gate, name))
            return &promotion.gates[i];
    fail_msg("there is no gate '%s'", name);
    return NULL;
}

static void given_tested(struct session *s, const struct mlops_version *version, double auc)
{
    _cleanup_(free_string) char *metrics = xprintf("{\"auc\":%g,\"recall\":0.7}", auc);
    given_evidence(s, version, "words", "passed", "{}");
    given_evidence(s, version, "holdout", "passed", metrics);
    given_scanned(s, version);
}

/* What production holds; 0: nothing. */
static uint64_t holder(struct session *s)
{
    struct mlops_version version;
    struct mlops_error ignored = {0};
    return mlops_version_resolve(s->registry, "fraud@production", &version, &ignored)
               ? 0
               : version.number;
}

static int teardown(void **state)
{
    mlops_promotion_clear(&promotion);
    return session_teardown(state);
}

/* ---- gates ----------------------------------------------------------------------------------- */

static void without_evidence_a_version_is_refused(void **state)
{
    struct session *s = *state;
    (void)given_version(s, VERSION("1"));
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_false(promotion.promoted);
    assert_false(promotion.already);
    assert_int_equal(3, promotion.gate_count);
    assert_false(gate("tests")->passed);
    assert_string_equal("words was never run, holdout was never run: run 'mlops test fraud@1'",
                        gate("tests")->detail);
    assert_false(gate("metrics")->passed);
    assert_string_equal("no metrics of holdout are recorded", gate("metrics")->detail);
    assert_false(gate("scan")->passed);
    assert_string_equal("was never scanned: run 'mlops scan fraud@1'", gate("scan")->detail);
    assert_int_equal(0, holder(s));
}

static void with_failed_evidence_a_version_is_refused(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_tested(s, &version, 0.9);
    given_evidence(s, &version, "words", "failed", "{}"); /* the newest counts */
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_false(promotion.promoted);
    assert_string_equal("words failed: run 'mlops test fraud@1'", gate("tests")->detail);
    assert_true(gate("metrics")->passed);
    given_evidence(s, &version, "words", "timeout", "{}");
    given_evidence(s, &version, "holdout", "error", "{}");
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_string_equal("words was stopped at its time limit, holdout could not be judged: run "
                        "'mlops test fraud@1'",
                        gate("tests")->detail);
    assert_false(gate("metrics")->passed);
    assert_int_equal(0, holder(s));
}

static void with_passed_evidence_a_version_enters_the_stage(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    struct mlops_log log;
    given_tested(s, &version, 0.9);
    assert_ok(s, promote(s, &(struct mlops_promote_options){
                                .ref = "fraud", .stage = "production", .reason = "it is time"}));
    assert_true(promotion.promoted);
    assert_int_equal(0, promotion.previous);
    assert_int_equal(1, promotion.version.number);
    assert_string_equal("production", promotion.stage);
    assert_string_equal("2 of 2 suites passed", gate("tests")->detail);
    assert_string_equal("2 of 2 requirements met", gate("metrics")->detail);
    assert_string_equal("safe: 1 file, 0 remarks", gate("scan")->detail);
    assert_int_equal(1, holder(s));

    assert_ok(s, mlops_log_read(s->registry, &(struct mlops_log_filter){.model = "fraud"}, &log,
                                &s->err));
    assert_string_equal("promote", log.items[0].action);
    assert_string_equal("it is time", log.items[0].reason);
    assert_string_equal("alice@host", log.items[0].actor);
    assert_int_equal(0, log.items[0].previous);
    mlops_log_clear(&log);
    assert_log_is_sound(s);
}

static void a_bundle_without_suites_is_refused(void **state)
{
    struct session *s = *state;
    (void)given_version(s, "model: fraud\n");
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_false(promotion.promoted);
    assert_string_equal("the bundle declares no test suites: add 'tests:' to mlops.yaml",
                        gate("tests")->detail);
    assert_true(gate("metrics")->passed);
}

static void a_bundle_without_requirements_needs_its_suites_only(void **state)
{
    struct session *s = *state;
    struct mlops_version version =
        given_version(s, "model: fraud\ntests: {words: {kind: unit, run: 'true'}}\n");
    given_evidence(s, &version, "words", "passed", "{}");
    given_scanned(s, &version);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_true(promotion.promoted);
    assert_string_equal("1 of 1 suites passed", gate("tests")->detail);
    assert_string_equal("the bundle requires none", gate("metrics")->detail);
}

static void of_many_wrongs_the_first_are_named_and_the_rest_counted(void **state)
{
    struct session *s = *state;
    struct buffer yaml = {0};
    buffer_puts(&yaml, "model: fraud\ntests:\n");
    for (int i = 0; i < 8; i++)
        buffer_printf(&yaml, "  s%d: {kind: unit, run: 'true'}\n", i);
    (void)given_version(s, yaml.data);
    buffer_clear(&yaml);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_string_equal("s0 was never run, s1 was never run, s2 was never run, s3 was never run, "
                        "s4 was never run, and 3 more: run 'mlops test fraud@1'",
                        gate("tests")->detail);
}

/* Version 2 was good enough when nothing was in production, and is not any more. */
static void metrics_are_judged_against_what_the_stage_holds_now(void **state)
{
    struct session *s = *state;
    struct mlops_version first = given_version(s, VERSION("1"));
    struct mlops_version second = given_version(s, VERSION("2"));
    given_tested(s, &first, 0.9);
    given_tested(s, &second, 0.8);
    assert_ok(s, promote(s, &(struct mlops_promote_options){
                                .ref = "fraud@2", .stage = "production", .dry_run = true}));
    assert_true(gate("metrics")->passed);
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_ok(s, to_production(s, "fraud@2", NULL));
    assert_false(promotion.promoted);
    assert_int_equal(1, promotion.previous);
    assert_true(gate("tests")->passed);
    assert_string_equal("auc >= production - 0.01: 0.8 < 0.89: production is @1 with 0.9",
                        gate("metrics")->detail);
    assert_int_equal(1, holder(s));
}

static void a_dry_run_judges_and_moves_nothing(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_tested(s, &version, 0.9);
    assert_ok(s, promote(s, &(struct mlops_promote_options){
                                .ref = "fraud", .stage = "production", .dry_run = true}));
    assert_false(promotion.promoted);
    assert_true(gate("tests")->passed);
    assert_int_equal(0, holder(s));
}

/* Evidence of a suite as it was recorded, metrics or not. */
static void given_body(struct session *s, const struct mlops_version *version, const char *suite,
                       const char *body)
{
    struct transaction *tx = NULL;
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, evidence_record(tx, version->bundle, "test", suite, "passed", body, &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

static void data_that_grew_too_old_since_they_were_judged_are_refused(void **state)
{
    struct session *s = *state;
    given_file(s, "a.csv", "t\n2026-01-01\n");
    struct mlops_version version =
        given_version(s, "model: fraud\ndata: {a: {path: a.csv}}\n"
                         "tests: {fresh: {kind: data, data: a, columns: {t: {max_age: 7d}}}}\n");
    given_scanned(s, &version);
    given_body(s, &version, "fresh",
               "{\"expectations\":[{\"name\":\"t: newest not older than 7d\",\"met\":true}],"
               "\"holds_until\":1767830400}");
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_false(promotion.promoted);
    assert_true(gate("tests")->passed);
    assert_contains(gate("metrics")->detail, "the data of fresh were young enough until "
                                             "2026-01-08T00:00:00Z: run 'mlops test'");
    given_body(s, &version, "fresh",
               "{\"expectations\":[{\"name\":\"t: newest not older than 7d\",\"met\":true}],"
               "\"holds_until\":9767830400}");
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_string_equal("1 of 1 requirements met", gate("metrics")->detail);
    assert_true(promotion.promoted);
}

static void the_worst_slice_is_judged_again(void **state)
{
    static const char *const bodies[] = {
        "{\"metrics\":{\"auc\":0.9},\"slices\":[{\"name\":\"c = DE\",\"rows\":200,\"metrics\":"
        "{\"recall\":0.7}},{\"name\":\"c = PL\",\"rows\":200,\"metrics\":{\"recall\":0.5}},"
        "{\"name\":\"c = FR\",\"rows\":9,\"metrics\":{\"recall\":0}}]}",
        "{\"metrics\":{\"auc\":0.9},\"slices\":[{\"name\":\"c = DE\",\"rows\":200,\"metrics\":"
        "{\"recall\":0.7}}]}",
    };
    struct session *s = *state;
    struct mlops_version version = given_version(
        s, "model: fraud\ntests: {h: {kind: performance, run: x, predictions: p, score: s,\n"
           "  label: y, slices: [c], every_slice: {min_rows: 100, recall: '>= 0.6'}}}\n");
    given_scanned(s, &version);
    given_body(s, &version, "h", bodies[0]);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_string_equal("recall >= 0.6 in every slice: 0.5 < 0.6: 'c = PL', 200 rows",
                        gate("metrics")->detail);
    assert_string_equal("h: recall >= 0.6 in every slice is NOT met: 0.5 < 0.6: 'c = PL', 200 rows",
                        gate("metrics")->evidence[0]);
    given_body(s, &version, "h", bodies[1]);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_true(promotion.promoted);
}

/* ---- the scan -------------------------------------------------------------------------------- */

/* Evidence as a scanner would leave it. */
static void given_scan_evidence(struct session *s, const struct mlops_version *version,
                                const char *status, const char *body)
{
    struct transaction *tx = NULL;
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, evidence_record(tx, version->bundle, "scan", "scan", status, body, &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

static void the_newest_scan_decides_and_must_be_safe(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_tested(s, &version, 0.9);
    _cleanup_(free_string) char *body =
        xprintf("{\"scanner\":%d,\"summary\":\"unknown: m.pkl\"}", MLOPS_SCANNER_VERSION);
    given_scan_evidence(s, &version, "unknown", body);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_false(promotion.promoted);
    assert_string_equal("unknown: m.pkl: run 'mlops scan fraud@1'", gate("scan")->detail);
    given_scanned(s, &version);
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_true(promotion.promoted);
}

static void what_an_older_scanner_found_safe_is_to_be_scanned_again(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_tested(s, &version, 0.9);
    given_scan_evidence(s, &version, "safe", "{\"scanner\":0}");
    assert_ok(s, to_production(s, "fraud", NULL));
    assert_false(gate("scan")->passed);
    assert_contains(gate("scan")->detail, "was scanned by scanner 0");
}

static void dev_does_not_ask_for_a_scan(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_evidence(s, &version, "words", "passed", "{}");
    given_evidence(s, &version, "holdout", "passed", "{\"auc\":0.9,\"recall\":0.7}");
    assert_ok(s, promote(s, &(struct mlops_promote_options){.ref = "fraud", .stage = "dev"}));
    assert_true(promotion.promoted);
    assert_int_equal(2, promotion.gate_count);
}

/* ---- what is there already ------------------------------------------------------------------- */

static void what_is_there_already_stays_without_judgement(void **state)
{
    struct session *s = *state;
    struct mlops_version version = given_version(s, VERSION("1"));
    given_in_stage(s, &version, "production", 0);
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_true(promotion.already);
    assert_false(promotion.promoted);
    assert_int_equal(0, promotion.gate_count);
    assert_ok(s, to_production(s, "fraud@1", "fraud@1"));
    assert_true(promotion.already);
}

static void an_expectation_that_does_not_hold_is_a_conflict_that_names_the_holder(void **state)
{
    struct session *s = *state;
    struct mlops_version first = given_version(s, VERSION("1"));
    struct mlops_version second = given_version(s, VERSION("2"));
    given_in_stage(s, &first, "production", 0);
    assert_fails(s, MLOPS_CONFLICT, to_production(s, "fraud@2", "none")); /* before any gate */
    assert_says(s, "production of fraud holds @1, put there by alice@host");
    assert_int_equal(0, promotion.gate_count);
    assert_fails(s, MLOPS_CONFLICT, to_production(s, "fraud@2", "fraud@2"));
    assert_fails(s, MLOPS_CONFLICT, to_production(s, "fraud@1", "none")); /* though it is there */
    assert_fails(s, MLOPS_CONFLICT,
                 promote(s, &(struct mlops_promote_options){.ref = "fraud@2",
                                                            .stage = "staging",
                                                            .expect = "fraud@1",
                                                            .dry_run = true}));
    assert_says(s, "staging of fraud holds nothing, not @1");
    given_tested(s, &second, 0.9);
    given_tested(s, &first, 0.9);
    assert_ok(s, to_production(s, "fraud@2", "fraud@1"));
    assert_true(promotion.promoted);
    assert_int_equal(1, promotion.previous);
    assert_log_is_sound(s); /* of what was only tried there is no trace */
}

static void names_that_mean_nothing_are_refused(void **state)
{
    struct session *s = *state;
    struct mlops_package package;
    (void)given_version(s, VERSION("1"));
    (void)given_version(s, "model: churn\n");
    assert_fails(s, MLOPS_NOT_FOUND, to_production(s, "froud", NULL));
    assert_fails(s, MLOPS_NOT_FOUND, to_production(s, "fraud@7", NULL));
    assert_fails(s, MLOPS_NOT_FOUND, to_production(s, "fraud@1", "fraud@7"));
    assert_says(s, "the expected version");
    assert_fails(s, MLOPS_INVALID, to_production(s, "fraud@1", "churn@1"));
    assert_says(s, "the expected 'churn@1' is not a version of fraud");
    assert_fails(s, MLOPS_INVALID,
                 promote(s, &(struct mlops_promote_options){.ref = "fraud", .stage = "Not One"}));
    given_packaged(s, VERSION("2"), &package);
    assert_fails(s, MLOPS_INVALID, to_production(s, package.bundle, NULL));
    assert_says(s, "is not registered");
}

/* ---- races ----------------------------------------------------------------------------------- */

enum { RACERS = 20 };

/* A racer waits until all are ready, so that they come as close together as can be. */
static void race(struct session *s, int number, int ready, int go)
{
    char byte, ref[32], actor[32];
    struct mlops_promotion result;
    struct mlops_error err = {0};
    (void)snprintf(actor, sizeof(actor), "racer%d@host", number);
    (void)snprintf(ref, sizeof(ref), "fraud@%d", number);
    struct mlops_registry *registry = open_as(s, actor);
    registry->lock_timeout_ns = 250000000000; /* however slow the others are */
    const struct mlops_promote_options options = {
        .ref = ref, .stage = "production", .expect = "fraud@1"};
    if (write(ready, "x", 1) != 1 || read(go, &byte, 1) != 0)
        _exit(99);
    int code = mlops_promote(registry, &options, &result, &err);
    if (code == MLOPS_OK && !result.promoted)
        code = 98;
    if (code == MLOPS_CONFLICT && !strstr(err.message, "put there by racer"))
        code = 97;
    _exit(code);
}

static void of_twenty_that_expect_the_same_exactly_one_wins(void **state)
{
    struct session *s = *state;
    int ready[2], go[2], winner = 0, conflicts = 0;
    pid_t racers[RACERS];
    for (int i = 1; i <= RACERS + 1; i++) {
        _cleanup_(free_string) char *yaml = xprintf("description: '%d'\n" SUITES, i);
        struct mlops_version version = given_version(s, yaml);
        given_tested(s, &version, 0.9);
    }
    assert_ok(s, to_production(s, "fraud@1", NULL));
    assert_int_equal(0, pipe(ready));
    assert_int_equal(0, pipe(go));
    for (int i = 0; i < RACERS; i++) {
        racers[i] = fork();
        assert_true(racers[i] >= 0);
        if (racers[i] == 0) {
            close(go[1]);
            race(s, i + 2, ready[1], go[0]);
        }
    }
    for (int i = 0; i < RACERS; i++) {
        char byte;
        assert_int_equal(1, read(ready[0], &byte, 1));
    }
    close(go[1]);
    for (int i = 0; i < RACERS; i++) {
        int status;
        assert_int_equal(racers[i], waitpid(racers[i], &status, 0));
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == MLOPS_OK || WEXITSTATUS(status) == MLOPS_CONFLICT);
        conflicts += WEXITSTATUS(status) == MLOPS_CONFLICT;
        if (WEXITSTATUS(status) == MLOPS_OK)
            winner = i + 2;
    }
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
    assert_int_equal(RACERS - 1, conflicts);
    assert_int_equal(winner, holder(s));
    assert_log_is_sound(s);
}

#define promote_test(name) cmocka_unit_test_setup_teardown(name, session_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        promote_test(without_evidence_a_version_is_refused),
        promote_test(with_failed_evidence_a_version_is_refused),
        promote_test(with_passed_evidence_a_version_enters_the_stage),
        promote_test(a_bundle_without_suites_is_refused),
        promote_test(a_bundle_without_requirements_needs_its_suites_only),
        promote_test(of_many_wrongs_the_first_are_named_and_the_rest_counted),
        promote_test(metrics_are_judged_against_what_the_stage_holds_now),
        promote_test(a_dry_run_judges_and_moves_nothing),
        promote_test(data_that_grew_too_old_since_they_were_judged_are_refused),
        promote_test(the_worst_slice_is_judged_again),
        promote_test(the_newest_scan_decides_and_must_be_safe),
        promote_test(what_an_older_scanner_found_safe_is_to_be_scanned_again),
        promote_test(dev_does_not_ask_for_a_scan),
        promote_test(what_is_there_already_stays_without_judgement),
        promote_test(an_expectation_that_does_not_hold_is_a_conflict_that_names_the_holder),
        promote_test(names_that_mean_nothing_are_refused),
        promote_test(of_twenty_that_expect_the_same_exactly_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
