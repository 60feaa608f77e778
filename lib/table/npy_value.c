/* lib/table/npy_value.c - numbers, times and texts as numpy stores them. */
#include "table/npy_value.h"
#include "base/endian.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define NAT INT64_MIN /* numpy's time that is none */

static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {{"ns", 1},
             {"us", 1000},
             {"ms", 1000000},
             {"s", 1000000000},
             {"m", 60000000000},
             {"h", 3600000000000},
             {"D", 86400000000000},
             {"W", 604800000000000}};

static int64_t unit_ns(const struct npy_field *field)
{
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (str_equal(units[i].name, field->unit))
            return units[i].ns;
    return 0;
}

static bool is_size(uint32_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

bool npy_readable(const struct npy_field *field, enum column_type *type, const char **why)
{
    *why = "is of a type that is no number, time or text";
    switch (field->kind) {
    case '?':
    case 'b': /* "b1" is a bool; plain "b" of old has no size and is refused below */
        *type = COLUMN_BOOL;
        return field->size == 1;
    case 'i':
    case 'u':
        *type = COLUMN_INTEGER;
        return is_size(field->size);
    case 'f':
        *type = COLUMN_FLOAT;
        *why = "is a float whose size depends on the machine";
        return is_size(field->size) && field->size > 1;
    case 'M':
        *type = COLUMN_TIME;
        *why = "has times of another unit than W, D, h, m, s, ms, us and ns";
        return field->size == 8 && unit_ns(field) != 0;
    case 'm':
        *type = COLUMN_INTEGER;
        return field->size == 8;
    case 'S':
    case 'U':
        *type = COLUMN_TEXT;
        *why = "has texts of no length";
        return field->size > 0;
    case 'O':
        *why = "holds Python objects, as a pickle, which is not read";
        return false;
    case 'c':
        *why = "has complex numbers";
        return false;
    default:
        return false;
    }
}

static size_t npy_width(const struct npy_field *field)
{
    return field->kind == 'U' ? (size_t)field->size * 4 : field->size;
}

size_t npy_text_max(const struct npy_field *field)
{
    return field->kind == 'U' || field->kind == 'S' ? npy_width(field) : NPY_SHOWN;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static uint64_t bits_of(const struct npy_field *field, const uint8_t *value)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < field->size; i++)
        bits |= (uint64_t)value[field->swapped ? field->size - 1 - i : i] << (8 * i);
    return bits;
}

static int64_t whole_of(const struct npy_field *field, const uint8_t *value)
{
    unsigned unused = 64 - 8 * field->size;
    return (int64_t)(bits_of(field, value) << unused) >> unused;
}

/* IEEE 754 binary16: ten bits of fraction, five of exponent. */
static double half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), number;
    if (exponent == 31)
        number = fraction > 0 ? NAN : INFINITY;
    else if (exponent == 0)
        number = ldexp(fraction, -24);
    else
        number = ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -number : number;
}

double npy_number(const struct npy_field *field, const uint8_t *value)
{
    uint64_t bits;
    if (field->size == 8 && !field->swapped)
        bits = get_u64(value); /* nearly always */
    else
        bits = bits_of(field, value);
    uint32_t few = (uint32_t)bits;
    float narrow;
    double wide;
    switch (field->kind) {
    case 'f':
        memcpy(&narrow, &few, sizeof(narrow));
        memcpy(&wide, &bits, sizeof(wide));
        return field->size == 8 ? wide : field->size == 4 ? (double)narrow : half(bits);
    case 'u':
    case '?':
    case 'b':
        return (double)bits;
    default:
        return (double)whole_of(field, value);
    }
}

bool npy_absent(const struct npy_field *field, const uint8_t *value)
{
    if (field->kind == 'f')
        return isnan(npy_number(field, value));
    return (field->kind == 'M' || field->kind == 'm') && whole_of(field, value) == NAT;
}

bool npy_time(const struct npy_field *field, const uint8_t *value, int64_t *time_ns)
{
    int64_t count = whole_of(field, value);
    return !__builtin_mul_overflow(count, unit_ns(field), time_ns);
}

/* ---- texts ---------------------------------------------------------------------------------- */

static uint32_t put_utf8(uint32_t point, char *to)
{
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        point = 0xfffd; /* no character: the one that says so */
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 63));
        to[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 63));
    to[2] = (char)(0x80 | (point >> 6 & 63));
    to[3] = (char)(0x80 | (point & 63));
    return 4;
}

/* Characters behind the last that is not NUL do not count: so numpy has it. */
static uint32_t put_characters(const struct npy_field *field, const uint8_t *value, char *memory)
{
    struct npy_field character = {.size = 4, .swapped = field->swapped};
    uint32_t length = field->size, used = 0;
    while (length > 0 && bits_of(&character, value + 4 * (size_t)(length - 1)) == 0)
        length--;
    for (uint32_t i = 0; i < length; i++)
        used += put_utf8((uint32_t)bits_of(&character, value + 4 * (size_t)i), memory + used);
    return used;
}

uint32_t npy_text(const struct npy_field *field, const uint8_t *value, char *memory)
{
    uint32_t length = field->size;
    int64_t time_ns;
    switch (field->kind) {
    case 'U':
        return put_characters(field, value, memory);
    case 'S':
        while (length > 0 && value[length - 1] == '\0')
            length--;
        memcpy(memory, value, length);
        return length;
    case 'f':
        return (uint32_t)sprintf(memory, "%.17g", npy_number(field, value));
    case 'u':
    case '?':
    case 'b':
        return (uint32_t)sprintf(memory, "%" PRIu64, bits_of(field, value));
    case 'M':
        if (npy_absent(field, value) || !npy_time(field, value, &time_ns))
            return (uint32_t)sprintf(memory, "a time far off");
        return (uint32_t)sprintf(memory, "%" PRId64, time_ns);
    default:
        return (uint32_t)sprintf(memory, "%" PRId64, whole_of(field, value));
    }
}
