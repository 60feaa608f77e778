/* tests/unit/trust/test_tensorflow.c - what lies beside a SavedModel, as TensorFlow 2.21 writes it
 * (tests/trust/make_tensorflow.py). */
#include "base/file.h"
#include "container.h"
#include "trust/raw_data.h"
#include "trust/tf_checkpoint.h"
#include "trust/tf_metadata.h"

static void load(const char *name, struct buffer *data)
{
    struct mlops_error err = {0};
    assert_int_equal(0, file_read(name, 1 << 20, data, &err));
}

#define FOLDER TEST_DATA "/tensorflow/"

/* Whether the index accounts for the shard. */
static bool accounts(const struct buffer *index, const struct buffer *shard)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {.raw = raw_data_new()};
    struct source *source = source_of_memory(index->data, index->length);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = "m/variables.index",
                             .name = "variables.index",
                             .findings = &findings};
    const char *whose;
    bool covers = false;
    assert_int_equal(0, scanner_tf_checkpoint.scan(&file, &err));
    source_close(source);
    source = source_of_memory(shard->data, shard->length);
    assert_int_equal(0, raw_data_covers(scan.raw, "m/variables.data-00000-of-00001", source,
                                        &covers, &whose, &err));
    source_close(source);
    raw_data_free(scan.raw);
    findings_clear(&findings);
    return covers;
}

static void an_index_accounts_for_its_shard(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer index = {0}, shard = {0};
    load(FOLDER "variables.index", &index);
    load(FOLDER "variables.data-00000-of-00001", &shard);
    finds("variables.index", &index, VERDICT_SAFE, "");
    assert_true(accounts(&index, &shard));
    buffer_puts(&shard, "more");
    assert_false(accounts(&index, &shard));
}

static void every_flipped_bit_of_an_index_is_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer index = {0};
    load(FOLDER "variables.index", &index);
    for (size_t bit = 0; bit < (index.length - 8) * 8; bit++) {
        struct findings findings;
        index.data[bit / 8] ^= (char)(1u << bit % 8);
        assert_int_not_equal(VERDICT_SAFE,
                             scan_with(&scanner_tf_checkpoint, "variables.index", index.data,
                                       index.length, (struct scan_limits){0}, &findings));
        index.data[bit / 8] ^= (char)(1u << bit % 8);
        findings_clear(&findings);
    }
    survives("variables.index", &index, index.length);
}

static void a_lambda_in_the_metadata_is_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer plain = {0}, lambda = {0};
    load(FOLDER "keras_metadata.pb", &plain);
    load(FOLDER "lambda_metadata.pb", &lambda);
    finds("keras_metadata.pb", &plain, VERDICT_SAFE, "");
    finds("keras_metadata.pb", &lambda, VERDICT_UNSAFE, "keras/lambda");
    lambda.length /= 2;
    finds("keras_metadata.pb", &lambda, VERDICT_UNREADABLE, "tf-metadata/damaged");
}

static void a_fingerprint_is_numbers_and_a_name(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load(FOLDER "fingerprint.pb", &data);
    finds("fingerprint.pb", &data, VERDICT_SAFE, "");
    buffer_append(&data, "\x42\x04more", 6);
    finds("fingerprint.pb", &data, VERDICT_UNKNOWN, "tf-metadata/unknown-field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_accounts_for_its_shard),
        cmocka_unit_test(every_flipped_bit_of_an_index_is_found),
        cmocka_unit_test(a_lambda_in_the_metadata_is_found),
        cmocka_unit_test(a_fingerprint_is_numbers_and_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
