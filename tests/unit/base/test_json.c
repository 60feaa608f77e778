/* tests/unit/base/test_json.c - strict reading and canonical writing. */
#include "test.h"

#include "base/json.h"
#include "base/json_member.h"
#include <math.h>

static int parse(const char *text, size_t length, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    return json_parse(text, length, "text", &json, err);
}

static void refuses(const char *text, const char *message)
{
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_INVALID, parse(text, strlen(text), &err));
    assert_string_equal(message, err.message);
}

static void canonical_is(const char *text, const char *expected)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    _cleanup_(buffer_clear) struct buffer out = {0};
    if (json_parse(text, strlen(text), "text", &json, &err))
        fail_msg("%s", err.message);
    assert_int_equal(0, json_write_canonical(json, &out, &err));
    assert_string_equal(expected, out.data);
}

/* RFC 8785 §3.2.2 and §3.2.4: the sample input and its canonical form. */
static void the_sample_of_the_rfc_comes_out_as_there(void **state)
{
    (void)state;
    canonical_is("{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, "
                 "0.000000000000000000000000001],"
                 "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
                 "\"literals\": [null, true, false]}",
                 "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,"
                 "1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* RFC 8785 §3.2.3: the order of the sorted keys. */
static void keys_are_sorted_by_utf16_code_units(void **state)
{
    (void)state;
    canonical_is("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
                 "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
                 "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
                 "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
                 "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                 "\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\","
                 "\"😀\":\"Emoji: Grinning Face\","
                 "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

/* RFC 8785 appendix B. */
static void numbers_are_written_as_ecmascript_does(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } samples[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        double value;
        _cleanup_(buffer_clear) struct buffer out = {0};
        memcpy(&value, &samples[i].bits, sizeof(value));
        json_write_number(value, &out);
        assert_string_equal(samples[i].text, out.data);
    }
}

static void what_is_not_json_is_refused_with_its_offset(void **state)
{
    (void)state;
    refuses("", "text: byte 0: a value was expected");
    refuses("{\"a\":1,}", "text: byte 7: a key in quotes was expected");
    refuses("[1 2]", "text: byte 3: ',' or ']' was expected");
    refuses("01", "text: byte 1: a number begins with 0");
    refuses("[1.]", "text: byte 3: a digit was expected after '.'");
    refuses("+1", "text: byte 0: a value was expected");
    refuses("NaN", "text: byte 0: a value was expected");
    refuses("\"a", "text: byte 2: a string is not closed");
    refuses("\"\t\"", "text: byte 1: a control character in a string");
    refuses("\"\\x\"", "text: byte 2: an unknown escape");
    refuses("\"\\u0000\"", "text: byte 7: the character U+0000 is not allowed");
    refuses("\"\\ud800\"", "text: byte 7: a lone surrogate");
    refuses("\"\\udc00\"", "text: byte 7: a lone surrogate");
    refuses("\"\xff\"", "text: byte 0: not UTF-8");
    refuses("{} {}", "text: byte 3: something follows the end");
    refuses("{\"a\":1,\"b\":2,\"\\u0061\":3}", "text: the key 'a' stands twice");
    refuses("[{\"x\":{\"k\":1,\"k\":1}}]", "text: the key 'k' stands twice");
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[200];
    struct mlops_error err = {0};
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(MLOPS_INVALID, parse(text, 130, &err));
    assert_int_equal(MLOPS_OK, parse(text + 1, 128, &err));
}

static void no_truncation_and_no_flipped_byte_crashes(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,-2.5e+3,\"\\ud83d\\ude00\\n\"],\"b\":{\"c\":null}}";
    struct mlops_error err = {0};
    for (size_t length = 0; length < sizeof(text) - 1; length++)
        assert_int_equal(MLOPS_INVALID, parse(text, length, &err));
    for (size_t at = 0; at < sizeof(text) - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            char copy[sizeof(text)];
            memcpy(copy, text, sizeof(text));
            copy[at] = (char)byte;
            (void)parse(copy, sizeof(text) - 1, &err);
        }
}

static void numbers_that_json_lacks_are_not_written(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    _cleanup_(json_free) cJSON *json = cJSON_CreateNumber(INFINITY);
    assert_int_equal(MLOPS_INVALID, json_write_canonical(json, &out, &err));
}

static void many_members_are_found_in_any_order_of_the_keys(void **state)
{
    static const char *const keys[] = {"a", "c", "d", "f"};
    static const char *const texts[] = {
        "{\"a\":1,\"b\":2,\"d\":3,\"e\":4}", /* canonical */
        "{\"e\":4,\"d\":3,\"b\":2,\"a\":1}",
        "{\"b\":2,\"a\":1,\"e\":4,\"d\":3}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct mlops_error err = {0};
        const cJSON *members[ARRAY_LENGTH(keys)];
        _cleanup_(json_free) cJSON *json = NULL;
        assert_int_equal(MLOPS_OK, json_parse(texts[i], strlen(texts[i]), "it", &json, &err));
        json_members(json, keys, ARRAY_LENGTH(keys), members);
        assert_int_equal(1, json_u64_of(members[0], 0));
        assert_null(members[1]);
        assert_int_equal(3, json_u64_of(members[2], 0));
        assert_null(members[3]);
    }
}

static void only_members_with_a_text_are_added_and_copied(void **state)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    (void)state;
    json_add_text(json, "none", NULL);
    json_add_text(json, "empty", "");
    json_add_known(json, "unknown", NULL);
    json_add_known(json, "unknown", "");
    json_add_known(json, "known", "x");
    json_append_text(json_add_array(json, "list"), "y");
    _cleanup_(free_string) char *text = cJSON_PrintUnformatted(json);
    assert_string_equal("{\"empty\":\"\",\"known\":\"x\",\"list\":[\"y\"]}", text);

    _cleanup_(free_string) char *known = json_copy_text(json, "known");
    assert_string_equal("x", known);
    assert_null(json_copy_text(json, "none"));
    assert_null(json_copy_text(json, "list"));
}

static void texts_of_an_array_are_copied_all_or_none(void **state)
{
    static const char text[] = "{\"texts\":[\"x\",\"y\"],\"mixed\":[\"x\",1],\"none\":null}";
    _cleanup_(json_free) cJSON *json = NULL;
    _cleanup_(free_strings) char **texts = NULL;
    struct mlops_error err = {0};
    char **others = NULL;
    (void)state;
    assert_int_equal(MLOPS_OK, json_parse(text, strlen(text), "it", &json, &err));
    assert_true(json_copy_texts(json, "texts", &texts));
    assert_string_equal("x", texts[0]);
    assert_string_equal("y", texts[1]);
    assert_null(texts[2]);
    assert_true(json_copy_texts(json, "missing", &others));
    assert_null(others);
    assert_false(json_copy_texts(json, "mixed", &others));
    assert_null(others);
    assert_false(json_copy_texts(json, "none", &others));

    cJSON *array = json_add_array(json, "once");
    json_append_once(array, "x");
    json_append_once(array, "y");
    json_append_once(array, "x");
    assert_int_equal(2, cJSON_GetArraySize(array));
    assert_true(json_has_text(array, "y"));
    assert_false(json_has_text(array, "z"));
}

static struct json_span found(const char *text, const char *key)
{
    struct json_span value;
    if (!json_find_members(text, strlen(text), &key, 1, &value))
        return (struct json_span){"none", 4};
    return value;
}

static void assert_found(const char *text, const char *key, const char *expected)
{
    struct json_span span = found(text, key);
    assert_non_null(span.text);
    assert_int_equal(strlen(expected), span.length);
    assert_memory_equal(expected, span.text, span.length);
}

static void members_are_found_in_the_text(void **state)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"]}\"},\"\\\"\"],\"b\":\"x\\\\\",\"c\\\"\":0, "
                               "\"d\" : {\"a\":7} ,\"e\":\"\"}";
    (void)state;
    assert_found(text, "a", "[1,{\"b\":\"]}\"},\"\\\"\"]");
    assert_found(text, "b", "\"x\\\\\"");
    assert_found(text, "c\\\"", "0");
    assert_found(text, "d", "{\"a\":7} ");
    assert_found(text, "e", "\"\"");
    assert_null(found(text, "f").text);
    assert_null(found("{}", "a").text);
    assert_found("[]", "a", "none");
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        static const char *const key = "none";
        struct json_span value;
        char *part = malloc(cut + 1); /* so that a look behind the end is seen */
        memcpy(part, text, cut);
        assert_false(json_find_members(part, cut, &key, 1, &value));
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_in_the_text),
        cmocka_unit_test(many_members_are_found_in_any_order_of_the_keys),
        cmocka_unit_test(the_sample_of_the_rfc_comes_out_as_there),
        cmocka_unit_test(keys_are_sorted_by_utf16_code_units),
        cmocka_unit_test(numbers_are_written_as_ecmascript_does),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_offset),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(no_truncation_and_no_flipped_byte_crashes),
        cmocka_unit_test(numbers_that_json_lacks_are_not_written),
        cmocka_unit_test(only_members_with_a_text_are_added_and_copied),
        cmocka_unit_test(texts_of_an_array_are_copied_all_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
