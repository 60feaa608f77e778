/* lib/oci/challenge.c - WWW-Authenticate taken apart. */
#include "oci/challenge.h"
#include "base/buffer.h"
#include <strings.h>

#define BLANKS " \t"

static size_t token_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "!#$%&'*+-.^_`|~");
}

/* A token, or a quoted string with its escapes undone; `*text` moves behind it. NULL: neither. */
static char *read_value(const char **text)
{
    struct buffer value = {0};
    const char *c = *text;
    if (*c != '"') {
        size_t length = token_length(c);
        *text += length;
        return length ? xstrndup(c, length) : NULL;
    }
    for (c++; *c && *c != '"'; c++) {
        if (*c == '\\' && c[1])
            c++;
        buffer_putc(&value, *c);
    }
    if (*c != '"') {
        buffer_clear(&value);
        return NULL;
    }
    *text = c + 1;
    return buffer_steal(&value);
}

static void keep(struct oci_challenge *challenge, const char *name, size_t length, char *value)
{
    char **place = NULL;
    if (length == 5 && strncasecmp(name, "realm", 5) == 0)
        place = &challenge->realm;
    else if (length == 7 && strncasecmp(name, "service", 7) == 0)
        place = &challenge->service;
    else if (length == 5 && strncasecmp(name, "scope", 5) == 0)
        place = &challenge->scope;
    if (!place || *place) {
        free(value);
        return;
    }
    *place = value;
}

/* The parameters up to the end, or to the next scheme. False: not well-formed. */
static bool read_parameters(const char **text, struct oci_challenge *challenge)
{
    for (;;) {
        const char *name = *text += strspn(*text, BLANKS ",");
        size_t length = token_length(name);
        if (length == 0)
            return *name == '\0';
        const char *after = name + length + strspn(name + length, BLANKS);
        if (*after != '=')
            return true; /* the next challenge's scheme */
        after++;
        after += strspn(after, BLANKS);
        char *value = read_value(&after);
        if (!value)
            return false;
        keep(challenge, name, length, value);
        *text = after;
    }
}

bool oci_challenge_read(const char *text, struct oci_challenge *challenge)
{
    *challenge = (struct oci_challenge){0};
    for (;;) {
        text += strspn(text, BLANKS ",");
        size_t length = token_length(text);
        if (length == 0)
            return false;
        bool bearer = length == 6 && strncasecmp(text, "bearer", 6) == 0;
        bool basic = length == 5 && strncasecmp(text, "basic", 5) == 0;
        text += length;
        if (*text != '\0' && !strchr(BLANKS ",", *text))
            return false;
        bool good = read_parameters(&text, challenge);
        if (good && (basic || (bearer && challenge->realm))) {
            challenge->bearer = bearer;
            return true;
        }
        oci_challenge_clear(challenge);
        if (!good)
            return false;
    }
}

void oci_challenge_clear(struct oci_challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    *challenge = (struct oci_challenge){0};
}
