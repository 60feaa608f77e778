/* lib/base/number.h - decimal text to a double, exactly and in no locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H
#include "base/util.h"

/*
 * Read a decimal number: sign, digits, fraction, exponent; also inf and infinity in any case.
 * Correctly rounded, however many digits it has. False where the text is anything else (NaN is a
 * missing value, not a number).
 */
bool number_parse(const char *text, size_t length, double *value);

/* "512 MB", "2GiB", "1000": powers of 1,000, and of 1,024 with an i; false where it is no such. */
bool number_parse_bytes(const char *text, double *bytes);

#endif
