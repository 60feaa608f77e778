/* tests/unit/trial/test_counts.c - test cases counted in JUnit XML and TAP, and hostile ones. */
#include "base/xml.h"
#include "trial/session.h"

#include "trial/counts.h"

static void assert_counts(int (*count)(const char *, size_t, const char *,
                                       struct mlops_test_counts *, struct mlops_error *),
                          const char *text, const char *wanted)
{
    struct mlops_error err = {0};
    struct mlops_test_counts counts;
    char got[2048];
    /* a copy of exactly that length: one byte too far is seen by the sanitizer */
    size_t length = strlen(text);
    char *copy = xmalloc(length + 1);
    memcpy(copy, text, length);
    char *exact = length ? realloc(copy, length) : copy;
    if (count(exact, length, "r", &counts, &err))
        (void)snprintf(got, sizeof(got), "%s", err.message);
    else
        (void)snprintf(got, sizeof(got), "%llu %llu %llu %llu", (unsigned long long)counts.passed,
                       (unsigned long long)counts.failed, (unsigned long long)counts.errors,
                       (unsigned long long)counts.skipped);
    free(exact);
    assert_string_equal(wanted, got);
}

#define JUNIT(text, wanted) assert_counts(counts_of_junit, (text), (wanted))
#define TAP(text, wanted) assert_counts(counts_of_tap, (text), (wanted))

static void junit_cases_are_counted(void **state)
{
    (void)state;
    /* as pytest 8 writes it */
    JUNIT("<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites name=\"pytest tests\"><testsuite "
          "name=\"pytest\" errors=\"1\" failures=\"1\"><testcase classname=\"t\" name=\"a\" "
          "time=\"0.1\"/><testcase name='b'><failure message=\"assert 1 &lt; &#10;0\">def "
          "b(): &amp;</failure></testcase><testcase name=\"c\"><skipped type=\"s\"/></testcase>"
          "<testcase name=\"d\"><error>x</error><system-out><![CDATA[<failure/>]]></system-out>"
          "</testcase></testsuite></testsuites>\n",
          "1 1 1 1");
    JUNIT("\xef\xbb\xbf<testsuite><!-- <testcase/> --></testsuite>", "0 0 0 0");
}

static void xml_that_is_broken_or_dangerous_is_refused(void **state)
{
    (void)state;
    JUNIT("", "r:1: no element");
    JUNIT("\n<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
          "r:2: a DOCTYPE or another declaration, which is refused");
    JUNIT("<a>&b;</a>", "r:1: an entity that is none of the five");
    JUNIT("<a>&#x;</a>", "r:1: not a character's number");
    JUNIT("<a>\n<b></a></b>", "r:2: the end of an element that is not open");
    JUNIT("<a><b/>", "r:1: it ends within an element");
    JUNIT("<a/><b/>", "r:1: a second root element");
    JUNIT("text", "r:1: text outside the root");
    JUNIT("<a b=c/>", "r:1: an attribute without quotes");
    JUNIT("<a b=\"<\"/>", "r:1: '<' in an attribute");
    JUNIT("<a b=\"", "r:1: an attribute without end");
    JUNIT("<a ", "r:1: a name is missing");
    JUNIT("<", "r:1: a name is missing");
    JUNIT("<a>\xff</a>", "r:1: not UTF-8 text");
    struct buffer deep = {0};
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        buffer_puts(&deep, "<a>");
    JUNIT(deep.data, "r:1: elements stand in one another too deep");
    buffer_clear(&deep);
}

static void tap_points_are_counted(void **state)
{
    (void)state;
    TAP("TAP version 13\n1..5\nok 1 - a\nnot ok 2 - b\n  ---\n  not ok\n  ...\nok 3 # SKIP no gpu\n"
        "not ok 4 # TODO later\nok 5 - a \\# b\n# a comment\nokay\n",
        "2 1 0 2");
    TAP("ok\nnot ok\n1..2", "1 1 0 0");
    TAP("1..5\nok 1\n", "1 0 4 0");
    TAP("1..2\nok 1\nBail out! no disk\nok 2\n", "2 0 1 0");
    TAP("hello\n", "r is no TAP: no plan, no test");
    TAP("", "r is no TAP: no plan, no test");
    TAP("1..99999999999999999999\n", "0 0 9999999999 0");
}

/* ---- suites ---------------------------------------------------------------------------------- */

static const struct mlops_suite_result *run(struct session *s, const char *body)
{
    _cleanup_(free_string) char *yaml = xprintf("model: fraud\ntests:\n  only:\n    kind: unit\n%s",
                                                body);
    (void)given_version(s, yaml);
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", NULL, &s->report, &s->err));
    return s->report.suites;
}

static void a_suite_that_failed_says_how_many_tests_did(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run(s, "    report: tap\n    run: echo 1..3; echo ok; echo ok; echo not ok; exit 1\n");
    assert_string_equal("exit status 1: 2 passed, 1 failed", result->message);
    assert_true(result->counts.known);
    result = run(s, "    report: out/j.xml\n    run: |\n"
                    "      mkdir out; echo '<t><testcase/><testcase/></t>' > out/j.xml\n");
    assert_string_equal("", result->message);
    assert_int_equal(2, result->counts.passed);
    result = run(s, "    report: out/j.xml\n    run: |\n"
                    "      mkdir out; echo '<t><testcase/><testcase/></t>' > out/j.xml\n");
    assert_true(result->cached);
    assert_int_equal(2, result->counts.passed);
}

static void a_report_that_contradicts_is_missing_or_leads_elsewhere_fails_the_suite(void **state)
{
    struct session *s = *state;
    given_file(s, "j.xml", "<t/>");
    assert_string_equal("0 passed, 1 failed, though it exits with 0",
                        run(s, "    report: tap\n    run: echo not ok\n")->message);
    assert_string_equal("report", s->report.suites[0].reason);
    /* one that was packaged is not the suite's */
    assert_string_equal("it wrote no file 'j.xml'",
                        run(s, "    report: j.xml\n    run: 'true'\ncode: j.xml\n")->message);
    assert_string_equal("it wrote no file 'j.xml'",
                        run(s, "    report: j.xml\n    run: ln -s /etc/passwd j.xml\n")->message);
    assert_string_equal("j.xml:1: text outside the root",
                        run(s, "    report: j.xml\n    run: echo no > j.xml\n")->message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_cases_are_counted),
        cmocka_unit_test(xml_that_is_broken_or_dangerous_is_refused),
        cmocka_unit_test(tap_points_are_counted),
        session_test(a_suite_that_failed_says_how_many_tests_did),
        session_test(a_report_that_contradicts_is_missing_or_leads_elsewhere_fails_the_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
