/* lib/stats/pattern.h - what texts look like: "A-1234" and "B-77" are both "A-9". */
#ifndef STATS_PATTERN_H
#define STATS_PATTERN_H
#include "base/util.h"

#define PATTERN_MAX 24 /* bytes */

/*
 * The pattern of a text: every run of digits becomes '9', of capital letters 'A', of small ones
 * 'a', of a capital and small ones 'Aa', of bytes of other alphabets 'u', of white space ' ';
 * anything else stands for itself, a run of it once. Cut after PATTERN_MAX bytes, with '~' at the
 * end. Returns its length; zeros are written behind it.
 */
size_t pattern_of(const char *text, size_t length, char pattern[PATTERN_MAX]);

#endif
