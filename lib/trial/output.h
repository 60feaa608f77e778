/* lib/trial/output.h - what programs and files say, made fit to be kept and shown: UTF-8 text. */
#ifndef TRIAL_OUTPUT_H
#define TRIAL_OUTPUT_H
#include "base/util.h"

/* `text` as valid UTF-8 without NULs: what is not becomes U+FFFD. The caller frees. */
char *output_clean(const char *text, size_t length);

/* The last `max` bytes or fewer, beginning with a whole line where there is one. The caller
 * frees. */
char *output_tail(const char *text, size_t length, size_t max);

#endif
