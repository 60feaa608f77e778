#include "registry/fixture.h"
#include "registry/reference.h"

static int parse(struct fixture *f, const char *text, struct reference *reference)
{
    memset(&f->err, 0, sizeof(f->err));
    return reference_parse(text, strlen(text), reference, &f->err);
}

/* ---- syntax -------------------------------------------------------------------------------- */

static void every_kind_of_reference_is_understood(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        struct reference expected;
    } cases[] = {
        {"fraud", {.kind = REFERENCE_LATEST, .model = "fraud"}},
        {"fraud@latest", {.kind = REFERENCE_LATEST, .model = "fraud"}},
        {"Fraud_v2.1-x", {.kind = REFERENCE_LATEST, .model = "Fraud_v2.1-x"}},
        {"4us", {.kind = REFERENCE_LATEST, .model = "4us"}},
        {"sha256", {.kind = REFERENCE_LATEST, .model = "sha256"}},
        {"fraud@12", {.kind = REFERENCE_NUMBER, .model = "fraud", .number = 12}},
        {"fraud@007", {.kind = REFERENCE_NUMBER, .model = "fraud", .number = 7}},
        {"fraud@9223372036854775807",
         {.kind = REFERENCE_NUMBER, .model = "fraud", .number = INT64_MAX}},
        {"fraud@production", {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "production"}},
        {"fraud@eu-west_2", {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "eu-west_2"}},
        {"fraud@production~1",
         {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "production", .back = 1}},
        {"fraud@production~",
         {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "production", .back = 1}},
        {"fraud@production~0", {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "production"}},
        {"fraud@p~20", {.kind = REFERENCE_STAGE, .model = "fraud", .stage = "p", .back = 20}},
        {"sha256:1f3a59c0", {.kind = REFERENCE_BUNDLE, .bundle = "sha256:1f3a59c0"}},
        {"sha256:1F3A59C0", {.kind = REFERENCE_BUNDLE, .bundle = "sha256:1f3a59c0"}},
        {"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         {.kind = REFERENCE_BUNDLE,
          .bundle = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reference found;

        assert_ok(f, parse(f, cases[i].text, &found));
        assert_memory_equal(&cases[i].expected, &found, sizeof(found));
    }
}

static void what_is_not_a_reference_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "",
        "@",
        "@1",
        "fraud@",
        "12",
        "-fraud",
        ".fraud",
        "fraud model",
        "fr\xc3\xa4ud",
        "fraud@@1",
        "fraud@1@2",
        "fraud@0",
        "fraud@-1",
        "fraud@+1",
        "fraud@ 1",
        "fraud@1 ",
        "fraud@1.0",
        "fraud@1~1",
        "fraud@9223372036854775808",
        "fraud@18446744073709551617",
        "fraud@Production",
        "fraud@1st",
        "fraud@_x",
        "fraud@production~x",
        "fraud@production~-1",
        "fraud@production~1~1",
        "fraud@production~99999999999999999999",
        "fraud@latest~1",
        "fraud~1",
        "sha256:",
        "sha256:1f3a59c",
        "sha256:1f3a59cg",
        "sha256:1f3a59c0 ",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550",
        "md5:1f3a59c01f3a59c0",
        "fraud\n",
        "fraud@production\x1b[2J",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct reference ignored;

        if (parse(f, texts[i], &ignored) != MLOPS_INVALID)
            fail_msg("'%s' was taken for a reference", texts[i]);
        assert_true(strlen(f->err.hint) > 0);
    }
}

static void names_longer_than_the_limit_are_refused(void **state)
{
    struct fixture *f = *state;
    struct reference found;
    char text[400];

    memset(text, 'a', sizeof(text));
    text[MLOPS_NAME_MAX] = '\0';
    assert_ok(f, parse(f, text, &found));
    assert_string_equal(text, found.model);
    text[MLOPS_NAME_MAX] = 'a';
    text[MLOPS_NAME_MAX + 1] = '\0';
    assert_fails(f, MLOPS_INVALID, parse(f, text, &found));
    memset(text, 'a', sizeof(text));
    text[1] = '@';
    text[2 + MLOPS_STAGE_MAX] = '\0';
    assert_ok(f, parse(f, text, &found));
    text[2 + MLOPS_STAGE_MAX] = 'a';
    text[3 + MLOPS_STAGE_MAX] = '\0';
    assert_fails(f, MLOPS_INVALID, parse(f, text, &found));
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_fails(f, MLOPS_INVALID, parse(f, text, &found));
}

static void a_reference_ends_at_its_length_not_at_a_nul(void **state)
{
    struct fixture *f = *state;
    struct reference found;

    assert_ok(f, reference_parse("fraud@12345", 8, &found, &f->err));
    assert_int_equal(12, found.number);
    assert_fails(f, MLOPS_INVALID, reference_parse("fraud\0x", 7, &found, &f->err));
    assert_fails(f, MLOPS_INVALID, reference_parse("sha256:\0\0\0\0\0\0\0\0", 15, &found, &f->err));
}

/* Not a proof, but cheap: every short text over the grammar's letters is taken or refused, within
 * bounds (AddressSanitizer watches), and what is taken names something. */
static void texts_of_the_grammar_s_letters_never_go_out_of_bounds(void **state)
{
    struct fixture *f = *state;
    static const char letters[] = "a9@~:-A ";
    size_t base = sizeof(letters) - 1;

    for (size_t n = 0; n < base * base * base * base * base; n++) {
        struct reference found;
        size_t rest = n;
        char *text = malloc(5); /* exactly, so that one byte further is noticed */

        for (size_t i = 0; i < 5; i++, rest /= base)
            text[i] = letters[rest % base];
        if (reference_parse(text, 5, &found, &f->err) == MLOPS_OK)
            assert_true(found.model[0] != '\0' || found.kind == REFERENCE_BUNDLE);
        free(text);
    }
}

static void names_of_models_and_stages_are_checked(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, name_check("suite", "hold-out_2.1", &f->err));
    assert_fails(f, MLOPS_INVALID, name_check("suite", "hold out", &f->err));
    assert_message(f, "'hold out' is not a suite name");
    assert_fails(f, MLOPS_INVALID, name_check("model", "12", &f->err));
    assert_fails(f, MLOPS_INVALID, name_check("model", "", &f->err));
    assert_ok(f, stage_name_check("canary-2", &f->err));
    assert_fails(f, MLOPS_INVALID, stage_name_check("Canary", &f->err));
    assert_fails(f, MLOPS_INVALID, stage_name_check("", &f->err));
    assert_fails(f, MLOPS_INVALID, stage_name_check("latest", &f->err));
}

/* ---- resolving ------------------------------------------------------------------------------ */

static int resolve(struct fixture *f, const char *ref, struct mlops_version *version)
{
    return mlops_version_resolve(f->registry, ref, version, &f->err);
}

static void references_name_what_they_say(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    for (unsigned n = 1; n <= 12; n++)
        given_registered(f, "fraud", n);
    given_registered(f, "churn", 100);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@3", "production", 0));
    assert_int_equal(MLOPS_OK, promote(f, "fraud@9", "production", 3));

    assert_int_equal(12, number_of(f, "fraud"));
    assert_int_equal(12, number_of(f, "fraud@latest"));
    assert_int_equal(2, number_of(f, "fraud@2"));
    assert_int_equal(9, number_of(f, "fraud@production"));
    assert_int_equal(9, number_of(f, "fraud@production~0"));
    assert_int_equal(3, number_of(f, "fraud@production~1"));
    assert_int_equal(1, number_of(f, "churn"));

    assert_ok(f, resolve(f, "sha256:00000007", &version));
    assert_int_equal(7, version.number);
    assert_string_equal("fraud", version.model);
    assert_string_equal(bundle_id(7), version.bundle);
    assert_string_equal("alice@host", version.created_by);
    assert_ok(f, resolve(f, bundle_id(7), &version));
}

static void a_bundle_that_is_not_registered_has_number_0(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    given_packaged(f, "fraud", 5);
    assert_ok(f, resolve(f, "sha256:00000005", &version));
    assert_int_equal(0, version.number);
    assert_string_equal("fraud", version.model);
    assert_true(version.created_ns > 0);
}

static void an_unknown_model_is_suggested(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    given_registered(f, "fraud", 1);
    given_registered(f, "churn", 2);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "frauds", &version));
    assert_message(f, "no model called 'frauds'");
    assert_hint(f, "did you mean 'fraud'?");
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fruad@3", &version));
    assert_hint(f, "did you mean 'fraud'?");
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "zebra@production", &version));
    assert_hint(f, "'mlops list' shows those that there are");
}

static void an_unknown_model_in_an_empty_registry_says_how_to_begin(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud", &version));
    assert_non_null(strstr(f->err.hint, "no models yet"));
    given_packaged(f, "fraud", 1);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud", &version));
    assert_message(f, "no version of 'fraud' is registered");
    assert_non_null(strstr(f->err.hint, bundle_id(1)));
}

static void an_unknown_version_lists_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    given_registered(f, "fraud", 1);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@2", &version));
    assert_message(f, "'fraud' has no version 2");
    assert_hint(f, "fraud has version 1 alone");
    for (unsigned n = 2; n <= 7; n++)
        given_registered(f, "fraud", n);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@12", &version));
    assert_hint(f, "fraud has versions 1 to 7");
}

static void an_empty_stage_says_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    given_registered(f, "fraud", 1);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@production", &version));
    assert_message(f, "no version of 'fraud' is in production");
    assert_hint(f, "put one there with 'mlops promote fraud --to production'");
    assert_int_equal(MLOPS_OK, promote(f, "fraud@1", "production", 0));
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@prodution", &version));
    assert_hint(f, "did you mean 'fraud@production'?");
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@dev", &version));
    assert_hint(f, "stages of fraud that hold a version: production");
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "fraud@production~4", &version));
    assert_message(f, "nothing was in production of fraud 4 steps before now");
    assert_hint(f, "'fraud@production~0' is the first that was there");
}

static void an_ambiguous_prefix_names_the_candidates(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct mlops_version version;
    char id[MLOPS_BUNDLE_ID_SIZE];

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    for (unsigned n = 0; n < 6; n++) {
        snprintf(id, sizeof(id), "sha256:abcdef01%056x", n);
        assert_ok(f, bundle_record(tx, id, "fraud", 1, 1, &f->err));
    }
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_fails(f, MLOPS_INVALID, resolve(f, "sha256:abcdef01", &version));
    assert_says(f, "'sha256:abcdef01' is ambiguous: sha256:abcdef010000");
    assert_says(f, "0001 (fraud), ");
    assert_says(f, " and more");
    assert_hint(f, "give more digits");
    snprintf(id, sizeof(id), "sha256:abcdef01%056x", 3);
    assert_ok(f, resolve(f, id, &version));
    assert_string_equal(id, version.bundle);
}

static void an_unknown_bundle_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct mlops_version version;

    given_registered(f, "fraud", 1);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, "sha256:ffffffff", &version));
    assert_message(f, "no bundle sha256:ffffffff...");
}

static void resolving_inside_a_transaction_sees_what_it_did(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct mlops_version version;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_record(tx, bundle_id(9), "fraud", 1, 1, &f->err));
    assert_ok(f, version_resolve(tx, bundle_id(9), &version, &f->err));
    assert_ok(f, mlops_version_resolve(f->registry, bundle_id(9), &version, &f->err));
    transaction_abort(tx);
    assert_fails(f, MLOPS_NOT_FOUND, resolve(f, bundle_id(9), &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(every_kind_of_reference_is_understood),
        folder_test(what_is_not_a_reference_is_refused),
        folder_test(names_longer_than_the_limit_are_refused),
        folder_test(a_reference_ends_at_its_length_not_at_a_nul),
        folder_test(texts_of_the_grammar_s_letters_never_go_out_of_bounds),
        folder_test(names_of_models_and_stages_are_checked),
        registry_test(references_name_what_they_say),
        registry_test(a_bundle_that_is_not_registered_has_number_0),
        registry_test(an_unknown_model_is_suggested),
        registry_test(an_unknown_model_in_an_empty_registry_says_how_to_begin),
        registry_test(an_unknown_version_lists_what_there_is),
        registry_test(an_empty_stage_says_what_there_is),
        registry_test(an_ambiguous_prefix_names_the_candidates),
        registry_test(an_unknown_bundle_is_not_found),
        registry_test(resolving_inside_a_transaction_sees_what_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
