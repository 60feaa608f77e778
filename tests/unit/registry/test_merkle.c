/*
 * Known answers: the test data of the certificate-transparency reference implementation
 * (merkle/testonly/constants.go of transparency-dev/merkle; RFC 6962 §2.1).
 */
#include "registry/fixture.h"
#include "registry/merkle.h"

static const char *const leaves[] = {"",
                                     "00",
                                     "10",
                                     "2021",
                                     "3031",
                                     "40414243",
                                     "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"};

/* Heads of the trees of the first 0, 1 … 8 leaves. */
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static size_t unhex(const char *hex, uint8_t *bytes)
{
    size_t count = strlen(hex) / 2;

    for (size_t i = 0; i < count; i++) {
        unsigned value;
        assert_int_equal(1, sscanf(hex + 2 * i, "%2x", &value));
        bytes[i] = (uint8_t)value;
    }
    return count;
}

static void leaf_of(size_t i, struct digest *leaf)
{
    uint8_t bytes[32];

    merkle_leaf(bytes, unhex(leaves[i], bytes), leaf);
}

static void assert_hex(const char *expected, const struct digest *digest)
{
    char hex[SHA256_HEX_SIZE];

    digest_to_hex(digest, hex);
    assert_string_equal(expected, hex);
}

static void the_leaf_of_nothing_is_the_one_of_the_rfc_6962_vectors(void **state)
{
    struct digest leaf;

    (void)state;
    merkle_leaf("", 0, &leaf);
    assert_hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", &leaf);
}

static void the_heads_of_0_to_8_leaves_are_the_reference_s(void **state)
{
    struct merkle_frontier tree = {0};
    struct digest root, leaf;

    (void)state;
    for (size_t i = 0;; i++) {
        assert_int_equal(i, tree.size);
        merkle_root(&tree, &root);
        assert_hex(roots[i], &root);
        if (i == ARRAY_LENGTH(leaves))
            break;
        leaf_of(i, &leaf);
        merkle_append(&tree, &leaf, NULL);
    }
}

/* RFC 6962 §2.1 as it stands: split at the largest power of two below the count. */
static void head_by_definition(const struct digest *hashes, size_t count, struct digest *head)
{
    struct digest left, right;
    size_t split = 1;

    if (count == 1) {
        *head = hashes[0];
        return;
    }
    while (split * 2 < count)
        split *= 2;
    head_by_definition(hashes, split, &left);
    head_by_definition(hashes + split, count - split, &right);
    merkle_node(&left, &right, head);
}

static void appending_gives_the_head_of_the_recursive_definition(void **state)
{
    struct digest hashes[300], expected, found;
    struct merkle_frontier tree = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(hashes); i++) {
        merkle_leaf(&i, sizeof(i), &hashes[i]);
        merkle_append(&tree, &hashes[i], NULL);
        head_by_definition(hashes, i + 1, &expected);
        merkle_root(&tree, &found);
        assert_true(digest_equal(&expected, &found));
    }
}

static void appending_says_which_root_is_new(void **state)
{
    struct merkle_frontier tree = {0};
    struct digest leaf;
    static const unsigned levels[] = {0, 1, 0, 2, 0, 1, 0, 3, 0};

    (void)state;
    merkle_leaf("", 0, &leaf);
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
        assert_int_equal(levels[i], merkle_append(&tree, &leaf, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leaf_of_nothing_is_the_one_of_the_rfc_6962_vectors),
        cmocka_unit_test(the_heads_of_0_to_8_leaves_are_the_reference_s),
        cmocka_unit_test(appending_gives_the_head_of_the_recursive_definition),
        cmocka_unit_test(appending_says_which_root_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
