/* lib/base/clock.h - times: now, and as text. Formatting for people is in mlops/text.h. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include "base/util.h"
#include <mlops/observer.h>
#include <mlops/text.h>

int64_t clock_now_ns(void);       /* since the epoch, UTC */
int64_t clock_monotonic_ns(void); /* for durations */
int64_t clock_boot_ns(void);      /* likewise, and it goes on while the machine sleeps */
/* RFC 3339 and "YYYY-MM-DD[ T]HH:MM[:SS[.fff]]" (read as UTC where no zone stands) and plain
 * dates to nanoseconds since the epoch; false where it is none of these. */
bool clock_parse(const char *text, size_t length, int64_t *time_ns);
void clock_sleep_ns(int64_t duration_ns);
/* As that, unless `observer` (NULL: nobody) says stop meanwhile: then false, within 20 ms. */
bool clock_rest(const struct mlops_observer *observer, int64_t duration_ns);

#endif
