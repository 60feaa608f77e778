/* lib/base/text.c - the public text helpers: suggestions, times, durations. */
#include "base/number.h"
#include "base/util.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>
#include <time.h>

#define WORD_MAX 64

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, no part
 * edited twice. Boytsov 2011, "Indexing methods for approximate dictionary searching", §2.1. */
static size_t edit_distance(const char *a, size_t m, const char *b, size_t n)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t cost = a[i - 1] != b[j - 1];
            row[j] = smaller(smaller(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

const char *mlops_suggest(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (; length > 0 && length <= WORD_MAX && *candidates; candidates++) {
        size_t other = strlen(*candidates);
        if (other == 0 || other > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, length, *candidates, other);
        size_t longer = length > other ? length : other;
        bool near = distance * 3 <= longer || (distance == 1 && longer > 1);
        if (near && distance < least) {
            least = distance;
            best = *candidates;
        }
    }
    return best;
}

void mlops_number_format(double number, char text[32])
{
    int digits =
        15; /* which come back whatever they are, and are written without zeros at the end */
    do
        snprintf(text, 32, "%.*g", digits, number);
    while (digits++ < 17 && strtod(text, NULL) != number);
}

bool mlops_byte_parse(const char *text, char *byte)
{
    if (strcmp(text, "\\t") != 0 && strlen(text) != 1)
        return false;
    *byte = text[0];
    if (text[1])
        *byte = '\t';
    return true;
}

void mlops_time_format(int64_t time_ns, char text[32])
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    if (time_ns % 1000000000 < 0)
        seconds--;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        str_copy(text, 32, "?");
}

int mlops_duration_parse(const char *text, int64_t *duration_ns, struct mlops_error *err)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
                 {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 7 * 86400e9}};
    double total = 0;
    const char *c = text;
    if (str_equal(text, "0")) { /* of whatever unit */
        *duration_ns = 0;
        return MLOPS_OK;
    }
    while (*c) {
        size_t digits = strspn(c, "0123456789.");
        double amount;
        size_t letters = strspn(c + digits, "abcdefghijklmnopqrstuvwxyz");
        const char *unit = c + digits;
        double ns = 0;
        for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
            if (strlen(units[i].name) == letters && memcmp(unit, units[i].name, letters) == 0)
                ns = units[i].ns;
        if (digits == 0 || !number_parse(c, digits, &amount) || ns == 0)
            goto wrong;
        total += amount * ns;
        c = unit + letters;
    }
    if (c == text || total > 9e18)
        goto wrong;
    *duration_ns = (int64_t)llround(total);
    return MLOPS_OK;
wrong:
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a duration", text);
    return mlops_hint(err, "write a number and a unit, such as 250ms, 30s, 5m, 1h30m or 2d");
}

const char *mlops_library_version(void)
{
    return MLOPS_VERSION;
}
