/*
 * lib/base/zone.c - TZif files read: the transitions that they list, and the rule behind them for
 * what comes after the last.
 */
#include "base/zone.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include <ctype.h>

#define FILE_MAX (1U << 20)
#define HEADER_SIZE 44
#define DAY_S 86400LL

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static int fail_damaged(struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "the file of the time zone is damaged");
}

/* ---- the rule of the footer: POSIX TZ, "CET-1CEST,M3.5.0,M10.5.0/3" ------------------------- */

/* A name: letters, or anything in <>. */
static bool skip_name(const char **text)
{
    const char *start = *text;
    if (*start == '<') {
        const char *end = strchr(start, '>');
        *text = end ? end + 1 : start;
        return end != NULL;
    }
    while (isalpha((unsigned char)**text))
        (*text)++;
    return *text - start >= 3;
}

static bool read_number(const char **text, int max, int *value)
{
    const char *start = *text;
    for (*value = 0; isdigit((unsigned char)**text) && *text - start < 4; (*text)++)
        *value = *value * 10 + (**text - '0');
    return *text > start && *value <= max;
}

/* [+-]h[:m[:s]], up to a week (RFC 8536 §3.3.1). */
static bool read_hours(const char **text, int64_t *seconds)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes = 0, rest = 0;
    if (**text == '-' || **text == '+')
        (*text)++;
    if (!read_number(text, 167, &hours))
        return false;
    if (**text == ':' && ((*text)++, !read_number(text, 59, &minutes)))
        return false;
    if (**text == ':' && ((*text)++, !read_number(text, 59, &rest)))
        return false;
    *seconds = sign * (hours * 3600LL + minutes * 60LL + rest);
    return true;
}

/* Days since the epoch of a date (proleptic Gregorian; Hinnant's days_from_civil). */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153LL * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t days)
{
    int64_t year = 1970 + days / 366 - (days < 0);
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    while (days_of(year, 1, 1) > days)
        year--;
    return year;
}

/* ",Mm.w.d[/time]": the w-th (5: last) weekday d of month m, in local seconds of `year`. */
static bool read_change(const char **text, int64_t year, int64_t *local_s)
{
    int month, week, weekday;
    int64_t time_s = 7200;
    if (!str_starts(*text, ",M"))
        return false;
    *text += 2;
    if (!read_number(text, 12, &month) || month < 1 || *(*text)++ != '.' ||
        !read_number(text, 5, &week) || week < 1 || *(*text)++ != '.' ||
        !read_number(text, 6, &weekday))
        return false;
    if (**text == '/' && ((*text)++, !read_hours(text, &time_s)))
        return false;
    int64_t first = days_of(year, month, 1);
    int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
    int64_t first_weekday = ((first + 4) % 7 + 7) % 7; /* the epoch was a Thursday */
    int64_t day = first + (weekday - first_weekday + 7) % 7 + (week - 1) * 7LL;
    if (day >= next)
        day -= 7;
    *local_s = day * DAY_S + time_s;
    return true;
}

static int offset_by_rule(const char *rule, int64_t time_s, int32_t *offset_s,
                          struct mlops_error *err)
{
    int64_t standard, summer, begin, end, at, year;
    if (!skip_name(&rule) || !read_hours(&rule, &standard))
        return fail_damaged(err);
    *offset_s = (int32_t)-standard;
    if (*rule == '\0')
        return MLOPS_OK;
    summer = standard - 3600;
    if (!skip_name(&rule) || (*rule != ',' && !read_hours(&rule, &summer)))
        return fail_damaged(err);
    at = time_s - standard;
    year = year_of(at / DAY_S - (at % DAY_S < 0));
    if (!read_change(&rule, year, &begin) || !read_change(&rule, year, &end) || *rule != '\0')
        return fail_damaged(err);
    begin += standard; /* each is in the time that it ends */
    end += summer;
    bool is_summer = begin < end ? time_s >= begin && time_s < end
                                 : time_s >= begin || time_s < end;
    *offset_s = (int32_t)-(is_summer ? summer : standard);
    return MLOPS_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* One block of data (RFC 8536 §3.2), with times of `time_size` bytes. */
struct block {
    uint32_t times, types;
    const uint8_t *data;
    size_t size;
};

static bool read_block(const uint8_t *file, size_t length, size_t time_size, struct block *block)
{
    if (length < HEADER_SIZE || memcmp(file, "TZif", 4) != 0)
        return false;
    uint64_t utc = be32(file + 20), std = be32(file + 24), leaps = be32(file + 28);
    uint64_t times = be32(file + 32), types = be32(file + 36), letters = be32(file + 40);
    uint64_t size = times * (time_size + 1) + types * 6 + letters + leaps * (time_size + 4) + std +
                    utc;
    if (types == 0 || size > length - HEADER_SIZE)
        return false;
    *block = (struct block){(uint32_t)times, (uint32_t)types, file + HEADER_SIZE, (size_t)size};
    return true;
}

static int offset_of_type(const struct block *block, size_t type, int32_t *offset_s,
                          struct mlops_error *err)
{
    if (type >= block->types)
        return fail_damaged(err);
    *offset_s = (int32_t)be32(block->data + (size_t)block->times * 9 + type * 6);
    return *offset_s > -DAY_S && *offset_s < DAY_S ? MLOPS_OK : fail_damaged(err);
}

int zone_offset_in(const uint8_t *file, size_t length, int64_t time_s, int32_t *offset_s,
                   struct mlops_error *err)
{
    struct block first, block;
    if (!read_block(file, length, 4, &first) || file[4] < '2')
        return fail_damaged(err);
    const uint8_t *second = file + HEADER_SIZE + first.size;
    size_t left = length - HEADER_SIZE - first.size;
    if (!read_block(second, left, 8, &block))
        return fail_damaged(err);
    size_t low = 0, high = block.times; /* how many transitions are at or before the time */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (be64(block.data + middle * 8) <= time_s)
            low = middle + 1;
        else
            high = middle;
    }
    const char *footer = (const char *)block.data + block.size;
    size_t room = left - HEADER_SIZE - block.size;
    if (low == block.times && room > 2 && footer[0] == '\n' && footer[1] != '\n') {
        const char *end = memchr(footer + 1, '\n', room - 1);
        if (!end)
            return fail_damaged(err);
        _cleanup_(free_string) char *rule = xstrndup(footer + 1, (size_t)(end - footer - 1));
        return offset_by_rule(rule, time_s, offset_s, err);
    }
    return offset_of_type(&block, low == 0 ? 0 : block.data[(size_t)block.times * 8 + low - 1],
                          offset_s, err);
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= ZONE_NAME_MAX && isalpha((unsigned char)name[0]) &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               length;
}

int zone_offset(const char *name, int64_t time_s, int32_t *offset_s, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer file = {0};
    const char *folder = getenv("TZDIR");
    *offset_s = 0;
    if (str_equal(name, "UTC"))
        return MLOPS_OK;
    if (!is_name(name))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of a time zone", name);
    _cleanup_(free_string) char *path =
        path_join(folder && *folder ? folder : "/usr/share/zoneinfo", name);
    if (file_read(path, FILE_MAX, &file, err)) {
        if (err->code != MLOPS_NOT_FOUND)
            return (int)err->code;
        mlops_fail(err, MLOPS_NOT_FOUND, "this machine knows no time zone '%s'", name);
        return mlops_hint(err, "write one as Europe/Berlin, or install the package tzdata");
    }
    if (zone_offset_in((const uint8_t *)file.data, file.length, time_s, offset_s, err))
        return mlops_wrap(err, "%s", path);
    return MLOPS_OK;
}
