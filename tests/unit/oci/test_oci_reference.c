/* tests/unit/oci/test_oci_reference.c - addresses of artifacts: the grammar of the distribution
 * specification 1.1. */
#include "test.h"

#include "oci/reference.h"

static void an_address_comes_apart(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct oci_reference reference;
    assert_int_equal(0, oci_reference_parse("oci://ghcr.io/a/b__c/d-e:v1.2_x", &reference, &err));
    assert_string_equal("ghcr.io", reference.host);
    assert_string_equal("a/b__c/d-e", reference.repository);
    assert_string_equal("v1.2_x", reference.tag);
    assert_false(reference.has_digest);
    oci_reference_clear(&reference);
    assert_int_equal(0, oci_reference_parse("oci://[::1]:5000/x", &reference, &err));
    assert_string_equal("[::1]:5000", reference.host);
    assert_string_equal("latest", reference.tag);
    oci_reference_clear(&reference);
}

static void a_digest_stands_for_itself_or_beside_a_tag(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct oci_reference reference;
    const char *digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    _cleanup_(free_string) char *alone = xprintf("oci://h:1/x%s", digest);
    _cleanup_(free_string) char *both = xprintf("oci://h:1/x:t%s", digest);
    assert_int_equal(0, oci_reference_parse(alone, &reference, &err));
    assert_null(reference.tag);
    assert_true(reference.has_digest);
    assert_int_equal(0x23, reference.digest.bytes[1]);
    oci_reference_clear(&reference);
    assert_int_equal(0, oci_reference_parse(both, &reference, &err));
    assert_string_equal("t", reference.tag);
    assert_true(reference.has_digest);
    oci_reference_clear(&reference);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "x",
                                        "oci://",
                                        "oci:///x",
                                        "oci://h",
                                        "oci://h/",
                                        "oci://h/X",
                                        "oci://h/a//b",
                                        "oci://h/a/",
                                        "oci://h/../x",
                                        "oci://h/a___b",
                                        "oci://h/a..b",
                                        "oci://h/a-",
                                        "oci://h/a:",
                                        "oci://h/a:.x",
                                        "oci://h/a:x/y",
                                        "oci://h/a?x",
                                        "oci://h/a@sha256:12",
                                        "oci://h/a@md5:12",
                                        "oci://h:/a",
                                        "oci://h:70000/a",
                                        "oci://h:x/a",
                                        "oci://h\r\n/a",
                                        "oci://[::1/a",
                                        "oci://u:p@h/a",
                                        "https://h/a"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct mlops_error err = {0};
        struct oci_reference reference;
        assert_int_equal(MLOPS_INVALID, oci_reference_parse(wrong[i], &reference, &err));
        assert_null(strstr(err.message, "u:p"));
        oci_reference_clear(&reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_comes_apart),
        cmocka_unit_test(a_digest_stands_for_itself_or_beside_a_tag),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
