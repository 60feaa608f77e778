/* lib/registry/place.c - finding the registry's folder, and knowing it by its format file. */
#include "registry/place.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/postgres_url.h"
#include "registry/shared.h"
#include <errno.h>
#include <unistd.h>

#define FORMAT_NUMBER 1
#define FORMAT_PREFIX "mlops registry "
#define FORMAT_MAX 64

int place_is_registry(const char *folder, bool *is, struct mlops_error *err)
{
    _cleanup_(free_string) char *format = path_join(folder, "format");

    *is = access(format, F_OK) == 0;
    if (*is || errno == ENOENT || errno == ENOTDIR)
        return MLOPS_OK;
    return mlops_fail_errno(err, MLOPS_IO, errno, "look for a registry at %s", folder);
}

static char *without_trailing_slashes(const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    return xstrndup(path, length);
}

int place_folder_of(const char *location, char **folder, bool *is, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = without_trailing_slashes(location);

    TRY(place_is_registry(path, is, err));
    if (*is || str_equal(path_base(path), PLACE_FOLDER)) {
        *folder = TAKE_PTR(path);
        return MLOPS_OK;
    }
    *folder = path_join(path, PLACE_FOLDER);
    return place_is_registry(*folder, is, err);
}

static int absolute(const char *path, char **out, struct mlops_error *err)
{
    *out = realpath(path, NULL);
    return *out ? MLOPS_OK : mlops_fail_errno(err, 0, errno, "%s", path);
}

static int find_upwards(const char *directory, char **location, struct mlops_error *err)
{
    _cleanup_(free_string) char *start = NULL, *folder = NULL;
    bool is;

    TRY(absolute(directory ? directory : ".", &start, err));
    for (char *at = xstrdup(start);;) {
        char *candidate = path_join(at, PLACE_FOLDER);
        char *above = path_parent(at);
        int code = place_is_registry(candidate, &is, err);
        bool top = str_equal(at, "/");

        free(at);
        at = above;
        if (code || is || top) {
            free(at);
            folder = candidate;
            TRY(code);
            break;
        }
        free(candidate);
    }
    if (is) {
        *location = TAKE_PTR(folder);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "no registry here or in any folder above %s", start);
    return mlops_hint(err,
                      "make one with 'mlops init', or name one with --registry or MLOPS_REGISTRY");
}

int place_find(const struct mlops_registry_options *options, char **location,
                struct mlops_error *err)
{
    const char *named = options->location ? options->location : getenv("MLOPS_REGISTRY");
    _cleanup_(free_string) char *folder = NULL;
    bool is;

    if (!named || !*named)
        return find_upwards(options->directory, location, err);
    if (postgres_url_is(named))
        return shared_enter(named, location, err);
    TRY(place_folder_of(named, &folder, &is, err));
    if (is)
        return absolute(folder, location, err);
    mlops_fail(err, MLOPS_NOT_FOUND, "no registry at %s", named);
    if (options->location)
        return mlops_hint(err, "make one there with 'mlops init', or leave --registry away to use "
                               "the one of this folder");
    return mlops_hint(err, "MLOPS_REGISTRY names it: make one there with 'mlops init', or unset "
                           "the variable to use the one of this folder");
}

int place_format_check(const char *location, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(location, "format");
    _cleanup_(buffer_clear) struct buffer content = {0};
    unsigned long number = 0;
    char *end = NULL;

    TRY(file_read(path, FORMAT_MAX, &content, err));
    if (content.length > strlen(FORMAT_PREFIX) && str_starts(content.data, FORMAT_PREFIX))
        number = strtoul(content.data + strlen(FORMAT_PREFIX), &end, 10);
    if (number == 0 || !str_equal(end, "\n")) {
        mlops_fail(err, MLOPS_INTEGRITY, "%s is damaged", path);
        return mlops_hint(err, "its content is the line '" FORMAT_PREFIX "%d'", FORMAT_NUMBER);
    }
    if (number > FORMAT_NUMBER) {
        mlops_fail(err, MLOPS_INVALID,
                   "the registry %s was made by a newer mlops: its format is %lu, this one knows "
                   "%d",
                   location, number, FORMAT_NUMBER);
        return mlops_hint(err, "install that mlops or a later one");
    }
    return MLOPS_OK;
}

int place_format_write(const char *location, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(location, "format");
    _cleanup_(free_string) char *text = xprintf(FORMAT_PREFIX "%d\n", FORMAT_NUMBER);

    return file_write_durable(path, text, strlen(text), 0644, err);
}
