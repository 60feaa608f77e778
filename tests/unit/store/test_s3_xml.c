/* tests/unit/store/test_s3_xml.c - answers of S3, whole, strange and cut. */
#include "test.h"

#include "store/s3_xml.h"

/* As the S3 API Reference shows ListObjectsV2. */
static const char list[] =
    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Name>b</Name><Prefix/><IsTruncated>false</IsTruncated>"
    "<Contents><Key>a&amp;b&lt;&#x41;&#233;&gt;</Key><Size>1</Size></Contents>"
    "<Contents xmlns=\"x\"><Key>second</Key><Size>22</Size></Contents></ListBucketResult>";

static void elements_come_one_after_another(void **state)
{
    const char *inner;
    size_t at = 0, length;
    static const char *const keys[] = {"a&b<A\xC3\xA9>", "second"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(xml_next(list, strlen(list), "Contents", &at, &inner, &length));
        _cleanup_(free_string) char *key = xml_text(inner, length, "Key");
        assert_string_equal(keys[i], key);
    }
    assert_false(xml_next(list, strlen(list), "Contents", &at, &inner, &length));
}

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    assert_null(xml_text(list, strlen(list), "NextContinuationToken"));
    assert_null(xml_text(list, strlen(list), "Prefix")); /* empty, and no pair of tags */
    assert_null(xml_text(list, strlen(list), "Nam"));
    assert_null(xml_text(NULL, 0, "Name"));
    _cleanup_(free_string) char *empty = xml_text("<a></a>", 7, "a");
    assert_string_equal("", empty);
}

static void strange_entities_are_left_out(void **state)
{
    static const char text[] = "<a>x&nope;&#0;&#xD800;&#x110000;&#;&;y&open</a>";
    (void)state;
    _cleanup_(free_string) char *value = xml_text(text, strlen(text), "a");
    assert_string_equal("xy&open", value);
}

static void a_text_cut_anywhere_is_read_within_its_bounds(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(list); length++) {
        char *copy = xmalloc(length); /* so that the sanitizer sees its end */
        const char *inner;
        size_t at = 0, inner_length;
        memcpy(copy, list, length);
        while (xml_next(copy, length, "Contents", &at, &inner, &inner_length))
            free(xml_text(inner, inner_length, "Key"));
        free(xml_text(copy, length, "IsTruncated"));
        free(copy);
    }
}

static void what_is_escaped_comes_back(void **state)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    (void)state;
    buffer_puts(&text, "<a>");
    xml_escape("\"x\" & <y>", &text);
    buffer_puts(&text, "</a>");
    _cleanup_(free_string) char *value = xml_text(text.data, text.length, "a");
    assert_string_equal("\"x\" & <y>", value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_one_after_another),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(strange_entities_are_left_out),
        cmocka_unit_test(a_text_cut_anywhere_is_read_within_its_bounds),
        cmocka_unit_test(what_is_escaped_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
