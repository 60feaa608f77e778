/* tests/unit/environment/test_marker.c - markers as the packaging specification judges them; the
 * expected answers are those of PyPA's packaging 24.2 on Linux with CPython 3.11.7. */
#include "test.h"

#include "environment/marker.h"

static void markers_are_judged_as_packaging_does(void **state)
{
    static const struct {
        const char *marker;
        enum marker_verdict verdict;
    } cases[] = {
        {"python_version < '3.11'", MARKER_NO},
        {"python_version < \"3.12\"", MARKER_YES},
        {"python_version >= '3.9' and python_version < '3.10'", MARKER_NO},
        {"python_full_version >= '3.11.7'", MARKER_YES},
        {"python_full_version == '3.11.*'", MARKER_YES},
        {"python_version == '3.*'", MARKER_YES},
        {"python_version != '3.11.*'", MARKER_NO},
        {"python_version ~= '3.9'", MARKER_YES},
        {"'3.12' > python_version", MARKER_YES},
        {"sys_platform == 'win32'", MARKER_NO},
        {"sys_platform == 'win32' or os_name == 'posix'", MARKER_YES},
        {"(sys_platform == 'win32' or os_name == 'posix') and platform_machine != 'x86_64'",
         MARKER_NO},
        {"platform_python_implementation == 'CPython' and implementation_name == 'cpython'",
         MARKER_YES},
        {"platform_machine in 'x86_64 amd64'", MARKER_YES},
        {"platform_machine not in 'x86_64 amd64'", MARKER_NO},
        {"extra == 'dev'", MARKER_NO},
        {"'dev' in dependency_groups", MARKER_NO},
        {"platform_release > '5'", MARKER_UNKNOWN},
        {"platform_release > '5' and os_name == 'nt'", MARKER_NO},
        {"python_version <", MARKER_UNKNOWN},
        {"(os_name == 'posix'", MARKER_UNKNOWN},
        {"os_name == 'posix' or", MARKER_UNKNOWN},
        {"os_name == 'posix' x", MARKER_UNKNOWN},
        {"", MARKER_UNKNOWN},
    };
    const struct marker_environment environment = {
        .python = "3.11.7", .implementation = "CPython", .machine = "x86_64"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (marker_judge(cases[i].marker, &environment) != cases[i].verdict)
            fail_msg("%s: %d", cases[i].marker, marker_judge(cases[i].marker, &environment));
}

static void deep_markers_are_not_followed_for_ever(void **state)
{
    char text[10001];
    const struct marker_environment environment = {.python = "3.11.7"};
    (void)state;
    memset(text, '(', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(MARKER_UNKNOWN, marker_judge(text, &environment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markers_are_judged_as_packaging_does),
        cmocka_unit_test(deep_markers_are_not_followed_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
