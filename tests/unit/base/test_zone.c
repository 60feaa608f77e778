/* tests/unit/base/test_zone.c - offsets of time zones, against what `date` of coreutils says. */
#include "test.h"

#include "base/zone.h"
#include <stdio.h>

static int32_t offset(const char *zone, int64_t time_s)
{
    struct mlops_error err = {0};
    int32_t offset_s;
    if (zone_offset(zone, time_s, &offset_s, &err))
        fail_msg("%s", err.message);
    return offset_s;
}

/* TZ=Europe/Berlin date -d @N +%z */
static void known_zones_have_their_offsets(void **state)
{
    (void)state;
    assert_int_equal(0, offset("UTC", 1700000000));
    assert_int_equal(3600, offset("Europe/Berlin", 1700000000));  /* November 2023 */
    assert_int_equal(7200, offset("Europe/Berlin", 1690000000));  /* July 2023 */
    assert_int_equal(3600, offset("Europe/Berlin", 1711846799));  /* 2024-03-31 00:59:59Z */
    assert_int_equal(7200, offset("Europe/Berlin", 1711846800));  /* 01:00:00Z: summer begins */
    assert_int_equal(7200, offset("Europe/Berlin", 1729990799));  /* 2024-10-27 00:59:59Z */
    assert_int_equal(3600, offset("Europe/Berlin", 1729990800));  /* and ends */
    assert_int_equal(-18000, offset("America/New_York", 1700000000));
    assert_int_equal(19800, offset("Asia/Kolkata", 1700000000));
    assert_int_equal(39600, offset("Australia/Sydney", 1700000000)); /* summer there */
    assert_int_equal(36000, offset("Australia/Sydney", 1690000000));
}

static void what_comes_after_the_last_transition_follows_the_rule(void **state)
{
    (void)state;
    assert_int_equal(3600, offset("Europe/Berlin", 4102444800));  /* 2100-01-01 */
    assert_int_equal(7200, offset("Europe/Berlin", 4118083200));  /* 2100-07-01 */
    assert_int_equal(39600, offset("Australia/Sydney", 4102444800));
    assert_int_equal(36000, offset("Australia/Sydney", 4118083200));
}

static void what_is_no_zone_is_refused(void **state)
{
    struct mlops_error err = {0};
    int32_t offset_s;
    (void)state;
    assert_int_equal(MLOPS_INVALID, zone_offset("../../etc/passwd", 0, &offset_s, &err));
    assert_int_equal(MLOPS_INVALID, zone_offset("", 0, &offset_s, &err));
    assert_int_equal(MLOPS_NOT_FOUND, zone_offset("Europe/Berlyn", 0, &offset_s, &err));
    assert_non_null(strstr(err.message, "Europe/Berlyn"));
}

static void every_cut_of_a_file_is_refused_or_read(void **state)
{
    uint8_t bytes[8192];
    struct mlops_error err = {0};
    int32_t offset_s;
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    (void)state;
    assert_non_null(file);
    size_t length = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1); /* so that the sanitizer sees the end */
        memcpy(copy, bytes, cut);
        (void)zone_offset_in(copy, cut, 1700000000, &offset_s, &err);
        (void)zone_offset_in(copy, cut, 4118083200, &offset_s, &err);
        free(copy);
    }
    assert_int_equal(MLOPS_INTEGRITY, zone_offset_in(bytes, 40, 0, &offset_s, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_zones_have_their_offsets),
        cmocka_unit_test(what_comes_after_the_last_transition_follows_the_rule),
        cmocka_unit_test(what_is_no_zone_is_refused),
        cmocka_unit_test(every_cut_of_a_file_is_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
