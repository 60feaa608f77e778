/* tests/unit/base/test_yaml.c - the subset of YAML, its lines and its refusals. */
#include "test.h"

#include "base/json.h"
#include "base/yaml.h"

static void json_is(const char *text, const char *expected)
{
    struct mlops_error err = {0};
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (yaml_parse(text, strlen(text), "f", &root, &err))
        fail_msg("%s", err.message);
    _cleanup_(json_free) cJSON *json = yaml_to_json(root);
    assert_int_equal(0, json_write_canonical(json, &out, &err));
    assert_string_equal(expected, out.data);
}

static void refuses(const char *text, size_t length, const char *message)
{
    struct mlops_error err = {0};
    struct yaml_node *root = NULL;
    assert_int_equal(MLOPS_INVALID, yaml_parse(text, length, "f", &root, &err));
    if (message)
        assert_string_equal(message, err.message);
}
#define REFUSES(text, message) refuses(text, sizeof(text) - 1, message)

static void plain_scalars_are_typed_by_the_core_schema(void **state)
{
    (void)state;
    json_is("a: 1\nb: -2.5e3\nc: true\nd: ~\ne: 'yes'\nf: \"1\"\ng: yes\nh: 0x1f\ni: .5\nj: 0o17\n"
            "k: 1.2.3\nl: 2026-01-01\nm:\nn: +7\no: .inf\n",
            "{\"a\":1,\"b\":-2500,\"c\":true,\"d\":null,\"e\":\"yes\",\"f\":\"1\",\"g\":\"yes\","
            "\"h\":31,\"i\":0.5,\"j\":15,\"k\":\"1.2.3\",\"l\":\"2026-01-01\",\"m\":null,\"n\":7,"
            "\"o\":\".inf\"}");
}

static void what_no_double_holds_is_no_number(void **state)
{
    static const char text[] = "a: [1e308]\nb: {c: 0xffffffffffffffff}\nd: '1e999'\ne: .inf\n",
                      large[] = "a: 1\nb:\n  - 2\n  - -1e999\n",
                      hexadecimal[] = "a: 0x10000000000000000\n";
    struct mlops_error err = {0};
    _cleanup_(yaml_free_ptr) struct yaml_node *fine = NULL, *root = NULL, *hex = NULL;
    (void)state;
    assert_int_equal(MLOPS_OK, yaml_parse(text, sizeof(text) - 1, "f", &fine, &err));
    assert_null(yaml_too_large(fine));
    assert_int_equal(MLOPS_OK, yaml_parse(large, sizeof(large) - 1, "f", &root, &err));
    assert_non_null(yaml_too_large(root));
    assert_string_equal("-1e999", yaml_too_large(root)->text);
    assert_int_equal(4, yaml_too_large(root)->line);
    assert_int_equal(MLOPS_OK, yaml_parse(hexadecimal, sizeof(hexadecimal) - 1, "f", &hex, &err));
    assert_non_null(yaml_too_large(hex));
    json_is("a: 0x\nb: 0o8\nc: 0x10000000000000000\n",
            "{\"a\":\"0x\",\"b\":\"0o8\",\"c\":\"0x10000000000000000\"}");
}

static void a_mark_of_the_byte_order_is_passed_over(void **state)
{
    (void)state;
    json_is("\xef\xbb\xbf"
            "a: 1\n",
            "{\"a\":1}");
}

static void block_and_flow_collections_nest(void **state)
{
    (void)state;
    json_is(
        "list: [a, {b: c}]\nblock:\n  - x\n  - y: 1\n    z: |\n      two\n      lines\n",
        "{\"block\":[\"x\",{\"y\":1,\"z\":\"two\\nlines\\n\"}],\"list\":[\"a\",{\"b\":\"c\"}]}");
    json_is("", "null");
    json_is("# only a comment\n", "null");
}

static void nodes_know_their_lines(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    const char text[] = "a: 1\n\nb:\n  c: 2\n";
    assert_int_equal(0, yaml_parse(text, sizeof(text) - 1, "f", &root, &err));
    assert_int_equal(3, yaml_get(root, "b")->line);
    assert_int_equal(4, yaml_get(yaml_get(root, "b"), "c")->line);
    assert_null(yaml_get(root, "z"));
}

static void what_the_subset_leaves_out_is_refused_with_its_line(void **state)
{
    (void)state;
    REFUSES("a: 1\nb: 2\na: 3\n", "f:3: the key 'a' stands twice (first in line 1)");
    REFUSES("a: &x 1\n", "f:1: anchors (&name) are not supported");
    REFUSES("a: 1\nb: *x\n", "f:2: aliases (*name) are not supported");
    REFUSES("a: !!int 1\n", "f:1: tags (!name) are not supported");
    REFUSES("a: 1\n<<: {b: 1}\n", "f:2: merge keys (<<) are not supported");
    REFUSES("? [a]\n: 1\n", "f:1: a key must be a plain text");
    REFUSES("a: 1\n---\nb: 2\n", "f:2: a second document begins");
    REFUSES("a: [1\n", NULL);
    REFUSES("a: \"\\0\"\n", "f:1: a text has a NUL byte");
    REFUSES("a\0b: 1", NULL);
    REFUSES("a: \xff\n", NULL);
    REFUSES("\tx: 1", NULL);
}

static void deep_and_endless_nesting_is_refused(void **state)
{
    (void)state;
    char text[400];
    memset(text, '[', sizeof(text));
    refuses(text, sizeof(text), "f:1: nested too deep");
}

static void no_truncation_and_no_flipped_byte_crashes(void **state)
{
    (void)state;
    static const char text[] =
        "model: fraud\ncode: [a, 'b']\ndata:\n  t: {p: \"x\\ty\"}\n- z: |\n x\n";
    for (size_t length = 0; length < sizeof(text); length++)
        for (int byte = 0; byte < 256; byte++) {
            char copy[sizeof(text)];
            struct mlops_error err = {0};
            _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
            memcpy(copy, text, sizeof(text));
            copy[length / 2] = (char)byte;
            (void)yaml_parse(copy, length, "f", &root, &err);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_are_typed_by_the_core_schema),
        cmocka_unit_test(what_no_double_holds_is_no_number),
        cmocka_unit_test(a_mark_of_the_byte_order_is_passed_over),
        cmocka_unit_test(block_and_flow_collections_nest),
        cmocka_unit_test(nodes_know_their_lines),
        cmocka_unit_test(what_the_subset_leaves_out_is_refused_with_its_line),
        cmocka_unit_test(deep_and_endless_nesting_is_refused),
        cmocka_unit_test(no_truncation_and_no_flipped_byte_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
