/* lib/trust/member_name.c - names in archives. */
#include "trust/member_name.h"
#include "base/path.h"
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#define PART_MAX 255 /* bytes, as file systems have it */

const char *member_name_wrong(const char *name, size_t length)
{
    if (length == 0)
        return "is empty";
    if (memchr(name, '\0', length))
        return "has a NUL in its name, where some readers end it";
    if (memchr(name, '\\', length))
        return "has a backslash in its name, which parts folders on some systems";
    if (name[0] == '/')
        return "is an absolute path";
    if (length >= 2 && name[1] == ':' &&
        ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z')))
        return "begins with the letter of a drive";
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return "has a control character in its name";
    for (size_t from = 0; from <= length;) {
        const char *slash = from < length ? memchr(name + from, '/', length - from) : NULL;
        size_t part = (slash ? (size_t)(slash - name) : length) - from;
        if (part == 2 && name[from] == '.' && name[from + 1] == '.')
            return "leads out of the folder it is unpacked to";
        if (part > PART_MAX)
            return "has a part longer than file systems take";
        from += part + 1;
    }
    return NULL;
}

bool member_path_stays(const char *path)
{
    if (*path == '/' || *path == '\\' || *path == '\0' || strstr(path, "://") ||
        (((*path | 0x20) >= 'a' && (*path | 0x20) <= 'z') && path[1] == ':'))
        return false;
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/\\");
        if (length == 2 && at[0] == '.' && at[1] == '.')
            return false;
        at += length + (at[length] != '\0');
    }
    return true;
}

char *member_name_fold(const char *name)
{
    size_t length = strlen(name);
    char *folded = xmalloc(length * 2 + 1), *out = folded;
    locale_t locale =
        utf8_valid(name, length) ? newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL) : (locale_t)0;
    locale_t before = locale ? uselocale(locale) : (locale_t)0;
    mbstate_t in = {0}, state = {0};
    for (size_t i = 0; i < length;) {
        wchar_t c = (unsigned char)name[i];
        size_t taken = locale ? mbrtowc(&c, name + i, length - i, &in) : 1;
        if (taken == 0 || taken > length - i)
            taken = 1;
        if (!locale) {
            *out++ = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
        } else {
            char wide[16]; /* upper, then lower: so that the three sigmas are one */
            size_t given = wcrtomb(wide, (wchar_t)towlower(towupper((wint_t)c)), &state);
            if (given > 2 * taken) {
                given = taken;
                memcpy(wide, name + i, taken);
            }
            memcpy(out, wide, given);
            out += given;
        }
        i += taken;
    }
    *out = '\0';
    if (locale) {
        (void)uselocale(before);
        freelocale(locale);
    }
    return folded;
}
