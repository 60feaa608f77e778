/* tests/unit/bundle/test_assignments.c - `key = value` files: what people write. */
#include "test.h"

#include "base/json.h"
#include "bundle/assignments.h"

static char *read_text(const char *text)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    struct buffer out = {0};

    if (assignments_parse(text, strlen(text), "p.cfg", &json, &err))
        fail_msg("%s", err.message);
    assert_int_equal(MLOPS_OK, json_write_canonical(json, &out, &err));
    return buffer_steal(&out);
}

static void becomes(const char *text, const char *json)
{
    _cleanup_(free_string) char *got = read_text(text);

    assert_string_equal(json, got);
}

static void values_have_their_types(void **state)
{
    (void)state;
    becomes("", "{}");
    becomes("depth = 6\nrate=1.5e-3\nfast = true\n", "{\"depth\":6,\"fast\":true,\"rate\":0.0015}");
    becomes("a = 1_000\nb = +7\nc = 0x1f\n", "{\"a\":1000,\"b\":7,\"c\":31}");
    becomes("a = \"6\"\nb = '\\d'\n", "{\"a\":\"6\",\"b\":\"\\\\d\"}");
    becomes("a = \"\\u00e9\\t\\\"\" # why\n", "{\"a\":\"\xc3\xa9\\t\\\"\"}");
    becomes("name = plain text, as it stands ; why\n", "{\"name\":\"plain text, as it stands\"}");
    becomes("since = 2026-05-03\nempty =\n", "{\"empty\":\"\",\"since\":\"2026-05-03\"}");
    becomes("list = [1, 'two', true,]\n", "{\"list\":[1,\"two\",true]}");
    becomes("url = http://x/#y\n", "{\"url\":\"http://x/#y\"}");
}

static void sections_and_dots_are_maps(void **state)
{
    (void)state;
    becomes("a.b = 1\n[model]\ndepth = 6\r\n[model.tree]\nleaves = 31\n; done\n",
            "{\"a\":{\"b\":1},\"model\":{\"depth\":6,\"tree\":{\"leaves\":31}}}");
    becomes("[a]\n[b]\nx = 1\n[a]\ny = 2\n", "{\"a\":{\"y\":2},\"b\":{\"x\":1}}");
}

static void refused(const char *text, const char *message)
{
    struct mlops_error err = {0};
    cJSON *json = NULL;

    assert_int_equal(MLOPS_INVALID, assignments_parse(text, strlen(text), "p.cfg", &json, &err));
    if (!strstr(err.message, message))
        fail_msg("'%s' does not say '%s'", err.message, message);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    (void)state;
    refused("a = 1\na = 2\n", "p.cfg:2: 'a' stands twice");
    refused("a = 1\na.b = 2\n", "p.cfg:2: 'a' is a value");
    refused("a\n", "p.cfg:1: no '='");
    refused("= 1\n", "p.cfg:1: a key is missing");
    refused("\na = \"x\n", "p.cfg:2: a text is not closed");
    refused("a = \"x\" y\n", "p.cfg:1: something stands behind the value");
    refused("a = {b = 1}\n", "p.cfg:1: inline tables");
    refused("a = [1, 2\n", "p.cfg:1: a list is not closed");
    refused("a = [[1]]\n", "p.cfg:1: lists in lists");
    refused("a = [1,,2]\n", "p.cfg:1: a value is missing");
    refused("[[a]]\n", "p.cfg:1: tables of lists");
    refused("[a\n", "p.cfg:1: a section's ]");
    refused("a = \"\"\"x\n", "p.cfg:1: texts over several lines");
    refused("a = \"\\q\"\n", "p.cfg:1: a text has an escape");
    refused("a = \"\\ud800\"\n", "p.cfg:1: an escape is no character");
    refused("a..b = 1\n", "p.cfg:1: a key has an empty part");
    refused("a = \xff\n", "not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_types),
        cmocka_unit_test(sections_and_dots_are_maps),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
