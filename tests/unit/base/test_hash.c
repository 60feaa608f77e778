/* SHA-256: known answers, and our own stream against OpenSSL's at every length and cut. */
#include "test.h"

#include "base/hash.h"
#include <openssl/sha.h>

/* NIST, "SHA-256 examples" (FIPS 180-4 with its example values): one block, two blocks, and a
 * million times 'a'. */
static void published_digests_are_given(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t times;
        const char *hex;
    } cases[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct digest digest;
        char hex[SHA256_HEX_SIZE];
        for (size_t j = 0; j < cases[i].times; j++)
            sha256_update(hash, cases[i].text, strlen(cases[i].text));
        sha256_final(hash, &digest);
        digest_to_hex(&digest, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static uint64_t next(uint64_t *seed) /* xorshift64, Marsaglia 2003 */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void pieces_of_any_length_are_taken(void **state)
{
    (void)state;
    static uint8_t data[700];
    uint64_t seed = 7;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)next(&seed);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (size_t length = 0; length <= sizeof(data); length++) {
        struct digest expected, digest;
        SHA256(data, length, expected.bytes);
        for (size_t at = 0; at < length;) {
            size_t piece = next(&seed) % 200;
            piece = piece < length - at ? piece : length - at;
            sha256_update(hash, data + at, piece);
            at += piece;
        }
        sha256_final(hash, &digest);
        assert_true(digest_equal(&digest, &expected));
    }
}

static void the_whole_and_its_parts_are_hashed_at_once(void **state)
{
    (void)state;
    enum { PARTS = 40 };
    static uint8_t data[PARTS * 300];
    uint64_t seed = 11;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)next(&seed);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (int round = 0; round < 500; round++) {
        uint32_t lengths[PARTS];
        struct digest parts[PARTS], whole, expected;
        size_t total = 0, count = next(&seed) % PARTS, split = count / 2;
        for (size_t i = 0; i < count; i++) {
            lengths[i] = (uint32_t)(next(&seed) % 300);
            total += lengths[i];
        }
        size_t first = 0;
        for (size_t i = 0; i < split; i++)
            first += lengths[i];
        sha256_update_parts(hash, data, lengths, split, parts);
        sha256_update_parts(hash, data + first, lengths + split, count - split, parts + split);
        sha256_final(hash, &whole);
        SHA256(data, total, expected.bytes);
        assert_true(digest_equal(&whole, &expected));
        struct digest alone[PARTS];
        sha256_of_parts(data, lengths, count, alone);
        for (size_t i = 0, at = 0; i < count; at += lengths[i++]) {
            SHA256(data + at, lengths[i], expected.bytes);
            assert_true(digest_equal(&parts[i], &expected));
            assert_true(digest_equal(&alone[i], &expected));
        }
    }
}

/* Against OpenSSL's own, at every length around the blocks. */
static void two_texts_are_hashed_as_one(void **state)
{
    uint8_t data[300];
    struct digest expected, digest;
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t total = 0; total <= sizeof(data); total++)
        for (size_t first = 0; first <= total; first += 1 + total / 7) {
            SHA256(data, total, expected.bytes);
            sha256_of_two(data, first, data + first, total - first, &digest);
            assert_true(digest_equal(&digest, &expected));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_digests_are_given),
        cmocka_unit_test(two_texts_are_hashed_as_one),
        cmocka_unit_test(pieces_of_any_length_are_taken),
        cmocka_unit_test(the_whole_and_its_parts_are_hashed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
