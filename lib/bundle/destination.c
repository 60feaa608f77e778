/* lib/bundle/destination.c - the folder that a command fills, which must be new or empty. */
#include "bundle/destination.h"
#include "base/file.h"
#include <errno.h>

bool destination_filled(const char *directory)
{
    struct stat status;
    struct mlops_error ignored = {0}; /* who goes on to fill it says why it cannot be read */
    const struct dirent *entry;
    if (stat(directory, &status) < 0 || !S_ISDIR(status.st_mode))
        return false;
    _cleanup_(folder_close) DIR *folder = opendir(directory);
    return !folder || folder_next(folder, directory, &entry, &ignored) || entry;
}

int destination_check(const char *directory, bool *there, struct mlops_error *err)
{
    const struct dirent *entry = NULL;
    *there = path_exists(directory);
    if (!*there)
        return MLOPS_OK;
    _cleanup_(folder_close) DIR *folder = opendir(directory);
    if (!folder && errno != ENOTDIR && errno != ENOENT)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", directory);
    if (folder)
        TRY(folder_next(folder, directory, &entry, err));
    if (folder && !entry)
        return MLOPS_OK;
    if (folder)
        mlops_fail(err, MLOPS_INVALID, "'%s' is not empty: it has '%s' in it", directory,
                   entry->d_name);
    else
        mlops_fail(err, MLOPS_INVALID, "'%s' is there already and is not a folder", directory);
    return mlops_hint(err, "name a folder that does not exist yet, or an empty one");
}
