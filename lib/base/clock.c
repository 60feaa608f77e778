/* lib/base/clock.c - now, and times out of text. */
#include "base/clock.h"
#include <errno.h>
#include <time.h>

#define SECOND_NS 1000000000LL
#define NAP_NS 20000000LL

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_boot_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

void clock_sleep_ns(int64_t duration_ns)
{
    struct timespec left = {.tv_sec = duration_ns / SECOND_NS, .tv_nsec = duration_ns % SECOND_NS};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

bool clock_rest(const struct mlops_observer *observer, int64_t duration_ns)
{
    int64_t until_ns = clock_monotonic_ns() + duration_ns;
    for (;;) {
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return false;
        int64_t left_ns = until_ns - clock_monotonic_ns();
        if (left_ns <= 0)
            return true;
        clock_sleep_ns(left_ns < NAP_NS ? left_ns : NAP_NS);
    }
}

/* Days from 1970-01-01 of a proleptic Gregorian date. Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms", days_from_civil. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct cursor {
    const char *at, *end;
};

static bool take_digits(struct cursor *cursor, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, cursor->at++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9')
            return false;
        *value = *value * 10 + (*cursor->at - '0');
    }
    return true;
}

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct cursor *cursor, int64_t *seconds)
{
    int year, month, day;
    if (!take_digits(cursor, 4, &year) || !take(cursor, '-') || !take_digits(cursor, 2, &month) ||
        !take(cursor, '-') || !take_digits(cursor, 2, &day))
        return false;
    /* nanoseconds in 64 bits reach from 1677 to 2262 */
    if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return false;
    *seconds = days_from_civil(year, month, day) * 86400;
    return true;
}

static bool take_time(struct cursor *cursor, int64_t *seconds, int64_t *nanoseconds)
{
    int hour, minute, second = 0;
    if (!take_digits(cursor, 2, &hour) || !take(cursor, ':') || !take_digits(cursor, 2, &minute))
        return false;
    if (take(cursor, ':')) {
        if (!take_digits(cursor, 2, &second))
            return false;
        if (take(cursor, '.')) {
            int64_t unit = SECOND_NS;
            int digits = 0;
            for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
                 cursor->at++, digits++)
                *nanoseconds += (unit /= 10) * (*cursor->at - '0');
            if (digits == 0)
                return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds += hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_zone(struct cursor *cursor, int64_t *seconds)
{
    if (cursor->at == cursor->end || take(cursor, 'Z') || take(cursor, 'z'))
        return true;
    int sign = take(cursor, '+') ? 1 : take(cursor, '-') ? -1 : 0;
    int hour, minute = 0;
    if (sign == 0 || !take_digits(cursor, 2, &hour))
        return false;
    (void)take(cursor, ':'); /* "+0200" is common */
    if (cursor->at < cursor->end && !take_digits(cursor, 2, &minute))
        return false;
    if (hour > 23 || minute > 59)
        return false;
    *seconds -= sign * (hour * 3600 + minute * 60);
    return true;
}

bool clock_parse(const char *text, size_t length, int64_t *time_ns)
{
    struct cursor cursor = {.at = text, .end = text + length};
    int64_t seconds, nanoseconds = 0;
    if (!take_date(&cursor, &seconds))
        return false;
    if (cursor.at < cursor.end) {
        if (!take(&cursor, 'T') && !take(&cursor, 't') && !take(&cursor, ' '))
            return false;
        if (!take_time(&cursor, &seconds, &nanoseconds) || !take_zone(&cursor, &seconds))
            return false;
    }
    if (cursor.at != cursor.end)
        return false;
    *time_ns = seconds * SECOND_NS + nanoseconds;
    return true;
}

int mlops_time_parse(const char *text, int64_t *time_ns, struct mlops_error *err)
{
    if (clock_parse(text, strlen(text), time_ns))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a time", text);
    return mlops_hint(err, "write 2026-05-03, '2026-05-03 09:30' or 2026-05-03T09:30:00Z");
}
