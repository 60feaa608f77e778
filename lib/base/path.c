/* lib/base/path.c - paths as text. */
#include "base/path.h"
#include <stdio.h>

#define PATH_BYTES_MAX 4096

char *path_join(const char *folder, const char *name)
{
    size_t folder_length = strlen(folder), name_length = strlen(name);
    if (name[0] == '/' || folder_length == 0)
        return xstrdup(name);
    char *path = xmalloc(folder_length + name_length + 2), *end = path + folder_length;
    memcpy(path, folder, folder_length);
    if (end[-1] != '/')
        *end++ = '/';
    memcpy(end, name, name_length + 1);
    return path;
}

const char *path_base(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    return path + end;
}

char *path_parent(const char *path)
{
    size_t length = (size_t)(path_base(path) - path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length == 0 ? xstrdup(".") : xstrndup(path, length);
}

/* Bytes of the UTF-8 sequence that begins at `text`, 0 where it is not well-formed. Unicode 15,
 * table 3-7. */
static size_t utf8_sequence(const unsigned char *text, size_t left)
{
    unsigned char lead = text[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < length)
        return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t step = utf8_sequence((const unsigned char *)text + at, length - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

static bool has_control(const char *path)
{
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return true;
    return false;
}

int path_check_length(const char *path, struct mlops_error *err)
{
    if (strlen(path) <= PATH_BYTES_MAX)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%.40s…' is longer than %d bytes", path, PATH_BYTES_MAX);
}

int path_normalize(const char *path, char **out, struct mlops_error *err)
{
    size_t length = strlen(path);
    if (length == 0)
        return mlops_fail(err, MLOPS_INVALID, "a path is empty");
    TRY(path_check_length(path, err));
    if (!utf8_valid(path, length) || has_control(path))
        return mlops_fail(err, MLOPS_INVALID, "a path has control characters or is not UTF-8 text");
    if (path[0] == '/')
        return mlops_fail(err, MLOPS_INVALID, "'%s' is absolute, and must lie in the project",
                          path);

    _cleanup_(free_string) char *result = xmalloc(length + 2);
    size_t used = 0;
    for (const char *part = path; *part;) {
        size_t size = strcspn(part, "/");
        if (size == 2 && part[0] == '.' && part[1] == '.')
            return mlops_fail(err, MLOPS_INVALID,
                              "'%s' has '..' in it, and must stay in the project", path);
        if (size > 0 && !(size == 1 && part[0] == '.')) {
            if (used > 0)
                result[used++] = '/';
            memcpy(result + used, part, size);
            used += size;
        }
        part += size;
        part += strspn(part, "/");
    }
    if (used == 0)
        result[used++] = '.';
    result[used] = '\0';
    *out = TAKE_PTR(result);
    return MLOPS_OK;
}

bool path_link_stays_inside(const char *link_path, const char *target)
{
    if (target[0] == '/' || target[0] == '\0')
        return false;
    long depth = 0; /* folders between the top and where the link stands */
    for (const char *c = link_path; *c; c++)
        depth += *c == '/';
    for (const char *part = target; *part;) {
        size_t size = strcspn(part, "/");
        if (size == 2 && part[0] == '.' && part[1] == '.')
            depth--;
        else if (size > 0 && !(size == 1 && part[0] == '.'))
            depth++;
        if (depth < 0)
            return false;
        part += size;
        part += strspn(part, "/");
    }
    return true;
}
