/* tests/unit/release/test_window.c - when a stage may be changed. */
#include "test.h"

#include "base/clock.h"
#include "release/window.h"

static bool is_open(const char *text, const char *at)
{
    struct mlops_error err = {0};
    struct window window;
    int64_t time_ns;
    bool open = false;
    assert_true(clock_parse(at, strlen(at), &time_ns));
    if (window_parse(text, &window, &err) || window_open(&window, time_ns, &open, &err))
        fail_msg("%s", err.message);
    return open;
}

/* 2026-11-26 was a Thursday; Berlin is an hour ahead of UTC then, and two in July. */
static void a_window_is_open_on_its_days_between_its_hours(void **state)
{
    (void)state;
    assert_true(is_open("mon-thu 09:00-16:00 Europe/Berlin", "2026-11-26T08:00:00Z"));
    assert_false(is_open("mon-thu 09:00-16:00 Europe/Berlin", "2026-11-26T07:59:59Z"));
    assert_true(is_open("mon-thu 09:00-16:00 Europe/Berlin", "2026-11-26T14:59:59Z"));
    assert_false(is_open("mon-thu 09:00-16:00 Europe/Berlin", "2026-11-26T15:00:00Z"));
    assert_false(is_open("mon-thu 09:00-16:00 Europe/Berlin", "2026-11-27T10:00:00Z"));
    assert_true(is_open("thu 09:00-16:00 Europe/Berlin", "2026-07-02T07:00:00Z"));
    assert_false(is_open("thu 09:00-16:00 UTC", "2026-07-02T07:00:00Z"));
    assert_true(is_open("daily 00:00-24:00", "2026-07-02T23:59:59Z"));
    assert_true(is_open("sat-mon 10:00-11:00", "2026-11-29T10:30:00Z")); /* over the week's end */
}

static void a_window_over_midnight_belongs_to_the_day_it_begins_on(void **state)
{
    (void)state;
    assert_true(is_open("sat 22:00-04:00 UTC", "2026-11-28T23:00:00Z"));
    assert_true(is_open("sat 22:00-04:00 UTC", "2026-11-29T03:59:00Z"));
    assert_false(is_open("sat 22:00-04:00 UTC", "2026-11-29T04:00:00Z"));
    assert_false(is_open("sat 22:00-04:00 UTC", "2026-11-28T03:00:00Z"));
}

static void every_window_is_written_in_one_way(void **state)
{
    struct mlops_error err = {0};
    struct window window;
    (void)state;
    assert_int_equal(0, window_parse("mon-sun 09:00-16:00", &window, &err));
    char *text = window_format(&window);
    assert_string_equal("daily 09:00-16:00 UTC", text);
    free(text);
    assert_int_equal(0, window_parse("wed,mon-tue 09:05-24:00 Europe/Paris", &window, &err));
    text = window_format(&window);
    assert_string_equal("mon,tue,wed 09:05-24:00 Europe/Paris", text);
    free(text);
}

static void what_is_no_window_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "mon",          "mon 9:00-10:00", "mon 09:00",          "mon 09:60-10:00",
        "mon 24:01-", "mon 24:00-01:00", "mon 10:00-10:00", "mons 09:00-10:00", "mon 09:00-10:00Z",
        "mon- 09:00-10:00", "mon, 09:00-10:00", "mon 09:00-10:00 Europe/Nowhere",
        "mon 09:00-10:00 ../../etc/passwd"};
    struct mlops_error err = {0};
    struct window window;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        if (window_parse(wrong[i], &window, &err) != MLOPS_INVALID)
            fail_msg("'%s' was taken", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_open_on_its_days_between_its_hours),
        cmocka_unit_test(a_window_over_midnight_belongs_to_the_day_it_begins_on),
        cmocka_unit_test(every_window_is_written_in_one_way),
        cmocka_unit_test(what_is_no_window_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
