/* lib/base/neighbours.c - the folder of the last path, kept open. */
#include "base/neighbours.h"
#include "base/util.h"
#include <fcntl.h>
#include <unistd.h>

void neighbours_clear(struct neighbours *near)
{
    fd_close(&near->fd);
    free(near->folder);
    *near = NEIGHBOURS_NONE;
}

static bool is_in(const struct neighbours *near, const char *path, size_t length)
{
    return near->folder && strncmp(path, near->folder, length) == 0 && near->folder[length] == '\0';
}

int neighbours_folder(struct neighbours *near, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = path;
    if (!slash || slash == path || !slash[1])
        return AT_FDCWD;
    size_t length = (size_t)(slash - path);
    if (!is_in(near, path, length)) {
        neighbours_clear(near);
        near->folder = xstrndup(path, length);
        near->fd = open(near->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (near->fd < 0)
        return AT_FDCWD;
    *name = slash + 1;
    return near->fd;
}
