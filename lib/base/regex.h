/*
 * lib/base/regex.h - regular expressions that cost at most the length of the text times that of the
 * expression, whatever both are: they come from bundles, and nothing of them may hang or eat memory.
 *
 * A Thompson simulation (Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968). Of
 * POSIX's extended syntax and Perl's: literals, `.`, classes `[a-z]` and `[^a-z]`, `\d \w \s` and
 * their opposites, groups `( )` and `(?: )`, `|`, `* + ?`, `{m}`, `{m,}`, `{m,n}`, `^` and `$`. No
 * back-references, no look-around, no lazy quantifiers, no names of classes as in `[[:alpha:]]`.
 * What is matched are bytes, but that `.` and a class take a whole character of UTF-8 above ASCII.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H
#include "base/util.h"

#define REGEX_STEPS_MAX 2000 /* of the program that an expression becomes */

struct regex;

/* The caller frees `*regex`. Errors: MLOPS_INVALID with what is wrong and where. */
int regex_compile(const char *text, struct regex **regex, struct mlops_error *err);
void regex_free(struct regex *regex);
DEFINE_CLEANUP(struct regex, regex_free)

/* Is it found anywhere in the text? Without `^` and `$` a part of it is enough. One regex serves
 * one thread. */
bool regex_found(struct regex *regex, const char *text, size_t length);

#endif
