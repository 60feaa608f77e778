/* lib/base/number.c - decimal text to a double: the grammar, and more digits than 64 bits hold. */
#include "base/number.h"
#include "base/decimal.h"
#include "base/endian.h"
#include <math.h>
#include <stdio.h>

#define EXACT_DIGITS 19 /* 64 bits hold any so many */
/* A midpoint between two doubles has 768 at most; what comes behind is more than it, or nothing. */
#define TELLING_DIGITS 769
#define EXPONENT_MAX 1000000000000 /* which no text has the digits to make up for */

static bool parse_infinity(const char *text, size_t length, bool negative, double *value)
{
    static const char *const names[] = {"inf", "infinity"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strlen(names[i]) == length && strncasecmp(text, names[i], length) == 0) {
            *value = negative ? -INFINITY : INFINITY;
            return true;
        }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Eight digits at a time: neighbours to pairs, those to fours, those to the number (Lemire 2021, as
 * in decimal.c, on parsing the string). False where one is no digit. */
static bool read_eight(const char *c, uint64_t *number)
{
    const uint64_t zeros = 0x3030303030303030, pairs = 0x000000ff000000ff;
    uint64_t word = get_u64((const uint8_t *)c);
    if (((word + 0x4646464646464646) | (word - zeros)) & 0x8080808080808080)
        return false;
    word -= zeros;
    word = word * 10 + (word >> 8);
    word =
        (word & pairs) * (100 + (1000000ULL << 32)) + (word >> 16 & pairs) * (1 + (10000ULL << 32));
    *number = *number * 100000000 + (word >> 32);
    return true;
}

/* Digits behind those that `number` has; it wraps where there are too many. */
static const char *read_digits(const char *c, const char *end, uint64_t *number)
{
    for (; c < end && is_digit(*c); c++)
        *number = *number * 10 + (uint64_t)(*c - '0');
    return c;
}

/* The first 19 digits that count, and the power of ten for those alone. Whether more is left. */
static bool cut_digits(const char *c, const char *end, uint64_t *number, long *exponent)
{
    int taken = 0;
    bool more = false;
    *number = 0;
    for (; c < end; c++) {
        if (*c == '.')
            continue;
        if (taken < EXACT_DIGITS) {
            *number = *number * 10 + (uint64_t)(*c - '0');
            taken += *number != 0;
        } else {
            more = more || *c != '0';
            ++*exponent;
        }
    }
    return more;
}

/* By strtod, from digits without a point, which would be the locale's. */
static double parse_slowly(const char *c, const char *end, long exponent)
{
    char copy[TELLING_DIGITS + 32];
    size_t used = 0;
    for (; c < end; c++) {
        if (*c == '.' || (*c == '0' && used == 0))
            continue;
        if (used < TELLING_DIGITS) {
            copy[used++] = *c;
        } else {
            if (*c != '0')
                copy[used - 1] = '1';
            exponent++;
        }
    }
    (void)sprintf(copy + used, "e%ld", exponent);
    return strtod(copy, NULL);
}

bool number_parse(const char *text, size_t length, double *value)
{
    const char *c = text, *end = text + length;
    bool negative = false;
    if (c < end && (*c == '-' || *c == '+'))
        negative = *c++ == '-';
    const char *first = c;
    uint64_t digits = 0;
    c = read_digits(c, end, &digits);
    size_t count = (size_t)(c - first);
    long scale = 0;
    if (c < end && *c == '.') {
        const char *fraction = ++c;
        while (end - c >= 8 && read_eight(c, &digits))
            c += 8;
        c = read_digits(c, end, &digits);
        scale = fraction - c;
        count += (size_t)(c - fraction);
    }
    if (count == 0)
        return parse_infinity(first, (size_t)(end - first), negative, value);
    const char *last = c;
    if (c < end && (*c == 'e' || *c == 'E')) {
        bool down = false;
        long exponent = 0;
        c++;
        if (c < end && (*c == '-' || *c == '+'))
            down = *c++ == '-';
        if (c == end || !is_digit(*c))
            return false;
        for (; c < end && is_digit(*c); c++)
            if (exponent < EXPONENT_MAX)
                exponent = exponent * 10 + (*c - '0');
        scale += down ? -exponent : exponent;
    }
    if (c != end)
        return false;
    long exponent = scale;
    bool more = count > EXACT_DIGITS && cut_digits(first, last, &digits, &exponent);
    double number = decimal_to_double(digits, exponent);
    if (more && number != decimal_to_double(digits + 1, exponent))
        number = parse_slowly(first, last, scale);
    *value = negative ? -number : number;
    return true;
}

bool number_parse_bytes(const char *text, double *bytes)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t digits = strspn(text, "0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    if (!number_parse(text, digits, bytes))
        return false;
    if (!*unit || str_equal(unit, "B"))
        return true;
    for (size_t i = 1; i < ARRAY_LENGTH(units); i++) {
        if ((unit[0] & ~0x20) != units[i][0])
            continue;
        bool binary = unit[1] == 'i';
        const char *rest = unit + 1 + binary;
        *bytes *= pow(binary ? 1024 : 1000, (double)i);
        return str_equal(rest, "B") || (!*rest && !binary) || (!*rest && binary);
    }
    return false;
}
