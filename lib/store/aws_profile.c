/* lib/store/aws_profile.c - values of AWS profiles. */
#include "store/aws_profile.h"
#include "base/file.h"
#include "base/path.h"
#include "base/signing.h"
#include <ctype.h>

#define FILE_MAX (1U << 20)

struct line {
    const char *begin, *end; /* without blanks around */
    bool indented;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The line at `*at`, which moves on; false at the end. */
static bool next_line(const char **at, const char *end, struct line *line)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    line->begin = *at;
    line->end = stop ? stop : end;
    *at = stop ? stop + 1 : end;
    line->indented = line->begin < line->end && is_blank(*line->begin);
    while (line->begin < line->end && is_blank(*line->begin))
        line->begin++;
    while (line->end > line->begin && is_blank(line->end[-1]))
        line->end--;
    return true;
}

static bool equals(const char *begin, const char *end, const char *text)
{
    return (size_t)(end - begin) == strlen(text) && memcmp(begin, text, strlen(text)) == 0;
}

/* "[ profile  name ]" as "profile name". */
static bool is_section(const struct line *line, const char *section)
{
    _cleanup_(buffer_clear) struct buffer name = {0};
    for (const char *c = line->begin + 1; c < line->end && *c != ']'; c++) {
        if (!is_blank(*c))
            buffer_putc(&name, *c);
        else if (name.length > 0 && c + 1 < line->end && !is_blank(c[1]) && c[1] != ']')
            buffer_putc(&name, ' ');
    }
    return name.length > 0 && str_equal(name.data, section);
}

/* The value where the line is "key = value"; "# …" behind a blank is no part of it. */
static char *value_of(const struct line *line, const char *key)
{
    const char *sign = memchr(line->begin, '=', (size_t)(line->end - line->begin));
    if (!sign)
        return NULL;
    const char *stop = sign, *begin = sign + 1, *end = line->end;
    while (stop > line->begin && is_blank(stop[-1]))
        stop--;
    if (!equals(line->begin, stop, key))
        return NULL;
    while (begin < end && is_blank(*begin))
        begin++;
    for (const char *c = begin; c + 1 < end; c++)
        if (is_blank(*c) && (c[1] == '#' || c[1] == ';')) {
            end = c;
            break;
        }
    while (end > begin && is_blank(end[-1]))
        end--;
    return xstrndup(begin, (size_t)(end - begin));
}

char *ini_value(const char *text, size_t length, const char *section, const char *key)
{
    struct line line;
    bool inside = false;
    for (const char *at = text; at && next_line(&at, text + length, &line);) {
        if (line.begin == line.end || *line.begin == '#' || *line.begin == ';')
            continue;
        if (*line.begin == '[') {
            inside = is_section(&line, section);
            continue;
        }
        char *value = inside && !line.indented ? value_of(&line, key) : NULL;
        if (value)
            return value;
    }
    return NULL;
}

/* "$VARIABLE" or "~/.aws/NAME"; NULL where there is no home. The caller frees. */
static char *file_named(const char *variable, const char *name)
{
    const char *named = getenv(variable), *home = getenv("HOME");
    if (named && *named)
        return xstrdup(named);
    return home && *home ? xprintf("%s/.aws/%s", home, name) : NULL;
}

static int value_in(const char *path, const char *section, const char *key, char **value,
                    struct mlops_error *err)
{
    struct buffer text = {0}; /* may hold secrets */
    int code = path ? file_read(path, FILE_MAX, &text, err) : MLOPS_OK;
    if (code == MLOPS_OK && text.data)
        *value = ini_value(text.data, text.length, section, key);
    buffer_wipe(&text);
    buffer_clear(&text);
    if (code != MLOPS_NOT_FOUND)
        return code;
    *err = (struct mlops_error){0}; /* nobody needs to have one */
    return MLOPS_OK;
}

int aws_profile_value(const char *profile, const char *key, char **value, struct mlops_error *err)
{
    const char *named = getenv("AWS_PROFILE");
    const char *name = profile ? profile : named && *named ? named : "default";
    _cleanup_(free_string) char *credentials =
        file_named("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    _cleanup_(free_string) char *config = file_named("AWS_CONFIG_FILE", "config");
    _cleanup_(free_string) char *section =
        str_equal(name, "default") ? xstrdup(name) : xprintf("profile %s", name);
    *value = NULL;
    TRY(value_in(credentials, name, key, value, err));
    if (!*value)
        TRY(value_in(config, section, key, value, err));
    if (!*value && str_equal(name, "default"))
        TRY(value_in(config, "profile default", key, value, err));
    return MLOPS_OK;
}
