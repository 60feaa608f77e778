/* tests/unit/base/test_regex.c - regular expressions; the answers are those of Python's re.search
 * on the same pairs. */
#include "test.h"

#include "base/regex.h"

static bool found(const char *expression, const char *text)
{
    struct mlops_error err = {0};
    _cleanup_(regex_free_ptr) struct regex *regex = NULL;
    if (regex_compile(expression, &regex, &err))
        fail_msg("%s", err.message);
    return regex_found(regex, text, strlen(text));
}

static void expressions_find_what_they_say(void **state)
{
    static const struct {
        const char *expression, *text;
        bool found;
    } cases[] = {
        {"abc", "xxabcxx", true},
        {"^abc", "xabc", false},
        {"abc$", "abcx", false},
        {"^$", "", true},
        {"", "anything", true},
        {"a|b|cd", "xxcd", true},
        {"^(a|b)*$", "abba", true},
        {"^(a|b)*$", "abca", false},
        {"^a{2,3}$", "a", false},
        {"^a{2,3}$", "aa", true},
        {"^a{2,3}$", "aaa", true},
        {"^a{2,3}$", "aaaa", false},
        {"^a{2,}$", "aaaaaa", true},
        {"^a{2}$", "aaa", false},
        {"^(ab){0}c$", "c", true},
        {"^[A-Z]{2}\\d{4}$", "DE1234", true},
        {"^[A-Z]{2}\\d{4}$", "D12345", false},
        {"^[^@ ]+@[^@ ]+\\.[a-z]+$", "a.b@c.example", true},
        {"^[^@ ]+@[^@ ]+\\.[a-z]+$", "a b@c.example", false},
        {"^\\w+\\s\\W$", "word_1 !", true},
        {"^.$", "\xc3\xa9", true},
        {"^..$", "\xc3\xa9", false},
        {"^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", true},
        {"^[^a]$", "\xe2\x82\xac", true},
        {"^(?:a|(b|c)+)d$", "bcbd", true},
        {"^((a*)*)*b$", "aaab", true},
        {"[]x]", "]", true},
        {"[a-]", "-", true},
        {"a.c", "a\nc", true},
        {"^(|a)b$", "b", true},
        {"\\.", "x", false},
        {"^a?b?c?$", "ac", true},
        {"(^a|b$)", "xb", true},
        {"()+y", "xy", true},
        {"^(){3}$", "", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (found(cases[i].expression, cases[i].text) != cases[i].found)
            fail_msg("'%s' in '%s'", cases[i].expression, cases[i].text);
}

/* Where a matcher that tries one way after the other takes 2^30 steps. */
static void no_expression_takes_long(void **state)
{
    char text[20001];
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(found("^(a|aa)+$b", text));
    assert_false(found("^(a*)*c$", text));
    assert_false(found("(a?){200}a{200}b", text));
}

static void what_is_no_expression_is_refused_with_its_place(void **state)
{
    static const char *const wrong[] = {
        "(",      ")",       "(a",  "a)", "[a",    "*a",    "a**",   "a{2",
        "a{3,2}", "a{2000}", "\\q", "\\", "(?=a)", "[z-a]", "a{,3}", "((a{900}){900})",
        "[[:alpha:]]", "[a[.b.]]"};
    struct mlops_error err = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct regex *regex = NULL;
        if (regex_compile(wrong[i], &regex, &err) != MLOPS_INVALID)
            fail_msg("'%s' is taken", wrong[i]);
        assert_null(regex);
    }
    (void)regex_compile("ab)", &(struct regex *){NULL}, &err);
    assert_string_equal("'ab)' is no regular expression: a ')' without its '(' at character 3",
                        err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_find_what_they_say),
        cmocka_unit_test(no_expression_takes_long),
        cmocka_unit_test(what_is_no_expression_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
