/* Proofs: by the rules of RFC 9162 from the outside, for every tree up to 70 leaves, and over a
 * registry that somebody rewrote with the log's own key. */
#include "registry/fixture.h"
#include "registry/log_tree.h"
#include "registry/log_view.h"

#define LEAVES 70

struct tree {
    struct digest nodes[MERKLE_LEVELS][LEAVES + 1];
};

static int read_node(void *context, unsigned level, uint64_t index, struct digest *hash,
                     struct mlops_error *err)
{
    (void)err;
    *hash = ((struct tree *)context)->nodes[level][index];
    return 0;
}

static struct tree *make_tree(struct digest heads[LEAVES + 1])
{
    struct tree *tree = xcalloc(1, sizeof(*tree));
    struct merkle_frontier frontier = {0};

    merkle_root(&frontier, &heads[0]);
    for (uint64_t i = 0; i < LEAVES; i++) {
        struct digest leaf, created[MERKLE_LEVELS];
        uint8_t data = (uint8_t)i;

        merkle_leaf(&data, 1, &leaf);
        unsigned level = merkle_append(&frontier, &leaf, created);
        for (unsigned at = 0; at <= level; at++)
            tree->nodes[at][(frontier.size >> at) - 1] = created[at];
        merkle_root(&frontier, &heads[i + 1]);
    }
    return tree;
}

static void every_leaf_of_every_tree_is_proved_and_no_other(void **state)
{
    struct digest heads[LEAVES + 1];
    struct tree *tree = make_tree(heads);
    struct mlops_error err = {0};
    struct merkle_proof proof;

    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct digest head;

        assert_int_equal(0, merkle_head(size, read_node, tree, &head, &err));
        assert_true(digest_equal(&heads[size], &head));
        for (uint64_t index = 0; index < size; index++) {
            const struct digest *leaf = &tree->nodes[0][index];

            assert_int_equal(0, merkle_prove_inclusion(index, size, read_node, tree, &proof, &err));
            assert_true(merkle_check_inclusion(leaf, index, size, &heads[size], &proof));
            assert_false(merkle_check_inclusion(leaf, index ^ 1, size, &heads[size], &proof) &&
                         size > 1);
            assert_false(merkle_check_inclusion(leaf, index, size, &heads[size - 1], &proof));
            assert_false(merkle_check_inclusion(leaf, size, size, &heads[size], &proof));
            if (proof.count == 0)
                continue;
            proof.hashes[proof.count / 2].bytes[3] ^= 1;
            assert_false(merkle_check_inclusion(leaf, index, size, &heads[size], &proof));
            proof.hashes[proof.count / 2].bytes[3] ^= 1;
            proof.count--;
            assert_false(merkle_check_inclusion(leaf, index, size, &heads[size], &proof));
        }
    }
    free(tree);
}

static void every_tree_is_proved_to_be_the_beginning_of_every_later_one(void **state)
{
    struct digest heads[LEAVES + 1];
    struct tree *tree = make_tree(heads);
    struct mlops_error err = {0};
    struct merkle_proof proof;

    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t old = 1; old <= size; old++) {
            struct digest wrong = heads[old];

            assert_int_equal(0, merkle_prove_consistency(old, size, read_node, tree, &proof, &err));
            assert_true(merkle_check_consistency(old, &heads[old], size, &heads[size], &proof));
            wrong.bytes[31] ^= 1;
            assert_false(merkle_check_consistency(old, &wrong, size, &heads[size], &proof));
            assert_false(merkle_check_consistency(old, &heads[old], size, &wrong, &proof));
            if (proof.count == 0)
                continue;
            proof.hashes[proof.count - 1].bytes[0] ^= 1;
            assert_false(merkle_check_consistency(old, &heads[old], size, &heads[size], &proof));
            proof.hashes[proof.count - 1].bytes[0] ^= 1;
            proof.count--;
            assert_false(merkle_check_consistency(old, &heads[old], size, &heads[size], &proof));
        }
    }
    free(tree);
}

/* transparency-dev/merkle, proof/verify_test.go: the path of leaf 0 in the tree of the eight test
 * leaves. */
static void the_path_of_the_reference_implementation_is_accepted(void **state)
{
    static const char *const hexes[] = {
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"};
    static const char head[] = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
    struct merkle_proof proof = {.count = 3};
    struct digest leaf, root;

    (void)state;
    merkle_leaf("", 0, &leaf);
    for (size_t i = 0; i < 3; i++)
        assert_true(digest_from_hex(hexes[i], 64, &proof.hashes[i]));
    assert_true(digest_from_hex(head, 64, &root));
    assert_true(merkle_check_inclusion(&leaf, 0, 8, &root, &proof));
}

static void nodes_are_numbered_in_the_order_of_appending(void **state)
{
    struct merkle_frontier frontier = {0};
    uint64_t next = 0;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        struct digest leaf = {{0}}, created[MERKLE_LEVELS];
        unsigned level = merkle_append(&frontier, &leaf, created);

        for (unsigned at = 1; at <= level; at++)
            assert_int_equal(next++, merkle_node_number(at, (frontier.size >> at) - 1));
        assert_int_equal(next, merkle_node_count(frontier.size));
    }
}

static void entries_are_proved_and_a_changed_one_is_not(void **state)
{
    struct fixture *f = *state;
    char *proof = NULL, *entry = NULL;

    for (unsigned n = 1; n <= 9; n++)
        given_registered(f, "fraud", n);
    assert_ok(f, mlops_log_prove(f->registry, 4, &proof, &entry, &f->err));
    assert_int_equal(0, strncmp(proof, "c2sp.org/tlog-proof@v1\nindex 4\n", 31));
    assert_non_null(strstr(entry, "\"action\":\"register\""));
    assert_non_null(strstr(proof, "\n\nmlops-registry/"));
    free(proof);
    free(entry);
    assert_fails(f, MLOPS_NOT_FOUND, mlops_log_prove(f->registry, 10, &proof, NULL, &f->err));
    tamper(f, "UPDATE audit SET entry = replace(entry, 'fraud', 'freud') WHERE position = 4");
    assert_fails(f, MLOPS_INTEGRITY, mlops_log_prove(f->registry, 4, &proof, NULL, &f->err));
    assert_message(f, "entry 4 of the audit log was changed");
}

static void the_newest_entry_is_found_only_where_it_is_signed(void **state)
{
    struct fixture *f = *state;
    struct log_query query = {.action = "register", .model = "fraud"};
    _cleanup_(json_free) cJSON *entry = NULL, *again = NULL;
    struct log_view view;
    bool found;

    given_registered(f, "fraud", 1);
    given_registered(f, "churn", 2);
    given_registered(f, "fraud", 3);
    assert_ok(f, log_view_open(f->registry, &view, &f->err));
    assert_ok(f, log_view_newest(&view, &query, &entry, &found, &f->err));
    assert_true(found);
    assert_int_equal(2, json_u64(entry, "version", 0));
    query.version = 7;
    assert_ok(f, log_view_newest(&view, &query, &again, &found, &f->err));
    assert_false(found);
    query.version = 0;
    /* a column that leads elsewhere */
    tamper(f, "UPDATE audit SET model = 'fraud' WHERE model = 'churn'; "
              "UPDATE audit SET action = 'x' WHERE model = 'fraud' AND position = 3");
    assert_fails(f, MLOPS_INTEGRITY, log_view_newest(&view, &query, &again, &found, &f->err));
    assert_says(f, "its columns are not what the entry says");
}

static void a_log_that_grew_is_consistent_and_one_that_was_rewritten_is_not(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    struct mlops_checkpoint kept;
    struct mlops_log_consistency consistency;
    _cleanup_(free_string) char *database = in_registry(f, "registry.db");
    _cleanup_(buffer_clear) struct buffer old = {0};
    uint64_t size;
    char root[65];

    given_registered(f, "fraud", 1);
    mlops_registry_close(f->registry);
    assert_ok(f, file_read(database, 10000000, &old, &f->err));
    f->registry = open_as(f, "alice@host");
    given_registered(f, "fraud", 2);
    assert_ok(f, mlops_log_checkpoint(f->registry, &kept, &f->err));
    assert_int_equal(3, kept.size);
    given_registered(f, "fraud", 3);
    assert_ok(f, mlops_log_since(f->registry, kept.note, &consistency, &f->err));
    assert_int_equal(3, consistency.old_size);
    assert_int_equal(4, consistency.new_size);
    mlops_log_consistency_clear(&consistency);
    assert_ok(f, mlops_log_verify(f->registry, kept.note, &size, root, &f->err));

    /* set back to before, and something else done instead: all of it signed by the log's key */
    mlops_registry_close(f->registry);
    assert_ok(f, file_write_durable(database, old.data, old.length, 0644, &f->err));
    f->registry = open_as(f, "mallory@host");
    assert_fails(f, MLOPS_INTEGRITY,
                 mlops_log_since(f->registry, kept.note, &consistency, &f->err));
    assert_message(f, "the audit log was cut off: it has 2 entries, and had 3 when the checkpoint "
                      "was kept");
    given_registered(f, "fraud", 4);
    given_registered(f, "fraud", 5);
    assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
    assert_fails(f, MLOPS_INTEGRITY,
                 mlops_log_since(f->registry, kept.note, &consistency, &f->err));
    assert_message(f, "the audit log was rewritten: its first 3 entries are not those that the "
                      "checkpoint signs");
    assert_fails(f, MLOPS_INTEGRITY,
                 mlops_log_verify(f->registry, kept.note, &size, root, &f->err));
    assert_says(f, "was rewritten");
    mlops_checkpoint_clear(&kept);
}

static void an_export_verifies_without_the_registry(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = in_registry(f, "tmp/log"), *key = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_checkpoint kept;
    uint64_t size;
    char root[65];
    FILE *file;

    given_registered(f, "fraud", 1);
    assert_ok(f, mlops_log_checkpoint(f->registry, &kept, &f->err));
    given_registered(f, "fraud", 2);
    file = fopen(path, "w");
    assert_ok(f, mlops_log_export(f->registry, fileno(file), &f->err));
    fclose(file);
    assert_ok(f, mlops_log_verify_export(path, NULL, kept.note, &size, root, &key, &f->err));
    assert_int_equal(3, size);
    assert_string_equal(kept.key, key);
    assert_ok(f, file_read(path, 1000000, &text, &f->err));
    /* every byte changed, one after another, and every cut */
    for (size_t i = 0; i < text.length; i += 3) {
        text.data[i] ^= 1;
        file = fopen(path, "w");
        fwrite(text.data, 1, text.length, file);
        fclose(file);
        text.data[i] ^= 1;
        if (mlops_log_verify_export(path, kept.key, NULL, &size, root, NULL, &f->err) == MLOPS_OK)
            fail_msg("byte %zu was changed unseen", i);
    }
    for (size_t cut = 0; cut + 1 < text.length; cut += 5) { /* the last newline says nothing */
        file = fopen(path, "w");
        fwrite(text.data, 1, cut, file);
        fclose(file);
        assert_int_not_equal(
            0, mlops_log_verify_export(path, kept.key, NULL, &size, root, NULL, &f->err));
    }
    mlops_checkpoint_clear(&kept);
}

static void an_export_of_any_size_proves_what_its_registry_proved(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = in_registry(f, "tmp/log");

    for (unsigned number = 1; number <= 17; number++) {
        given_registered(f, "fraud", number);
        FILE *file = fopen(path, "w");
        assert_ok(f, mlops_log_export(f->registry, fileno(file), &f->err));
        fclose(file);
        for (uint64_t index = 0; index <= number; index++) { /* the first is init's */
            char *of_registry, *of_export, *entry, *same_entry;
            assert_ok(f, mlops_log_prove(f->registry, index, &of_registry, &entry, &f->err));
            assert_ok(f,
                      mlops_log_prove_export(path, NULL, index, &of_export, &same_entry, &f->err));
            assert_string_equal(of_registry, of_export);
            assert_string_equal(entry, same_entry);
            free(of_registry);
            free(of_export);
            free(entry);
            free(same_entry);
        }
    }
    char *proof;
    assert_int_equal(MLOPS_NOT_FOUND,
                     mlops_log_prove_export(path, NULL, UINT64_MAX, &proof, NULL, &f->err));
}

static void nothing_is_recorded_without_the_key_of_the_log(void **state)
{
    struct fixture *f = *state;
    _cleanup_(free_string) char *path = in_registry(f, "log.key"), *away = in_registry(f, "away");
    _cleanup_(signing_key_free_ptr) struct signing_key *other = NULL;
    _cleanup_(buffer_clear) struct buffer pem = {0};
    struct mlops_version version;
    bool created;

    mlops_registry_close(f->registry);
    assert_int_equal(0, rename(path, away));
    f->registry = open_as(f, "alice@host");
    given_packaged(f, "fraud", 1); /* is not in the log */
    assert_fails(f, MLOPS_NOT_FOUND,
                 mlops_register(f->registry, bundle_id(1), &version, &created, &f->err));
    assert_says(f, "nothing can be recorded without the key of the audit log");
    assert_int_equal(1, ask(f, "SELECT count(*) FROM audit"));
    assert_ok(f, signing_key_generate(SIGNING_ED25519, &other, &f->err));
    assert_ok(f, signing_key_write_private(other, NULL, &pem, &f->err));
    assert_ok(f, file_write_durable(path, pem.data, pem.length, 0600, &f->err));
    assert_fails(f, MLOPS_INTEGRITY,
                 mlops_register(f->registry, bundle_id(1), &version, &created, &f->err));
    assert_message(f, "the key at hand is not the key of this audit log");
    setenv("MLOPS_LOG_KEY", away, 1);
    reopen(f);
    assert_ok(f, mlops_register(f->registry, bundle_id(1), &version, &created, &f->err));
    unsetenv("MLOPS_LOG_KEY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_of_every_tree_is_proved_and_no_other),
        cmocka_unit_test(every_tree_is_proved_to_be_the_beginning_of_every_later_one),
        cmocka_unit_test(the_path_of_the_reference_implementation_is_accepted),
        cmocka_unit_test(nodes_are_numbered_in_the_order_of_appending),
        registry_test(entries_are_proved_and_a_changed_one_is_not),
        registry_test(the_newest_entry_is_found_only_where_it_is_signed),
        registry_test(a_log_that_grew_is_consistent_and_one_that_was_rewritten_is_not),
        registry_test(an_export_verifies_without_the_registry),
        registry_test(an_export_of_any_size_proves_what_its_registry_proved),
        registry_test(nothing_is_recorded_without_the_key_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
