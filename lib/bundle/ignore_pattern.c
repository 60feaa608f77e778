/*
 * lib/bundle/ignore_pattern.c - one pattern of gitignore(5) held against a path.
 *
 * Pattern and path are compared name by name: no wildcard but a name that is "**" crosses a slash.
 * So there are two loops that each go back to their last star only, and no pattern takes longer
 * than the product of the lengths.
 */
#include "bundle/ignore.h"
#include <ctype.h>

/* A run of bytes. */
struct name {
    const char *text;
    size_t length;
};

static bool in_class(const char *class, size_t length, unsigned char c)
{
    static const struct {
        const char *name;
        int (*holds)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
                   {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
                   {"lower", islower}, {"print", isprint}, {"punct", ispunct},
                   {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, class, length) == 0)
            return c < 128 && classes[i].holds(c);
    return false;
}

/* A byte of a set, a backslash before it taken away; `*at` behind it. False at the end. */
static bool set_byte(struct name pattern, size_t *at, unsigned char *byte)
{
    if (*at < pattern.length && pattern.text[*at] == '\\')
        ++*at;
    if (*at >= pattern.length)
        return false;
    *byte = (unsigned char)pattern.text[(*at)++];
    return true;
}

/* The set that begins behind the '[' at `*at - 1`; `*at` behind its ']'. A set without an end is
 * none, and nothing matches it. */
static bool match_set(struct name pattern, size_t *at, unsigned char c)
{
    bool negated = *at < pattern.length && strchr("!^", pattern.text[*at]), found = false;
    *at += negated;
    for (bool first = true; *at < pattern.length; first = false) {
        const char *rest = pattern.text + *at;
        size_t left = pattern.length - *at;
        unsigned char low, high;
        if (*rest == ']' && !first) {
            ++*at;
            return found != negated;
        }
        const char *end = left > 3 && memcmp(rest, "[:", 2) == 0 ? memchr(rest, ']', left) : NULL;
        if (end && end > rest + 2 && end[-1] == ':') {
            found |= in_class(rest + 2, (size_t)(end - rest) - 3, c);
            *at += (size_t)(end - rest) + 1;
            continue;
        }
        if (!set_byte(pattern, at, &low))
            return false;
        high = low;
        if (*at + 1 < pattern.length && pattern.text[*at] == '-' && pattern.text[*at + 1] != ']') {
            ++*at;
            if (!set_byte(pattern, at, &high))
                return false;
        }
        found |= low <= c && c <= high;
    }
    return false;
}

/* What stands at `*at` of the pattern, which is no star, held against one byte. */
static bool match_byte(struct name pattern, size_t *at, char c)
{
    switch (pattern.text[(*at)++]) {
    case '?':
        return true;
    case '[':
        return match_set(pattern, at, (unsigned char)c);
    case '\\':
        return *at < pattern.length && pattern.text[(*at)++] == c;
    default:
        return pattern.text[*at - 1] == c;
    }
}

static bool match_name(struct name pattern, struct name name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, resume = 0;
    while (n < name.length || p < pattern.length) {
        if (p < pattern.length && pattern.text[p] == '*') {
            star = p++;
            resume = n;
            continue;
        }
        size_t next = p;
        if (p < pattern.length && n < name.length && match_byte(pattern, &next, name.text[n])) {
            p = next;
            n++;
            continue;
        }
        if (star == SIZE_MAX || resume >= name.length)
            return false;
        p = star + 1;
        n = ++resume;
    }
    return true;
}

/* The name that begins at `text`; `*text` behind the slash after it, NULL where it was the last. */
static struct name take_name(const char **text)
{
    size_t length = strcspn(*text, "/");
    struct name name = {*text, length};
    *text = (*text)[length] ? *text + length + 1 : NULL;
    return name;
}

static bool is_any(struct name pattern)
{
    return pattern.length == 2 && memcmp(pattern.text, "**", 2) == 0;
}

static bool match_names(const char *pattern, const char *path)
{
    const char *star = NULL, *resume = NULL;
    while (pattern || path) {
        const char *next = pattern, *after = path;
        if (pattern) {
            struct name part = take_name(&next);
            if (is_any(part) && !next)
                return path != NULL; /* all that is inside, not the folder */
            if (is_any(part)) {
                star = pattern = next;
                resume = path;
                continue;
            }
            if (path && match_name(part, take_name(&after))) {
                pattern = next;
                path = after;
                continue;
            }
        }
        if (!star || !resume)
            return false;
        (void)take_name(&resume);
        pattern = star;
        path = resume;
        if (!path)
            return false;
    }
    return true;
}

bool ignore_pattern_matches(const char *pattern, const char *path)
{
    if (strchr(pattern, '/'))
        return match_names(*pattern == '/' ? pattern + 1 : pattern, path);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return match_name((struct name){pattern, strlen(pattern)}, (struct name){base, strlen(base)});
}
