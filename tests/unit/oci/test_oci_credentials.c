/* tests/unit/oci/test_oci_credentials.c - Docker's config.json as the tools write it. */
#include "test.h"

#include "oci/credentials.h"
#include <stdio.h>

static int read_text(const char *text, const char *host, struct oci_credentials *credentials,
                     struct mlops_error *err)
{
    return oci_credentials_read(text, strlen(text), "config.json", host, credentials, err);
}

/* As 'docker login' writes it: "user:pa:ss" in base64. */
static void a_user_and_a_password_with_a_colon(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct oci_credentials credentials;
    const char *text = "{\"auths\": {\"h:1\": {\"auth\": \"dXNlcjpwYTpzcw==\"}}}";
    assert_int_equal(0, read_text(text, "h:1", &credentials, &err));
    assert_string_equal("user", credentials.user);
    assert_string_equal("pa:ss", credentials.password);
    oci_credentials_clear(&credentials);
    assert_int_equal(0, read_text(text, "h:12", &credentials, &err));
    assert_null(credentials.user);
    oci_credentials_clear(&credentials);
}

static void keys_may_be_addresses_and_hold_identity_tokens(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct oci_credentials credentials;
    const char *text = "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"YTpi\"},"
                       "\"https://h/v2/\": {\"identitytoken\": \"token\"}}}";
    assert_int_equal(0, read_text(text, "docker.io", &credentials, &err));
    assert_string_equal("a", credentials.user);
    oci_credentials_clear(&credentials);
    assert_int_equal(0, read_text(text, "h", &credentials, &err));
    assert_null(credentials.user);
    assert_string_equal("token", credentials.identity_token);
    oci_credentials_clear(&credentials);
}

static void nothing_that_was_read_stands_in_a_message(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "[",
                                        "{\"auths\": {\"h\": {\"auth\": \"c2VjcmV0\"}}}",
                                        "{\"auths\": {\"h\": {\"auth\": \"!secret\"}}}",
                                        "{\"credsStore\": \"../secret\"}",
                                        "{\"credHelpers\": {\"h\": \"a/b\"}}"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct mlops_error err = {0};
        struct oci_credentials credentials;
        assert_int_equal(MLOPS_INVALID, read_text(wrong[i], "h", &credentials, &err));
        if (!strstr(wrong[i], "credsStore"))
            assert_null(strstr(err.message, "secret"));
        oci_credentials_clear(&credentials);
    }
}

static void a_file_without_the_host_is_fine(void **state)
{
    (void)state;
    static const char *const empty[] = {"{}",
                                        "{\"auths\": {}}",
                                        "{\"auths\": {\"h\": {}}}",
                                        "{\"auths\": {\"h\": {\"auth\": \"\"}}}",
                                        "{\"auths\": 1}",
                                        "[]"};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        struct mlops_error err = {0};
        struct oci_credentials credentials;
        assert_int_equal(0, read_text(empty[i], "h", &credentials, &err));
        assert_null(credentials.user);
        oci_credentials_clear(&credentials);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_and_a_password_with_a_colon),
        cmocka_unit_test(keys_may_be_addresses_and_hold_identity_tokens),
        cmocka_unit_test(nothing_that_was_read_stands_in_a_message),
        cmocka_unit_test(a_file_without_the_host_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
