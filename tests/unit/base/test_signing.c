/* Keys and signatures: published vectors, OpenSSL's own tool, and what must not verify. */
#include "test.h"

#include "base/base64.h"
#include "base/signing.h"
#include <stdio.h>
#include <unistd.h>

static void base64_is_that_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}}; /* §10 */
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(buffer_clear) struct buffer text = {0}, back = {0};
        base64_write(cases[i][0], strlen(cases[i][0]), &text);
        buffer_puts(&text, "");
        assert_string_equal(cases[i][1], text.data);
        assert_true(base64_read(text.data, text.length, &back));
        assert_int_equal(strlen(cases[i][0]), back.length);
        if (back.length > 0)
            assert_memory_equal(cases[i][0], back.data, back.length);
    }
}

static void base64_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"Z",    "Zg",   "Zg=",  "Zh==", "Zm9=",     "Zm9v\n",
                                        "=m9v", "Z=9v", "Zm-v", "====", "Zg==Zg==", "Zm 9"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(buffer_clear) struct buffer back = {0};
        if (base64_read(cases[i], strlen(cases[i]), &back))
            fail_msg("'%s' was taken", cases[i]);
    }
}

static const enum signing_algorithm all[] = {SIGNING_P256, SIGNING_P384, SIGNING_P521,
                                             SIGNING_ED25519};

static void every_kind_of_key_signs_and_verifies(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL, *other = NULL;
        _cleanup_(buffer_clear) struct buffer signature = {0};
        assert_int_equal(0, signing_key_generate(all[i], &key, &err));
        assert_int_equal(0, signing_key_generate(all[i], &other, &err));
        assert_int_equal(all[i], signing_key_algorithm(key));
        assert_int_equal(0, signing_sign(key, "hello", 5, &signature, &err));
        assert_true(signing_verify(key, "hello", 5, signature.data, signature.length));
        assert_false(signing_verify(key, "hellO", 5, signature.data, signature.length));
        assert_false(signing_verify(other, "hello", 5, signature.data, signature.length));
        for (size_t length = 0; length < signature.length; length++)
            assert_false(signing_verify(key, "hello", 5, signature.data, length));
        for (size_t at = 0; at < signature.length * 8; at += 3) {
            signature.data[at / 8] ^= (char)(1 << at % 8);
            assert_false(signing_verify(key, "hello", 5, signature.data, signature.length));
            signature.data[at / 8] ^= (char)(1 << at % 8);
        }
    }
}

static void keys_come_back_from_their_text(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL, *plain = NULL,
                                                           *sealed = NULL, *half = NULL;
        _cleanup_(buffer_clear) struct buffer a = {0}, b = {0}, public = {0}, signature = {0};
        char one[SHA256_HEX_SIZE], two[SHA256_HEX_SIZE];
        assert_int_equal(0, signing_key_generate(all[i], &key, &err));
        assert_int_equal(0, signing_key_write_private(key, NULL, &a, &err));
        assert_int_equal(0, signing_key_write_private(key, "secret", &b, &err));
        assert_int_equal(0, signing_key_write_public(key, &public, &err));
        assert_false(signing_key_is_encrypted(a.data, a.length));
        assert_true(signing_key_is_encrypted(b.data, b.length));
        assert_int_equal(0, signing_key_read_private(a.data, a.length, NULL, "a", &plain, &err));
        assert_int_equal(0,
                         signing_key_read_private(b.data, b.length, "secret", "b", &sealed, &err));
        assert_int_equal(0, signing_key_read_public(public.data, public.length, "p", &half, &err));
        signing_key_fingerprint(key, one);
        signing_key_fingerprint(sealed, two);
        assert_string_equal(one, two);
        assert_int_equal(0, signing_sign(sealed, "x", 1, &signature, &err));
        assert_true(signing_verify(half, "x", 1, signature.data, signature.length));
    }
}

static void a_wrong_passphrase_and_other_files_have_their_own_messages(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL, *read = NULL;
    _cleanup_(buffer_clear) struct buffer sealed = {0};
    assert_int_equal(0, signing_key_generate(SIGNING_P256, &key, &err));
    assert_int_equal(0, signing_key_write_private(key, "secret", &sealed, &err));
    assert_int_equal(MLOPS_INTEGRITY, signing_key_read_private(sealed.data, sealed.length, "Secret",
                                                               "ana.key", &read, &err));
    assert_string_equal("the passphrase does not open ana.key", err.message);
    assert_int_equal(MLOPS_INTEGRITY, signing_key_read_private(sealed.data, sealed.length, NULL,
                                                               "ana.key", &read, &err));
    assert_string_equal("ana.key wants a passphrase", err.message);
    assert_int_equal(MLOPS_INVALID,
                     signing_key_read_private("hello", 5, NULL, "ana.key", &read, &err));
    assert_string_equal("ana.key is no private key in PEM", err.message);
    assert_int_equal(MLOPS_INVALID,
                     signing_key_read_public(sealed.data, sealed.length, "ana.key", &read, &err));
    for (size_t length = 0; length < sealed.length - 1; length += 7)
        assert_int_not_equal(
            0, signing_key_read_private(sealed.data, length, "secret", "x", &read, &err));
}

/* Keys that the specification of model signatures does not know. */
static void rsa_and_other_curves_are_refused(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null",
        "openssl ecparam -name secp256k1 -genkey -noout 2>/dev/null",
        "openssl genpkey -algorithm X25519 2>/dev/null"};
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        struct mlops_error err = {0};
        _cleanup_(signing_key_free_ptr) struct signing_key *read = NULL;
        char pem[8192];
        FILE *pipe = popen(commands[i], "r");
        assert_non_null(pipe);
        size_t length = fread(pem, 1, sizeof(pem), pipe);
        assert_int_equal(0, pclose(pipe));
        assert_int_equal(MLOPS_INVALID,
                         signing_key_read_private(pem, length, NULL, "k", &read, &err));
        assert_string_equal("k is a key of a kind that mlops does not use", err.message);
    }
}

/* RFC 8032 §7.1, TEST 3: as OpenSSL's tool reads it from PKCS#8, so that what we write and read is
 * what others do. */
static void the_signature_of_rfc_8032_is_given(void **state)
{
    (void)state;
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3"
                              "\n-----END PRIVATE KEY-----\n";
    static const uint8_t expected[] = {
        0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a,
        0xbe, 0x01, 0xa3, 0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36,
        0x80, 0xd7, 0xdb, 0x5a, 0xc3, 0xac, 0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2,
        0x90, 0xae, 0x67, 0xf7, 0x60, 0x98, 0x4d, 0xc6, 0x59, 0x4a, 0x7c, 0x15, 0xe9,
        0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce, 0xea, 0x1e, 0xc4, 0x0a};
    static const uint8_t message[] = {0xaf, 0x82};
    struct mlops_error err = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(buffer_clear) struct buffer signature = {0};
    assert_int_equal(0, signing_key_read_private(pem, strlen(pem), NULL, "k", &key, &err));
    assert_int_equal(0, signing_sign(key, message, sizeof(message), &signature, &err));
    assert_int_equal(sizeof(expected), signature.length);
    assert_memory_equal(expected, signature.data, sizeof(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(base64_that_is_not_canonical_is_refused),
        cmocka_unit_test(every_kind_of_key_signs_and_verifies),
        cmocka_unit_test(keys_come_back_from_their_text),
        cmocka_unit_test(a_wrong_passphrase_and_other_files_have_their_own_messages),
        cmocka_unit_test(rsa_and_other_curves_are_refused),
        cmocka_unit_test(the_signature_of_rfc_8032_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
