/* tests/unit/trust/test_safetensors.c - the reference's refusals, and damage of every kind. */
#include "test.h"

#include "trust/safetensors.h"
#include <stdio.h>

#define TWO                                                                                        \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"                             \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[8,12]}}"

static enum verdict scan_bytes(const uint8_t *data, size_t size, struct findings *findings)
{
    struct mlops_error err = {0};
    uint8_t *copy = malloc(size ? size : 1); /* so that ASan sees a read past the end */
    _cleanup_(source_close_ptr) struct source *source = NULL;
    memcpy(copy, data, size);
    source = source_of_memory(copy, size);
    assert_int_equal(0, safetensors_scan(source, "m", findings, &err));
    free(copy);
    return findings->verdict;
}

static size_t build(uint8_t *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(out + 8, header, length);
    memset(out + 8 + length, 7, data);
    return 8 + length + data;
}

static void finds(const char *header, size_t data, enum verdict verdict, const char *rule)
{
    uint8_t file[1024];
    struct findings findings = {0};
    size_t size = build(file, header, data);
    assert_int_equal(verdict, scan_bytes(file, size, &findings));
    if (rule) {
        assert_true(findings.count > 0);
        assert_string_equal(rule, findings.items[0].rule->id);
    } else
        assert_int_equal(0, findings.count);
    findings_clear(&findings);
}

static void a_well_made_file_is_safe(void **state)
{
    (void)state;
    finds(TWO, 12, VERDICT_SAFE, NULL);
    finds("{}", 0, VERDICT_SAFE, NULL);
    finds("{\"__metadata__\":{\"format\":\"pt\"}}   ", 0, VERDICT_SAFE, NULL);
    finds("{\"a\":{\"dtype\":\"F4\",\"shape\":[3,2],\"data_offsets\":[0,3]}}", 3, VERDICT_SAFE,
          NULL);
    finds("{\"a\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, VERDICT_SAFE,
          NULL);
}

static void bytes_of_no_tensor_are_found(void **state)
{
    (void)state;
    finds(TWO, 13, VERDICT_UNSAFE, "safetensors/trailing-bytes");
    finds(TWO, 11, VERDICT_UNREADABLE, "safetensors/truncated");
    finds("{}", 1, VERDICT_UNSAFE, "safetensors/trailing-bytes");
    finds("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, VERDICT_UNSAFE,
          "safetensors/gap");
    finds("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
          3, VERDICT_UNSAFE, "safetensors/overlap");
}

static void headers_that_the_reference_refuses_are_refused(void **state)
{
    (void)state;
    finds("", 0, VERDICT_UNREADABLE, "safetensors/header");
    finds(" {}", 0, VERDICT_UNREADABLE, "safetensors/header");
    finds("[]", 0, VERDICT_UNREADABLE, "safetensors/header");
    finds("{\"a\":1,\"a\":1}", 0, VERDICT_UNREADABLE, "safetensors/header");
    finds("{\"__metadata__\":{\"a\":1}}", 0, VERDICT_UNREADABLE, "safetensors/header");
    finds("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, VERDICT_UNREADABLE,
          "safetensors/tensor");
    finds("{\"a\":{\"dtype\":\"X\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, VERDICT_UNREADABLE,
          "safetensors/tensor");
    finds("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[1,0]}}", 1, VERDICT_UNREADABLE,
          "safetensors/tensor");
    /* the product wraps to 0 in 64 bits */
    finds("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
          VERDICT_UNREADABLE, "safetensors/tensor");
    finds("{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,0]}}", 0, VERDICT_UNREADABLE,
          "safetensors/tensor");
    finds("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":0}}", 1,
          VERDICT_UNREADABLE, "safetensors/tensor");
}

static void no_truncation_is_safe_and_no_flipped_bit_crashes(void **state)
{
    uint8_t file[1024];
    size_t size = build(file, TWO, 12);
    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        struct findings findings = {0};
        assert_int_not_equal(VERDICT_SAFE, scan_bytes(file, cut, &findings));
        findings_clear(&findings);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct findings findings = {0};
        file[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        (void)scan_bytes(file, size, &findings); /* that it comes back is all that is asked */
        file[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        findings_clear(&findings);
    }
}

static void a_length_beyond_the_file_is_not_believed(void **state)
{
    uint8_t file[16] = {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'};
    struct findings findings = {0};
    (void)state;
    assert_int_equal(VERDICT_UNREADABLE, scan_bytes(file, 10, &findings));
    assert_string_equal("the header is longer than the file", findings.items[0].message);
    findings_clear(&findings);
    assert_false(safetensors_begins(file, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_well_made_file_is_safe),
        cmocka_unit_test(bytes_of_no_tensor_are_found),
        cmocka_unit_test(headers_that_the_reference_refuses_are_refused),
        cmocka_unit_test(no_truncation_is_safe_and_no_flipped_bit_crashes),
        cmocka_unit_test(a_length_beyond_the_file_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
