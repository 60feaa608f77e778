/*
 * tests/unit/base/test_sigv4.c - signatures that AWS published: the examples of the S3 API
 * Reference
 * ("Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk")
 * and cases of the Signature Version 4 Test Suite (github.com/awslabs/aws-c-auth,
 * tests/aws-signing-test-suite, and botocore's tests/unit/auth/aws4_testsuite).
 */
#include "test.h"

#include "base/hash.h"
#include "base/sigv4.h"

#define SUITE_TOKEN                                                                                \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static void check(const struct sigv4_request *request, const char *access_key, const char *secret,
                  const char *signed_headers, const char *signature)
{
    _cleanup_(buffer_clear) struct buffer authorization = {0};
    _cleanup_(free_string) char *wanted =
        xprintf("AWS4-HMAC-SHA256 Credential=%s/%.8s/us-east-1/%s/aws4_request, SignedHeaders=%s, "
                "Signature=%s",
                access_key, request->time, request->service, signed_headers, signature);
    sigv4_authorize(request, access_key, secret, &authorization);
    assert_string_equal(wanted, authorization.data);
}

/* ---- the S3 API Reference ------------------------------------------------------------------ */

static void check_s3(struct sigv4_request request, const char *signed_headers,
                     const char *signature)
{
    request.region = "us-east-1";
    request.service = "s3";
    str_copy(request.time, sizeof(request.time), "20130524T000000Z");
    check(&request, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          signed_headers, signature);
}

#define HOST                                                                                       \
    {                                                                                              \
        "host", "examplebucket.s3.amazonaws.com"                                                   \
    }
#define DATE                                                                                       \
    {                                                                                              \
        "x-amz-date", "20130524T000000Z"                                                           \
    }
#define EMPTY                                                                                      \
    {                                                                                              \
        "x-amz-content-sha256", SIGV4_EMPTY_HASH                                                   \
    }

static void s3_get_object(void **state)
{
    const struct sigv4_header headers[] = {HOST, {"range", "bytes=0-9"}, EMPTY, DATE};
    (void)state;
    check_s3((struct sigv4_request){.method = "GET",
                                    .path = "/test.txt",
                                    .headers = headers,
                                    .header_count = 4,
                                    .payload_hash = SIGV4_EMPTY_HASH},
             "host;range;x-amz-content-sha256;x-amz-date",
             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void s3_put_object(void **state)
{
    static const char body[] = "Welcome to Amazon S3.";
    char hex[SHA256_HEX_SIZE];
    struct digest digest;
    (void)state;
    sha256_of(body, strlen(body), &digest);
    digest_to_hex(&digest, hex);
    const struct sigv4_header headers[] = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                           DATE,
                                           {"x-amz-content-sha256", hex},
                                           {"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                           HOST};
    check_s3((struct sigv4_request){.method = "PUT",
                                    .path = "/test%24file.text",
                                    .headers = headers,
                                    .header_count = 5,
                                    .payload_hash = hex},
             "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void s3_get_bucket_lifecycle(void **state)
{
    const struct sigv4_header headers[] = {HOST, EMPTY, DATE};
    (void)state;
    check_s3((struct sigv4_request){.method = "GET",
                                    .path = "/",
                                    .query = "lifecycle",
                                    .headers = headers,
                                    .header_count = 3,
                                    .payload_hash = SIGV4_EMPTY_HASH},
             "host;x-amz-content-sha256;x-amz-date",
             "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void s3_list_objects(void **state)
{
    const struct sigv4_header headers[] = {HOST, EMPTY, DATE};
    (void)state;
    check_s3((struct sigv4_request){.method = "GET",
                                    .path = "/",
                                    .query = "prefix=J&max-keys=2", /* sorted by the signer */
                                    .headers = headers,
                                    .header_count = 3,
                                    .payload_hash = SIGV4_EMPTY_HASH},
             "host;x-amz-content-sha256;x-amz-date",
             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* ---- the test suite ------------------------------------------------------------------------ */

static void check_suite(struct sigv4_request request, const char *token, const char *signature)
{
    const struct sigv4_header headers[] = {{"host", "example.amazonaws.com"},
                                           {"x-amz-date", "20150830T123600Z"},
                                           {"x-amz-security-token", token}};
    request.path = "/";
    request.headers = headers;
    request.header_count = token ? 3 : 2;
    request.payload_hash = SIGV4_EMPTY_HASH;
    request.region = "us-east-1";
    request.service = "service";
    str_copy(request.time, sizeof(request.time), "20150830T123600Z");
    check(&request, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          token ? "host;x-amz-date;x-amz-security-token" : "host;x-amz-date", signature);
}

static void suite_get_vanilla(void **state)
{
    (void)state;
    check_suite((struct sigv4_request){.method = "GET"}, NULL,
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

static void suite_get_vanilla_query_order_key_case(void **state)
{
    (void)state;
    check_suite((struct sigv4_request){.method = "GET", .query = "Param2=value2&Param1=value1"},
                NULL, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

static void suite_post_vanilla(void **state)
{
    (void)state;
    check_suite((struct sigv4_request){.method = "POST"}, NULL,
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

static void suite_post_sts_header_before(void **state)
{
    (void)state;
    check_suite((struct sigv4_request){.method = "POST"}, SUITE_TOKEN,
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

/* ---- of our own ---------------------------------------------------------------------------- */

/* By Python's hmac and hashlib over the canonical request that the specification asks for:
 * "GET\n/\na=1&a=2&a-b=&ab=1\nhost:a b\n\nhost\nUNSIGNED-PAYLOAD". */
static void names_that_begin_alike_are_sorted_by_name_and_blanks_are_one(void **state)
{
    const struct sigv4_header headers[] = {{"host", "  a   b  "}};
    (void)state;
    check_s3((struct sigv4_request){.method = "GET",
                                    .path = "/",
                                    .query = "ab=1&a=2&a-b&&a=1",
                                    .headers = headers,
                                    .header_count = 1,
                                    .payload_hash = SIGV4_UNSIGNED},
             "host", "94b1a2d18ead8fa9b6babd0ab50533100ef8b0d060abd4935ab61167c1b6c97b");
}

static void times_are_in_utc(void **state)
{
    char text[SIGV4_TIME_SIZE];
    (void)state;
    sigv4_time(1369353600LL * 1000000000LL + 999999999, text);
    assert_string_equal("20130524T000000Z", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s3_get_object),
        cmocka_unit_test(s3_put_object),
        cmocka_unit_test(s3_get_bucket_lifecycle),
        cmocka_unit_test(s3_list_objects),
        cmocka_unit_test(suite_get_vanilla),
        cmocka_unit_test(suite_get_vanilla_query_order_key_case),
        cmocka_unit_test(suite_post_vanilla),
        cmocka_unit_test(suite_post_sts_header_before),
        cmocka_unit_test(names_that_begin_alike_are_sorted_by_name_and_blanks_are_one),
        cmocka_unit_test(times_are_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
