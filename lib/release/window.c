/* lib/release/window.c - when a stage may be changed. */
#include "release/window.h"
#include "base/buffer.h"
#include "base/clock.h"
#include <ctype.h>
#include <stdio.h>

#define MINUTES 1440

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int fail_syntax(const char *text, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INVALID, "'%s' is no window", text);
    return mlops_hint(err, "write one as 'mon-thu 09:00-16:00 Europe/Berlin', with days such as "
                           "mon,wed,fri or daily, and UTC where no zone stands");
}

static bool read_day(const char **text, unsigned *day)
{
    for (*day = 0; *day < ARRAY_LENGTH(day_names); ++*day)
        if (strncmp(*text, day_names[*day], 3) == 0) {
            *text += 3;
            return true;
        }
    return false;
}

/* "mon-thu", "mon,wed-fri", "daily" */
static bool read_days(const char **text, unsigned *days)
{
    unsigned first, last;
    if (str_starts(*text, "daily")) {
        *text += strlen("daily");
        *days = 0x7f;
        return true;
    }
    for (*days = 0;; (*text)++) {
        if (!read_day(text, &first))
            return false;
        last = first;
        if (**text == '-' && ((*text)++, !read_day(text, &last)))
            return false;
        for (unsigned day = first;; day = (day + 1) % 7) {
            *days |= 1U << day;
            if (day == last)
                break;
        }
        if (**text != ',')
            return true;
    }
}

/* "09:30", and "24:00" for the end of the day */
static bool read_time(const char **text, int *minute)
{
    const char *t = *text;
    if (!isdigit((unsigned char)t[0]) || !isdigit((unsigned char)t[1]) || t[2] != ':' ||
        !isdigit((unsigned char)t[3]) || !isdigit((unsigned char)t[4]))
        return false;
    int hours = (t[0] - '0') * 10 + t[1] - '0', minutes = (t[3] - '0') * 10 + t[4] - '0';
    *minute = hours * 60 + minutes;
    *text += 5;
    return minutes < 60 && *minute <= MINUTES;
}

int window_parse(const char *text, struct window *window, struct mlops_error *err)
{
    const char *at = text;
    int32_t offset_s;
    *window = (struct window){0};
    if (!read_days(&at, &window->days) || *at++ != ' ' || !read_time(&at, &window->begin) ||
        *at++ != '-' || !read_time(&at, &window->end) || (*at != ' ' && *at != '\0') ||
        window->begin == MINUTES || window->begin == window->end)
        return fail_syntax(text, err);
    if (*at == ' ')
        at++;
    if (strlen(at) > ZONE_NAME_MAX)
        return fail_syntax(text, err);
    str_copy(window->zone, sizeof(window->zone), *at ? at : "UTC");
    if (zone_offset(window->zone, 0, &offset_s, err)) {
        err->code = MLOPS_INVALID;
        return mlops_wrap(err, "the window '%s'", text);
    }
    return MLOPS_OK;
}

char *window_format(const struct window *window)
{
    struct buffer text = {0};
    if (window->days == 0x7f)
        buffer_puts(&text, "daily");
    for (size_t i = 0; i < ARRAY_LENGTH(day_names) && window->days != 0x7f; i++)
        if (window->days & 1U << i)
            buffer_printf(&text, "%s%s", text.length ? "," : "", day_names[i]);
    buffer_printf(&text, " %02d:%02d-%02d:%02d %s", window->begin / 60, window->begin % 60,
                  window->end / 60, window->end % 60, window->zone);
    return buffer_steal(&text);
}

int window_open(const struct window *window, int64_t time_ns, bool *open, struct mlops_error *err)
{
    int64_t time_s = time_ns / 1000000000 - (time_ns % 1000000000 < 0);
    int32_t offset_s;
    TRY(zone_offset(window->zone, time_s, &offset_s, err));
    int64_t local_s = time_s + offset_s, days = local_s / 86400 - (local_s % 86400 < 0);
    int minute = (int)((local_s - days * 86400) / 60);
    unsigned today = (unsigned)(((days + 3) % 7 + 7) % 7); /* the epoch was a Thursday */
    unsigned yesterday = (today + 6) % 7;
    bool listed = window->days & 1U << today, listed_before = window->days & 1U << yesterday;
    if (window->begin < window->end)
        *open = listed && minute >= window->begin && minute < window->end;
    else
        *open = (listed && minute >= window->begin) || (listed_before && minute < window->end);
    return MLOPS_OK;
}
