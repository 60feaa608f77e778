/* tests/unit/bundle/test_gto.c - git tags of GTO: what is one, and what they say together. */
#include "bundle/gto.h"
#include "test.h"

static void tags_are_what_gto_1_10_takes_for_its_own(void **state)
{
    static const struct {
        const char *tag;
        enum gto_action action;
        const char *artifact, *version, *stage;
        uint64_t counter;
    } good[] = {
        {"fraud@v1.2.3", GTO_REGISTER, "fraud", "v1.2.3", "", 0},
        {"fraud@v1.2.3#4", GTO_REGISTER, "fraud", "v1.2.3", "", 4},
        {"fraud@v1.0.0-rc.1+b.2!", GTO_DEREGISTER, "fraud", "v1.0.0-rc.1+b.2", "", 0},
        {"a/b-c@v0.0.1", GTO_REGISTER, "a/b-c", "v0.0.1", "", 0},
        {"models/x=fraud@v1.0.0", GTO_REGISTER, "models/x:fraud", "v1.0.0", "", 0},
        {"fraud#prod", GTO_ASSIGN, "fraud", "", "prod", 0},
        {"fraud#prod#12", GTO_ASSIGN, "fraud", "", "prod", 12},
        {"fraud#prod!#13", GTO_UNASSIGN, "fraud", "", "prod", 13},
        {"fraud@deprecated", GTO_DEPRECATE, "fraud", "", "", 0},
        {"fraud@deprecated#5", GTO_DEPRECATE, "fraud", "", "", 5},
        {"fraud@created", GTO_CREATE, "fraud", "", "", 0},
    };
    static const char *const bad[] = {"",
                                      "v1.0.0",
                                      "fraud",
                                      "fraud@",
                                      "fraud@1.0.0",
                                      "fraud@v1.0",
                                      "fraud@v01.0.0",
                                      "fraud@v1.0.0-01",
                                      "fraud@v1.0.0-",
                                      "fraud@v1.0.0 ",
                                      "@v1.0.0",
                                      "#prod",
                                      "fraud#",
                                      "fraud#prod#",
                                      "fraud#prod#x",
                                      "fraud#prod#1#2",
                                      "-fraud@v1.0.0",
                                      "fraud-@v1.0.0",
                                      "=fraud@v1.0.0",
                                      "a=b=c@v1.0.0",
                                      "fraud#prod-",
                                      "fraud@deprecated!",
                                      "fr\xc3\xa4ud@v1.0.0",
                                      "fraud#prod#99999999999999999999"};
    struct gto_name name;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(gto_parse(good[i].tag, &name));
        assert_int_equal(good[i].action, name.action);
        assert_string_equal(good[i].artifact, name.artifact);
        assert_string_equal(good[i].version, name.version);
        assert_string_equal(good[i].stage, name.stage);
        assert_int_equal(good[i].counter, name.counter);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        if (gto_parse(bad[i], &name))
            fail_msg("'%s' was taken for a tag of GTO", bad[i]);
}

/* The order of semver.org 2.0.0, section 11. */
static void versions_have_the_order_of_semver(void **state)
{
    static const char *const order[] = {
        "v0.9.9",      "v1.0.0-alpha",  "v1.0.0-alpha.1", "v1.0.0-alpha.beta",
        "v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1",
        "v1.0.0",      "v1.0.10",       "v1.2.0",         "v10.0.0"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(order); j++) {
            int found = gto_compare_versions(order[i], order[j]);
            assert_int_equal((i > j) - (i < j), (found > 0) - (found < 0));
        }
    assert_int_equal(0, gto_compare_versions("v1.0.0+a", "v1.0.0+b"));
}

static struct gto_tag tag(const char *name, const char *commit, int64_t time_s)
{
    return (struct gto_tag){
        .name = (char *)(uintptr_t)name, .commit = (char *)(uintptr_t)commit, .time_s = time_s};
}

static void stages_are_held_as_gto_show_says(void **state)
{
    /* out of order on purpose: times decide, and counters where these are equal */
    const struct gto_tag tags[] = {
        tag("fraud#prod#5", "c1", 50),   tag("fraud@v0.0.1", "c1", 10),
        tag("fraud#prod#2", "c2", 20),   tag("fraud@v0.0.2", "c2", 20),
        tag("fraud#prod#1", "c1", 11),   tag("fraud#dev#3", "c1", 20),
        tag("fraud#dev!#4", "c1", 20),   tag("fraud#old#6", "gone", 60),
        tag("other", "c1", 1),           tag("spam@v1.0.0", "c1", 70),
        tag("spam@v1.0.0!#8", "c1", 71), tag("fraud#qa#7", "c2", 61),
    };
    struct gto_state gto;
    (void)state;
    gto_state_make(tags, ARRAY_LENGTH(tags), &gto);
    assert_int_equal(11, gto.count);
    assert_int_equal(3, gto.version_count);
    assert_string_equal("v0.0.1", gto.versions[0].version);
    assert_null(gto.versions[0].stages); /* assigned to prod again, but not the greatest */
    assert_string_equal("prod,qa", gto.versions[1].stages);
    assert_false(gto.versions[2].registered);
    gto_state_clear(&gto);
}

static void deprecation_lasts_until_something_is_done(void **state)
{
    const struct gto_tag tags[] = {tag("a@v1.0.0", "c", 1), tag("a@deprecated#2", "c", 2),
                                   tag("b@v1.0.0", "c", 1), tag("b@deprecated", "c", 2),
                                   tag("b@v1.0.1", "c", 3)};
    struct gto_state gto;
    (void)state;
    gto_state_make(tags, ARRAY_LENGTH(tags), &gto);
    assert_true(gto_is_deprecated(&gto, "a"));
    assert_false(gto_is_deprecated(&gto, "b"));
    assert_false(gto_is_deprecated(&gto, "c"));
    gto_state_clear(&gto);
    gto_state_make(NULL, 0, &gto);
    gto_state_clear(&gto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_what_gto_1_10_takes_for_its_own),
        cmocka_unit_test(versions_have_the_order_of_semver),
        cmocka_unit_test(stages_are_held_as_gto_show_says),
        cmocka_unit_test(deprecation_lasts_until_something_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
