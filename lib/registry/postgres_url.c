/* lib/registry/postgres_url.c - what may be shown and kept of a postgresql:// URL. */
#include "registry/postgres_url.h"
#include "base/buffer.h"
#include <ctype.h>
#include <strings.h>

bool postgres_url_is(const char *text)
{
    return str_starts(text, "postgresql://") || str_starts(text, "postgres://");
}

/* A parameter's name with what is escaped in it: "%70assword" is "password", too. */
static bool is_secret(const char *name, size_t length)
{
    static const char *const secrets[] = {"password", "sslpassword"};
    char plain[16];
    size_t filled = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (filled == sizeof(plain) - 1)
            return false;
        if (c == '%' && i + 2 < length && isxdigit((unsigned char)name[i + 1]) &&
            isxdigit((unsigned char)name[i + 2])) {
            char hex[3] = {name[i + 1], name[i + 2], '\0'};

            c = (unsigned char)strtoul(hex, NULL, 16);
            i += 2;
        }
        plain[filled++] = (char)c;
    }
    plain[filled] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++)
        if (strcasecmp(plain, secrets[i]) == 0)
            return true;
    return false;
}

/* The parameters behind the '?', those that are secret left out. */
static void copy_parameters(const char *at, struct buffer *out)
{
    char before = '?';

    while (*at) {
        size_t length = strcspn(at, "&");

        if (!is_secret(at, strcspn(at, "=&"))) {
            buffer_putc(out, before);
            buffer_append(out, at, length);
            before = '&';
        }
        at += length;
        if (*at == '&')
            at++;
    }
}

char *postgres_url_without_password(const char *url)
{
    struct buffer out = {0};
    const char *rest, *end, *at = NULL;

    if (!postgres_url_is(url))
        return xstrdup(url);
    rest = strstr(url, "://") + 3;
    end = rest + strcspn(rest, "/?");
    for (const char *c = rest; c < end; c++) /* the last: a password may have one, unescaped */
        if (*c == '@')
            at = c;
    buffer_append(&out, url, (size_t)(rest - url));
    if (at) {
        const char *colon = memchr(rest, ':', (size_t)(at - rest));

        buffer_append(&out, rest, (size_t)((colon ? colon : at) - rest));
        rest = at;
    }
    end = rest + strcspn(rest, "?");
    buffer_append(&out, rest, (size_t)(end - rest));
    if (*end)
        copy_parameters(end + 1, &out);
    return buffer_steal(&out);
}
