/* tests/unit/bundle/test_values.c - parameter and metric files. */
#include "fixture.h"

#include "base/json.h"
#include "bundle/values.h"

static int read_values(struct fixture *f, const char *path, enum values_kind kind, char **text)
{
    _cleanup_(json_free) cJSON *json = NULL;
    struct buffer out = {0};
    TRY(values_read(f->project, path, kind, &json, &f->err));
    TRY(json_write_canonical(json, &out, &f->err));
    *text = buffer_steal(&out);
    return MLOPS_OK;
}

static void assert_read(struct fixture *f, const char *path, const char *content,
                        enum values_kind kind, const char *expected)
{
    char *text = NULL;
    given_file(f, path, content);
    assert_ok(f, read_values(f, path, kind, &text));
    assert_string_equal(expected, text);
    free(text);
}

static void assert_refused(struct fixture *f, const char *path, const char *content,
                           enum values_kind kind, const char *message)
{
    char *text = NULL;
    given_file(f, path, content);
    assert_fails(f, MLOPS_INVALID, read_values(f, path, kind, &text));
    assert_message(f, message);
}

static void yaml_and_json_give_the_same_values(void **state)
{
    struct fixture *f = *state;
    const char *expected = "{\"a\":1,\"b\":{\"c\":[true,null,\"x\",0.25]}}";
    assert_read(f, "p.yaml", "a: 1\nb:\n  c: [true, null, x, 0.25]\n", VALUES_ANY, expected);
    assert_read(f, "p.json", "{\"b\": {\"c\": [true, null, \"x\", 0.25]}, \"a\": 1}", VALUES_ANY,
                expected);
    assert_read(f, "p.txt", "a: '1'\n", VALUES_ANY, "{\"a\":\"1\"}"); /* quoted, so a text */
    assert_read(f, "empty.yaml", "", VALUES_ANY, "{}");
}

static void metrics_are_numbers_however_nested(void **state)
{
    struct fixture *f = *state;
    assert_read(f, "m.json", "{\"auc\": 0.5, \"by\": {\"x\": [1, 2]}, \"r2\": null}",
                VALUES_NUMBERS, "{\"auc\":0.5,\"by\":{\"x\":[1,2]},\"r2\":null}");
    assert_refused(f, "m.json", "{\"auc\": 0.5, \"note\": \"good\"}", VALUES_NUMBERS,
                   "m.json: 'note' is not a number");
    assert_refused(f, "m.yaml", "by:\n  x: [1, two]\n", VALUES_NUMBERS,
                   "m.yaml: 'x' is not a number");
    assert_refused(f, "m.yaml", "auc: .nan\n", VALUES_NUMBERS, "m.yaml: 'auc' is not a number");
    assert_refused(f, "m.json", "{\"ok\": true}", VALUES_NUMBERS, "m.json: 'ok' is not a number");
}

static void what_is_no_map_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "a.json", "[1]", VALUES_ANY, "a.json must be a map of keys");
    assert_refused(f, "a.yaml", "- 1\n", VALUES_ANY, "a.yaml must be a map of keys");
    assert_refused(f, "a.yaml", "just text\n", VALUES_ANY, "a.yaml must be a map of keys");
}

static void what_cannot_be_read_says_where(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    given_file(f, "a.json", "{\"a\": NaN}");
    assert_fails(f, MLOPS_INVALID, read_values(f, "a.json", VALUES_ANY, &text));
    assert_says(f, "a.json: byte 6: ");
    given_file(f, "a.yaml", "a: 1\na: 2\n");
    assert_fails(f, MLOPS_INVALID, read_values(f, "a.yaml", VALUES_ANY, &text));
    assert_message(f, "a.yaml:2: the key 'a' stands twice (first in line 1)");
    assert_fails(f, MLOPS_NOT_FOUND, read_values(f, "none.yaml", VALUES_ANY, &text));
}

static void numbers_and_depth_have_limits(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    given_file(f, "big.json", "{\"a\": {\"b\": 1e999}}");
    assert_fails(f, MLOPS_INVALID, read_values(f, "big.json", VALUES_ANY, &text));
    struct buffer deep = {0};
    for (int i = 0; i < 40; i++)
        buffer_puts(&deep, "{\"a\":");
    buffer_puts(&deep, "1");
    for (int i = 0; i < 40; i++)
        buffer_puts(&deep, "}");
    assert_refused(f, "deep.json", deep.data, VALUES_ANY, "deep.json is nested deeper than 32");
    buffer_clear(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(yaml_and_json_give_the_same_values),
        bundle_test(metrics_are_numbers_however_nested),
        bundle_test(what_is_no_map_is_refused),
        bundle_test(what_cannot_be_read_says_where),
        bundle_test(numbers_and_depth_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
