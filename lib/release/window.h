/*
 * lib/release/window.h - change windows: on which days and between which hours of which zone a
 * stage may be changed. "mon-thu 09:00-16:00 Europe/Berlin", "sat,sun 22:00-04:00", "daily
 * 06:00-07:30 UTC".
 */
#ifndef RELEASE_WINDOW_H
#define RELEASE_WINDOW_H
#include "base/util.h"
#include "base/zone.h"

struct window {
    unsigned days;      /* bit 0: Monday */
    int begin, end;     /* minutes of the day; where `end` is not after `begin`, of the next day */
    char zone[ZONE_NAME_MAX + 1];
};

/* Errors: MLOPS_INVALID what was expected where, or a zone that this machine does not know. */
int window_parse(const char *text, struct window *window, struct mlops_error *err);
/* The one way to write it; the caller frees. */
char *window_format(const struct window *window);
/* Is it open at `time_ns`? The minute of `end` is outside. */
int window_open(const struct window *window, int64_t time_ns, bool *open, struct mlops_error *err);

#endif
