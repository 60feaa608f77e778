/* lib/base/number.c - decimal text to a double: a fast exact path, strtod for the rest. */
#include "base/number.h"
#include <locale.h>
#include <math.h>

#define TEXT_MAX 400

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

/* The grammar is checked already, so strtod stops at the end; its decimal point is the locale's. */
static double parse_slowly(const char *text, size_t length)
{
    char copy[TEXT_MAX + 1];
    const char *point = localeconv()->decimal_point;
    size_t used = 0;
    for (size_t i = 0; i < length && used < TEXT_MAX; i++)
        copy[used++] = text[i] == '.' && point[1] == '\0' ? point[0] : text[i];
    copy[used] = '\0';
    return strtod(copy, NULL);
}

bool number_parse(const char *text, size_t length, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *c = text, *end = text + length;
    bool negative = false;
    if (c < end && (*c == '-' || *c == '+'))
        negative = *c++ == '-';
    uint64_t digits = 0;
    int significant = 0, any = 0;
    long scale = 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++, any++) {
        if (significant < 19)
            digits = digits * 10 + (uint64_t)(*c - '0');
        significant += digits != 0;
    }
    if (c < end && *c == '.') {
        for (c++; c < end && *c >= '0' && *c <= '9'; c++, any++) {
            if (significant < 19) {
                digits = digits * 10 + (uint64_t)(*c - '0');
                scale--;
            }
            significant += digits != 0;
        }
    }
    if (any == 0)
        return parse_infinity(c, (size_t)(end - c), negative, value);
    if (c < end && (*c == 'e' || *c == 'E')) {
        bool down = false;
        long exponent = 0;
        c++;
        if (c < end && (*c == '-' || *c == '+'))
            down = *c++ == '-';
        if (c == end || *c < '0' || *c > '9')
            return false;
        for (; c < end && *c >= '0' && *c <= '9'; c++)
            if (exponent < 100000)
                exponent = exponent * 10 + (*c - '0');
        scale += down ? -exponent : exponent;
    }
    if (c != end)
        return false;
    /* Exact: an integer below 2^53 times or over a power of ten that a double holds (Clinger 1990,
     * "How to read floating point numbers accurately", the fast path). */
    if (significant <= 19 && digits <= 1ULL << 53 && scale >= -22 && scale <= 22) {
        double number = (double)digits;
        number = scale < 0 ? number / powers[-scale] : number * powers[scale];
        *value = negative ? -number : number;
        return true;
    }
    if (length > TEXT_MAX)
        return false;
    *value = parse_slowly(text, length);
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
