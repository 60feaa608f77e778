/* lib/base/escape.h - names from outside, fit for a message on a terminal. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H
#include "base/util.h"

/* `text` with control characters, backslashes and all that is not UTF-8 as "\xHH"; at most 200
 * bytes of it, then "…". The caller frees. */
char *escape_name(const char *text);

/* Is it UTF-8 without control characters? */
bool name_is_plain(const char *text);

#endif
