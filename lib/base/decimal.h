/* lib/base/decimal.h - a whole number times a power of ten as the nearest double. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H
#include <stdint.h>

/* digits × 10^exponent, correctly rounded, ties to even; infinity above the largest double. */
double decimal_to_double(uint64_t digits, long exponent);

#endif
