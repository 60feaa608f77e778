/*
 * lib/base/decimal.c - digits and a power of ten as the nearest double, by one product of 192 bits
 * with a table of powers of five that is made once.
 *
 * The algorithm of Eisel and Lemire: D. Lemire, "Number Parsing at a Gigabyte per Second",
 * Software: Practice and Experience 51(8), 2021; N. Mushtak and D. Lemire, "Fast Number Parsing
 * Without Fallback", Software: Practice and Experience, 2023.
 */
#include "base/decimal.h"
#include "base/util.h"
#include <math.h>
#include <pthread.h>

#define LEAST -342   /* 2^64 - 1 times 10^-343 is less than half of the least double */
#define GREATEST 308 /* 10^309 is more than any */
#define WORDS 32     /* 5^308 and 5^-342 take 716 and 795 bits besides those that are kept */

__extension__ typedef unsigned __int128 u128;

static u128 powers[GREATEST - LEAST + 1]; /* of five, the first 128 bits of each */
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

static u128 leading_bits(const uint32_t words[WORDS])
{
    size_t top = WORDS - 1;
    while (words[top] == 0)
        top--;
    int zeros = __builtin_clz(words[top]);
    u128 bits = 0;
    for (size_t i = 0; i < 4; i++)
        bits = bits << 32 | words[top - i];
    return bits << zeros | ((uint64_t)words[top - 4] << zeros) >> 32;
}

/* Exact, and then cut, but for 5^-27 to 5^-1, which are rounded up: so the product with digits that
 * they divide is the quotient, and what tells ties holds below 1 too (Lemire, appendix B). */
static void make_powers(void)
{
    uint32_t words[WORDS] = {[4] = 1}; /* 2^128: leading_bits takes from below it */
    for (int exponent = 0; exponent <= GREATEST; exponent++) {
        powers[exponent - LEAST] = leading_bits(words);
        uint64_t carry = 0;
        for (size_t i = 0; i < WORDS; i++) {
            carry += (uint64_t)words[i] * 5;
            words[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    memset(words, 0, sizeof(words));
    words[WORDS - 1] = 1; /* cut after each division it is what one by the power would leave */
    for (int exponent = -1; exponent >= LEAST; exponent--) {
        uint64_t rest = 0;
        for (size_t i = WORDS; i-- > 0;) {
            rest = rest << 32 | words[i];
            words[i] = (uint32_t)(rest / 5);
            rest %= 5;
        }
        powers[exponent - LEAST] = leading_bits(words) + (exponent >= -27);
    }
}

double decimal_to_double(uint64_t digits, long exponent)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    /* Exact: an integer below 2^53 times or over a power of ten that a double holds (Clinger 1990,
     * "How to read floating point numbers accurately", the fast path). */
    if (digits <= 1ULL << 53 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)digits / tens[-exponent] : (double)digits * tens[exponent];
    if (digits == 0 || exponent < LEAST)
        return 0;
    if (exponent > GREATEST)
        return INFINITY;
    (void)pthread_once(&powers_once, make_powers); /* it has no way to fail */
    u128 power = powers[exponent - LEAST];
    int zeros = __builtin_clzll(digits);
    uint64_t normal = digits << zeros;
    /* The first 128 of 192 bits. What the power was cut by could carry into the upper 55 only if
     * all below were set, which no 64 bits do with any of these powers (Mushtak and Lemire). */
    u128 product = (u128)normal * (uint64_t)(power >> 64) + ((u128)normal * (uint64_t)power >> 64);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int leading = (int)(high >> 63), shift = leading + 9;
    uint64_t mantissa = high >> shift; /* 54 bits, the last for rounding */
    /* 217706 / 2^16 is log2(10), near enough for the floor at each of these exponents. */
    int biased = (int)((217706 * exponent) >> 16) + 63 + leading - zeros + 1023;
    if (biased < 1) { /* subnormal, which no tie is: 5^-exponent would have to divide the digits */
        mantissa = biased > -54 ? mantissa >> (1 - biased) : 0;
        biased = 1;
    } else if (low == 0 && mantissa << shift == high && (mantissa & 3) == 1 && exponent >= -4 &&
               exponent <= 23) { /* a tie, which no others have, and it is even */
        mantissa--;
    }
    uint64_t bits = ((uint64_t)(biased - 1) << 52) + ((mantissa + 1) >> 1);
    if (bits >= 0x7ffULL << 52)
        return INFINITY;
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}
