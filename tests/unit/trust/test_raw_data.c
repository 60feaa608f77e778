/* tests/unit/trust/test_raw_data.c - files of numbers, and what other files say of them. */
#include "test.h"

#include "trust/raw_data.h"

static void claim(struct raw_data *raw, const char *from, int depth, const char *name,
                  uint64_t offset, uint64_t length)
{
    struct scan scan = {.raw = raw};
    struct scan_file file = {.scan = &scan, .path = from, .depth = depth};
    raw_data_claim(&file, name, offset, length);
}

static void covers(struct raw_data *raw, const char *path, const char *data, size_t size, bool want)
{
    struct mlops_error err = {0};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    const char *whose;
    bool got = !want;
    assert_int_equal(0, raw_data_covers(raw, path, source, &got, &whose, &err));
    assert_int_equal(want, got);
}

static void tensors_and_zeros_between_them_are_all_of_a_file(void **state)
{
    (void)state;
    static const char data[] = "aaaa\0\0\0\0bbbb\0\0";
    struct raw_data *raw = raw_data_new();
    covers(raw, "m/w", data, 14, false); /* nobody says anything */
    claim(raw, "m/a.onnx", 0, "w", 8, 4);
    covers(raw, "m/w", data, 14, false);
    claim(raw, "m/b.onnx", 0, "w", 0, 4);
    covers(raw, "m/w", data, 14, true);
    covers(raw, "m/w", "aaaa\0x\0\0bbbb\0\0", 14, false);
    covers(raw, "m/w", "aaaa\0\0\0\0bbbb\0x", 14, false);
    covers(raw, "m/w", data, 10, false); /* shorter than is said */
    covers(raw, "w", data, 14, false);   /* of another folder */
    raw_data_free(raw);
}

static void a_claim_to_the_end_takes_all(void **state)
{
    (void)state;
    struct raw_data *raw = raw_data_new();
    claim(raw, "a.onnx", 0, "data/w", 0, UINT64_MAX);
    covers(raw, "data/w", "anything", 8, true);
    raw_data_free(raw);
}

static void names_that_lead_out_and_members_of_containers_say_nothing(void **state)
{
    (void)state;
    struct raw_data *raw = raw_data_new();
    claim(raw, "m/a.onnx", 0, "../w", 0, UINT64_MAX);
    claim(raw, "m/a.zip!a.onnx", 1, "w", 0, UINT64_MAX);
    claim(raw, "m/a.onnx", 0, "/w", 0, UINT64_MAX);
    covers(raw, "w", "anything", 8, false);
    covers(raw, "m/w", "anything", 8, false);
    covers(raw, "/w", "anything", 8, false);
    raw_data_free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_and_zeros_between_them_are_all_of_a_file),
        cmocka_unit_test(a_claim_to_the_end_takes_all),
        cmocka_unit_test(names_that_lead_out_and_members_of_containers_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
