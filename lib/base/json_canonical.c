/* lib/base/json_canonical.c - JSON written canonically, RFC 8785 (JCS). */
#include "base/json.h"
#include <math.h>
#include <stdio.h>

/* The fewest significant digits that read back as `value`, without the point; `*exponent` so that
 * value = 0.DIGITS × 10^exponent. */
static void shortest_digits(double value, char digits[32], int *exponent)
{
    char text[40];
    for (int precision = 0; precision <= 16; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    size_t used = 0;
    const char *c = text;
    for (; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            digits[used++] = *c;
    *exponent = atoi(c + 1) + 1;
    while (used > 1 && digits[used - 1] == '0')
        used--;
    digits[used] = '\0';
}

/* ECMA-262, Number::toString, steps 6 to 10: `n` is their n, k the number of digits. */
void json_write_number(double value, struct buffer *out)
{
    if (value == 0) { /* also -0 */
        buffer_putc(out, '0');
        return;
    }
    if (value < 0) {
        buffer_putc(out, '-');
        value = -value;
    }
    if (value < 9007199254740992.0 && value == (double)(uint64_t)value) { /* 2^53: exact */
        char whole[24];
        size_t at = sizeof(whole);
        for (uint64_t left = (uint64_t)value; left > 0; left /= 10)
            whole[--at] = (char)('0' + left % 10);
        buffer_append(out, whole + at, sizeof(whole) - at);
        return;
    }
    char digits[32];
    int n;
    shortest_digits(value, digits, &n);
    int k = (int)strlen(digits);
    if (k <= n && n <= 21) {
        buffer_puts(out, digits);
        for (int i = k; i < n; i++)
            buffer_putc(out, '0');
    } else if (0 < n && n <= 21) {
        buffer_append(out, digits, (size_t)n);
        buffer_putc(out, '.');
        buffer_puts(out, digits + n);
    } else if (-6 < n && n <= 0) {
        buffer_puts(out, "0.");
        for (int i = n; i < 0; i++)
            buffer_putc(out, '0');
        buffer_puts(out, digits);
    } else {
        buffer_putc(out, digits[0]);
        if (k > 1) {
            buffer_putc(out, '.');
            buffer_puts(out, digits + 1);
        }
        buffer_printf(out, "e%c%d", n - 1 < 0 ? '-' : '+', abs(n - 1));
    }
}

static void write_escaped(char c, struct buffer *out)
{
    static const char named[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    const char *hit = strchr(named, c);
    if (hit)
        buffer_append(out, (const char[]){'\\', letters[hit - named]}, 2);
    else
        buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
}

void json_write_string(const char *text, struct buffer *out)
{
    buffer_putc(out, '"');
    for (;;) {
        size_t plain = 0; /* goes as it is */
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buffer_append(out, text, plain);
        text += plain;
        if (!*text)
            break;
        write_escaped(*text++, out);
    }
    buffer_putc(out, '"');
}

/* The next UTF-16 code unit of well-formed UTF-8. `*pending` carries a low surrogate over. */
static unsigned next_unit(const unsigned char **text, unsigned *pending)
{
    if (*pending) {
        unsigned low = *pending;
        *pending = 0;
        return low;
    }
    const unsigned char *c = *text;
    if (c[0] < 0x80) {
        *text += c[0] ? 1 : 0;
        return c[0];
    }
    size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    unsigned point = c[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) { /* not UTF-8: go on bytewise, never past the end */
            length = i;
            break;
        }
        point = point << 6 | (c[i] & 0x3fU);
    }
    *text += length;
    if (point < 0x10000)
        return point;
    *pending = 0xdc00 + ((point - 0x10000) & 0x3ff);
    return 0xd800 + ((point - 0x10000) >> 10);
}

/* RFC 8785 §3.2.3: by UTF-16 code units. */
static int compare_utf16(const char *a, const char *b)
{
    const unsigned char *left = (const unsigned char *)a, *right = (const unsigned char *)b;
    unsigned left_pending = 0, right_pending = 0;
    for (;;) {
        unsigned x = next_unit(&left, &left_pending), y = next_unit(&right, &right_pending);
        if (x != y)
            return x < y ? -1 : 1;
        if (x == 0)
            return 0;
    }
}

static int compare_members(const void *a, const void *b)
{
    return compare_utf16((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static int write_value(const cJSON *json, struct buffer *out, int depth, struct mlops_error *err);

static int write_object(const cJSON *json, struct buffer *out, int depth, struct mlops_error *err)
{
    size_t count = (size_t)cJSON_GetArraySize(json), i = 0;
    const cJSON **members = xcalloc(count, sizeof(*members));
    for (const cJSON *member = json->child; member; member = member->next)
        members[i++] = member;
    qsort(members, count, sizeof(*members), compare_members);
    int code = MLOPS_OK;
    buffer_putc(out, '{');
    for (i = 0; i < count && code == MLOPS_OK; i++) {
        if (i > 0)
            buffer_putc(out, ',');
        json_write_string(members[i]->string, out);
        buffer_putc(out, ':');
        code = write_value(members[i], out, depth + 1, err);
    }
    buffer_putc(out, '}');
    free(members);
    return code;
}

static int write_value(const cJSON *json, struct buffer *out, int depth, struct mlops_error *err)
{
    if (depth > 1000)
        return mlops_fail(err, MLOPS_INVALID, "JSON is nested too deep to be written");
    if (cJSON_IsNull(json)) {
        buffer_puts(out, "null");
    } else if (cJSON_IsBool(json)) {
        buffer_puts(out, cJSON_IsTrue(json) ? "true" : "false");
    } else if (cJSON_IsNumber(json)) {
        if (!isfinite(json->valuedouble))
            return mlops_fail(err, MLOPS_INVALID, "JSON has no number for NaN or infinity");
        json_write_number(json->valuedouble, out);
    } else if (cJSON_IsString(json)) {
        json_write_string(json->valuestring, out);
    } else if (cJSON_IsRaw(json)) {
        buffer_puts(out, json->valuestring);
    } else if (cJSON_IsObject(json)) {
        return write_object(json, out, depth, err);
    } else if (cJSON_IsArray(json)) {
        buffer_putc(out, '[');
        for (const cJSON *item = json->child; item; item = item->next) {
            if (item != json->child)
                buffer_putc(out, ',');
            TRY(write_value(item, out, depth + 1, err));
        }
        buffer_putc(out, ']');
    } else {
        return mlops_fail(err, MLOPS_INVALID, "JSON of an unknown kind");
    }
    return MLOPS_OK;
}

int json_write_canonical(const cJSON *json, struct buffer *out, struct mlops_error *err)
{
    return write_value(json, out, 0, err);
}
