/*
 * cmd/cli_text.c - text for people: memory, safe copies of foreign text, widths, filling, sizes.
 */
#include "cli.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

void *cli_reallocate(void *memory, size_t count, size_t size)
{
    void *fresh = reallocarray(memory, count ? count : 1, size);
    if (!fresh)
        abort();
    return fresh;
}

void *cli_allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        abort();
    return memory;
}

char *cli_copy(const char *text, size_t length)
{
    char *copy = cli_allocate(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

char *cli_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    return text;
}

/* ---- UTF-8 ---------------------------------------------------------------------------------- */

#define REPLACEMENT 0xFFFD

/* The length of the code point at `text`, 0 where it is malformed (RFC 3629). */
static size_t decode(const char *text, uint32_t *point)
{
    const unsigned char *byte = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = byte[0] < 0x80             ? 1
                    : (byte[0] & 0xE0) == 0xC0 ? 2
                    : (byte[0] & 0xF0) == 0xE0 ? 3
                    : (byte[0] & 0xF8) == 0xF0 ? 4
                                               : 0;
    if (length == 0)
        return 0;
    *point = length == 1 ? byte[0] : byte[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (byte[i] & 0x3Fu);
    }
    bool surrogate = *point >= 0xD800 && *point <= 0xDFFF;
    return *point < least[length] || *point > 0x10FFFF || surrogate ? 0 : length;
}

struct range {
    uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

/* The coarse ranges of Unicode's East Asian Width (UAX #11) and of combining marks. */
static size_t point_width(uint32_t point)
{
    static const struct range none[] = {
        {0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
    static const struct range wide[] = {{0x1100, 0x115F},  {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                                        {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                        {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F900, 0x1FAFF},
                                        {0x20000, 0x3FFFD}};
    if (point < 0x300)
        return 1;
    if (within(none, ARRAY_LENGTH(none), point))
        return 0;
    return within(wide, ARRAY_LENGTH(wide), point) ? 2 : 1;
}

/* May a terminal act on it rather than show it? Controls, and what turns the direction of text. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

char *cli_clean(const char *text, bool lines)
{
    /* the longest replacement of a byte: "\x1b" */
    char *copy = cli_allocate(strlen(text) * 4 + 1, 1), *to = copy;

    while (*text) {
        uint32_t point = 0;
        size_t length = decode(text, &point);
        if (length == 0) {
            to += sprintf(to, "\\x%02x", (unsigned)(unsigned char)*text++);
            continue;
        }
        if (is_control(point) && !(lines && (point == '\n' || point == '\t'))) {
            to += sprintf(to, point < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)point);
        } else {
            memcpy(to, text, length);
            to += length;
        }
        text += length;
    }
    return copy;
}

char *cli_valid(const char *text)
{
    /* the replacement of a byte takes three */
    char *copy = cli_allocate(strlen(text) * 3 + 1, 1), *to = copy;

    while (*text) {
        uint32_t point = 0;
        size_t length = decode(text, &point);
        memcpy(to, length ? text : "\xEF\xBF\xBD", length ? length : 3);
        to += length ? length : 3;
        text += length ? length : 1;
    }
    return copy;
}

size_t cli_width(const char *text)
{
    size_t width = 0;

    while (*text) {
        uint32_t point = REPLACEMENT;
        size_t length = decode(text, &point);
        width += point_width(point);
        text += length ? length : 1;
    }
    return width;
}

void cli_cut(char *text, size_t width)
{
    if (cli_width(text) <= width)
        return;
    size_t room = width > 3 ? width - 3 : 0, taken = 0;
    char *end = text;
    for (;;) {
        uint32_t point = REPLACEMENT;
        size_t length = decode(end, &point);
        if (taken + point_width(point) > room)
            break;
        taken += point_width(point);
        end += length ? length : 1;
    }
    /* what is cut off was at least as wide as the dots, so they fit */
    for (size_t i = 0; i < 3 && taken < width; i++, taken++)
        *end++ = '.';
    *end = '\0';
}

/* ---- filling -------------------------------------------------------------------------------- */

static void wrap_paragraph(FILE *out, const char *text, size_t length, size_t indent, size_t width)
{
    size_t column = 0;

    for (const char *end = text + length; text < end;) {
        size_t word = strcspn(text, " \n");
        if (word > (size_t)(end - text))
            word = (size_t)(end - text);
        if (word > 0) {
            if (column > 0 && column + 1 + word > width) {
                fputc('\n', out);
                column = 0;
            }
            fprintf(out, "%*s%.*s", column ? 1 : (int)indent, "", (int)word, text);
            column += (column ? 1 : indent) + word;
        }
        text += word + 1;
    }
    fputc('\n', out);
}

void cli_wrap(FILE *out, const char *text, size_t indent, size_t width)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        if (*text == ' ') { /* as it is, but for the indent */
            for (size_t at = 0; at < length;) {
                size_t line = strcspn(text + at, "\n");
                fprintf(out, "%*s%.*s\n", (int)indent, "", (int)line, text + at);
                at += line + 1;
            }
        } else {
            wrap_paragraph(out, text, length, indent, width);
        }
        if (end)
            fputc('\n', out);
        text += length + (end ? 2 : 0);
    }
}

/* ---- figures -------------------------------------------------------------------------------- */

void cli_size_format(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double size = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        (void)snprintf(text, 32, "%" PRIu64 " bytes", bytes);
        return;
    }
    /* 999.95 would be shown as 1000.0 */
    for (; size >= 999.95 && unit + 1 < ARRAY_LENGTH(units); unit++)
        size /= 1000;
    (void)snprintf(text, 32, "%.1f %s", size, units[unit]);
}

const char *cli_noun(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

void cli_number_format(double number, char text[32])
{
    if (isnan(number))
        (void)snprintf(text, 32, "undefined");
    else if (number == floor(number) && fabs(number) < 1e9)
        (void)snprintf(text, 32, "%.0f", number);
    else if (fabs(number) < 0.0001 || fabs(number) >= 1e9)
        (void)snprintf(text, 32, "%.3g", number);
    else if (fabs(number) >= 1000)
        (void)snprintf(text, 32, "%.1f", number);
    else
        (void)snprintf(text, 32, "%.4f", number);
}

#define SHORT_BUNDLE 19 /* "sha256:" and 12 digits */

int cli_bundle_length(const struct cli *cli)
{
    return cli->out_terminal && !cli->verbose ? SHORT_BUNDLE : MLOPS_BUNDLE_ID_SIZE;
}

void cli_version_format(const struct mlops_version *version, char text[VERSION_TEXT_SIZE])
{
    if (version->number)
        (void)snprintf(text, VERSION_TEXT_SIZE, "%s@%" PRIu64, version->model, version->number);
    else
        (void)snprintf(text, VERSION_TEXT_SIZE, "%s", version->bundle);
}
