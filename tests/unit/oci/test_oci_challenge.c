/* tests/unit/oci/test_oci_challenge.c - WWW-Authenticate: the examples of RFC 9110 §11.6.1 and of
 * distribution's token.md, and what is none. */
#include "test.h"

#include "oci/challenge.h"

static void the_example_of_the_token_specification(void **state)
{
    (void)state;
    struct oci_challenge challenge;
    assert_true(oci_challenge_read("Bearer realm=\"https://auth.docker.io/token\","
                                   "service=\"registry.docker.io\","
                                   "scope=\"repository:samalba/my-app:pull,push\"",
                                   &challenge));
    assert_true(challenge.bearer);
    assert_string_equal("https://auth.docker.io/token", challenge.realm);
    assert_string_equal("registry.docker.io", challenge.service);
    assert_string_equal("repository:samalba/my-app:pull,push", challenge.scope);
    oci_challenge_clear(&challenge);
}

static void the_example_of_the_rfc_with_two_challenges(void **state)
{
    (void)state;
    struct oci_challenge challenge;
    assert_true(
        oci_challenge_read("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", "
                           "Basic realm=\"simple\"",
                           &challenge));
    assert_false(challenge.bearer);
    assert_string_equal("simple", challenge.realm);
    oci_challenge_clear(&challenge);
    assert_true(oci_challenge_read("basic", &challenge));
    assert_false(challenge.bearer);
    oci_challenge_clear(&challenge);
}

static void what_is_no_challenge_that_we_know(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        " ",
                                        ",",
                                        "Negotiate",
                                        "Bearer",
                                        "Bearer service=\"x\"",
                                        "Bearer realm=\"x",
                                        "Bearer realm=\"x\\",
                                        "Bearer realm=",
                                        "Bearer =x",
                                        "Bearer\"x\"",
                                        "\"Basic\""};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct oci_challenge challenge;
        assert_false(oci_challenge_read(wrong[i], &challenge));
        oci_challenge_clear(&challenge);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_token_specification),
        cmocka_unit_test(the_example_of_the_rfc_with_two_challenges),
        cmocka_unit_test(what_is_no_challenge_that_we_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
