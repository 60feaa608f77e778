/* lib/base/toml_scan.c - TOML's strings, numbers, dates and times (TOML 1.0.0, "String" to "Local
 * Time"). */
#include "base/toml_scan.h"
#include "base/number.h"
#include <stdarg.h>
#include <stdio.h>

#define WORD_SIZE 128 /* longest number or time, with the NUL */

int toml_refuse(const struct toml_scan *scan, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut where too long, on purpose */
    va_end(arguments);
    return mlops_fail(scan->err, MLOPS_INVALID, "%s:%d: %s", scan->what, scan->line, text);
}

bool toml_sees(const struct toml_scan *scan, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(scan->end - scan->at) >= length && memcmp(scan->at, text, length) == 0;
}

void toml_skip_blanks(struct toml_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
        scan->at++;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* A carriage return is an end of line only before a line feed. */
static bool at_newline(const struct toml_scan *scan)
{
    return toml_sees(scan, "\n") || toml_sees(scan, "\r\n");
}

int toml_skip_comment(struct toml_scan *scan)
{
    if (!toml_sees(scan, "#"))
        return MLOPS_OK;
    while (scan->at < scan->end && !at_newline(scan)) {
        if (is_control(*scan->at))
            return toml_refuse(scan, "a comment has a control character");
        scan->at++;
    }
    return MLOPS_OK;
}

bool toml_skip_newline(struct toml_scan *scan)
{
    if (!at_newline(scan))
        return false;
    scan->at += *scan->at == '\r' ? 2 : 1;
    scan->line++;
    return true;
}

/* ---- strings -------------------------------------------------------------------------------- */

static void put_utf8(struct buffer *out, unsigned long code)
{
    if (code < 0x80) {
        buffer_putc(out, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    buffer_putc(out, (char)(lead[more] | code >> (6 * more)));
    while (more-- > 0)
        buffer_putc(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After \u or \U. */
static int scan_code(struct toml_scan *scan, int digits, struct buffer *out)
{
    unsigned long code = 0;
    for (int i = 0; i < digits; i++) {
        int value = scan->at < scan->end ? hex_value(*scan->at) : -1;
        if (value < 0)
            return toml_refuse(scan, "an escape must have %d hexadecimal digits", digits);
        code = code << 4 | (unsigned)value;
        scan->at++;
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return toml_refuse(scan, "an escape is of no character that can be read");
    put_utf8(out, code);
    return MLOPS_OK;
}

/* A backslash at the end of a line: all white space up to the next character goes. */
static int skip_folded(struct toml_scan *scan)
{
    toml_skip_blanks(scan);
    if (!toml_skip_newline(scan))
        return toml_refuse(scan, "an unknown escape in a string");
    do
        toml_skip_blanks(scan);
    while (toml_skip_newline(scan));
    return MLOPS_OK;
}

/* After the backslash. */
static int scan_escape(struct toml_scan *scan, bool lines, struct buffer *out)
{
    static const char letters[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
    if (scan->at >= scan->end)
        return toml_refuse(scan, "the file ends within a string");
    char c = *scan->at;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        scan->at++;
        buffer_putc(out, meanings[letter - letters]);
        return MLOPS_OK;
    }
    if (c == 'u' || c == 'U') {
        scan->at++;
        return scan_code(scan, c == 'u' ? 4 : 8, out);
    }
    if (!lines)
        return toml_refuse(scan, "an unknown escape in a string");
    return skip_folded(scan);
}

/* One or two quotes before the closing three belong to the text. */
static bool at_close(struct toml_scan *scan, const char *quotes, struct buffer *out)
{
    if (!toml_sees(scan, quotes))
        return false;
    scan->at += strlen(quotes);
    for (int i = 0; i < 2 && strlen(quotes) == 3 && scan->at < scan->end && *scan->at == *quotes;
         i++)
        buffer_putc(out, *scan->at++);
    return true;
}

static int scan_body(struct toml_scan *scan, const char *quotes, struct buffer *out)
{
    bool lines = strlen(quotes) == 3, escapes = *quotes == '"';
    while (!at_close(scan, quotes, out)) {
        if (scan->at >= scan->end)
            return toml_refuse(scan, "the file ends within a string");
        if (escapes && *scan->at == '\\') {
            scan->at++;
            TRY(scan_escape(scan, lines, out));
        } else if (lines && toml_skip_newline(scan)) {
            buffer_putc(out, '\n');
        } else if (is_control(*scan->at)) {
            return toml_refuse(scan, "a string has a control character or does not end");
        } else {
            buffer_putc(out, *scan->at++);
        }
    }
    return MLOPS_OK;
}

int toml_scan_string(struct toml_scan *scan, bool lines, char **text)
{
    static const char *const kinds[] = {"\"\"\"", "'''", "\"", "'"};
    _cleanup_(buffer_clear) struct buffer out = {0};
    for (size_t i = lines ? 0 : 2; i < ARRAY_LENGTH(kinds); i++) {
        if (!toml_sees(scan, kinds[i]))
            continue;
        scan->at += strlen(kinds[i]);
        if (i < 2)
            (void)toml_skip_newline(scan); /* one directly behind the quotes is not of the text */
        TRY(scan_body(scan, kinds[i], &out));
        *text = buffer_steal(&out);
        return MLOPS_OK;
    }
    return toml_refuse(scan, "a string must begin with a quote");
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_digit_of(char c, bool hexadecimal)
{
    return hexadecimal ? hex_value(c) >= 0 : is_digit(c);
}

/* `word` without its underscores, each of which stands between two digits; false otherwise. */
static bool drop_underscores(const char *word, char plain[WORD_SIZE])
{
    size_t length = 0;
    bool based = str_starts(word, "0x");
    for (const char *c = word; *c; c++) {
        if (*c != '_')
            plain[length++] = *c;
        else if (c == word || !is_digit_of(c[-1], based) || !is_digit_of(c[1], based))
            return false;
    }
    plain[length] = '\0';
    return true;
}

static bool read_based(const char *word, struct toml_node *node)
{
    int bits = word[1] == 'x' ? 4 : word[1] == 'o' ? 3 : word[1] == 'b' ? 1 : 0;
    uint64_t value = 0;
    if (word[0] != '0' || bits == 0 || word[2] == '\0')
        return false;
    for (const char *c = word + 2; *c; c++) {
        int digit = hex_value(*c);
        if (digit < 0 || digit >= 1 << bits || value >> (63 - bits))
            return false;
        value = value << bits | (unsigned)digit;
    }
    node->kind = TOML_INTEGER;
    node->integer = (int64_t)value;
    node->number = (double)value;
    return true;
}

/* Digits at `c`, at least one; NULL otherwise. */
static const char *past_digits(const char *c)
{
    if (!is_digit(*c))
        return NULL;
    while (is_digit(*c))
        c++;
    return c;
}

static bool read_decimal(const char *word, struct toml_node *node)
{
    const char *c = word + (*word == '+' || *word == '-'), *digits = c;
    if (str_equal(c, "inf") || str_equal(c, "nan")) {
        node->kind = TOML_FLOAT;
        node->number = *c == 'n' ? __builtin_nan("") : __builtin_inf();
        node->number = *word == '-' ? -node->number : node->number;
        return true;
    }
    if (!(c = past_digits(c)) || (digits[0] == '0' && c - digits > 1))
        return false;
    bool whole = *c == '\0';
    if (*c == '.' && !(c = past_digits(c + 1)))
        return false;
    if ((*c | 0x20) == 'e' && !(c = past_digits(c + 1 + (c[1] == '+' || c[1] == '-'))))
        return false;
    if (*c != '\0' || !number_parse(word, strlen(word), &node->number))
        return false;
    node->kind = whole ? TOML_INTEGER : TOML_FLOAT;
    if (!whole)
        return true;
    node->integer = 0;
    for (c = digits; *c; c++)
        if (__builtin_mul_overflow(node->integer, 10, &node->integer) ||
            __builtin_sub_overflow(node->integer, *c - '0', &node->integer))
            return false;
    return *word == '-' || !__builtin_sub_overflow(0, node->integer, &node->integer);
}

/* ---- dates and times ------------------------------------------------------------------------ */

/* Two digits at `c`, from `least` to `most`. */
static bool two(const char *c, int least, int most)
{
    if (!is_digit(c[0]) || !is_digit(c[1]))
        return false;
    int value = (c[0] - '0') * 10 + c[1] - '0';
    return value >= least && value <= most;
}

static bool is_date(const char *c)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!is_digit(c[0]) || !is_digit(c[1]) || !two(c + 2, 0, 99) || c[4] != '-' ||
        !two(c + 5, 1, 12) || c[7] != '-')
        return false;
    int year = atoi(c), month = atoi(c + 5); /* each ends with its '-' */
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return two(c + 8, 1, month == 2 && !leap ? 28 : days[month - 1]);
}

/* hh:mm:ss and a fraction; `*after` is behind it. */
static bool is_clock(const char *c, const char **after)
{
    if (!two(c, 0, 23) || c[2] != ':' || !two(c + 3, 0, 59) || c[5] != ':' || !two(c + 6, 0, 60))
        return false;
    *after = c + 8;
    if (c[8] != '.')
        return true;
    *after = past_digits(c + 9);
    return *after != NULL;
}

static bool is_zone(const char *c)
{
    if ((*c | 0x20) == 'z')
        return c[1] == '\0';
    return (*c == '+' || *c == '-') && two(c + 1, 0, 23) && c[3] == ':' && two(c + 4, 0, 59) &&
           c[6] == '\0';
}

static bool is_time(const char *word)
{
    const char *after;
    if (is_clock(word, &after))
        return *after == '\0';
    if (!is_date(word))
        return false;
    if (word[10] == '\0')
        return true;
    return ((word[10] | 0x20) == 't' || word[10] == ' ') && is_clock(word + 11, &after) &&
           (*after == '\0' || is_zone(after));
}

static bool in_word(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '+' ||
           c == '-' || c == '.' || c == ':';
}

/* The run of characters that numbers and times are of; a date may have a blank before its time. */
static int take_word(struct toml_scan *scan, char word[WORD_SIZE])
{
    size_t length = 0;
    while (scan->at < scan->end &&
           (in_word(*scan->at) || (length == 10 && *scan->at == ' ' && scan->end - scan->at > 2 &&
                                   word[4] == '-' && is_digit(scan->at[1])))) {
        if (length == WORD_SIZE - 1)
            return toml_refuse(scan, "a number is too long");
        word[length++] = *scan->at++;
    }
    word[length] = '\0';
    return length > 0 ? MLOPS_OK : toml_refuse(scan, "a value is missing");
}

int toml_scan_word(struct toml_scan *scan, struct toml_node *node)
{
    char word[WORD_SIZE] = "", plain[WORD_SIZE];
    TRY(take_word(scan, word));
    if (str_equal(word, "true") || str_equal(word, "false")) {
        node->kind = TOML_BOOL;
        node->truth = word[0] == 't';
        return MLOPS_OK;
    }
    if (strlen(word) >= 8 && is_time(word)) {
        node->kind = TOML_TIME;
        node->text = xstrdup(word);
        return MLOPS_OK;
    }
    if (drop_underscores(word, plain) && (read_based(plain, node) || read_decimal(plain, node)))
        return MLOPS_OK;
    return toml_refuse(scan, "'%s' is no value: texts stand in quotes", word);
}
