/*
 * lib/trial/workspace.c - private folders for suites, in the registry's scratch folder.
 */
#include "trial/workspace.h"
#include "base/file.h"
#include "base/path.h"
#include "base/tree_copy.h"
#include "registry/scratch.h"
#include "trial/checkout.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A day's grace is for machines that have the same name. */
#define STALE_NS (86400 * 1000000000LL)

static int make_folder(struct mlops_registry *registry, struct workspace *workspace,
                       struct mlops_error *err)
{
    *workspace = (struct workspace){.layer = LAYER_NONE};
    scratch_sweep_folders(registry, STALE_NS);
    return scratch_make(registry, "test", &workspace->folder, err);
}

/* An ordinary folder: everybody reaches it by its path. */
static void take_tree(struct workspace *workspace)
{
    workspace->tree = path_join(workspace->folder, LAYER_TREE);
    workspace->place = xstrdup(workspace->tree);
    workspace->written = xstrdup(workspace->tree);
}

int workspace_make(struct mlops_registry *registry, const struct manifest *manifest,
                   struct workspace *workspace, struct mlops_error *err)
{
    TRY(make_folder(registry, workspace, err));
    if (!manifest)
        return MLOPS_OK;
    take_tree(workspace);
    int code = manifest_checkout(registry, manifest, workspace->tree, err);
    if (code)
        workspace_remove(workspace);
    return code;
}

static int lay_over(const struct checkout *checkout, struct workspace *workspace,
                    struct mlops_error *err)
{
    TRY(layer_make(checkout->tree, workspace->folder, &workspace->layer, err));
    workspace->tree = xprintf("/proc/self/fd/%d", workspace->layer.tree);
    workspace->place = path_join(workspace->folder, LAYER_TREE);
    workspace->written = path_join(workspace->folder, LAYER_WRITTEN);
    return MLOPS_OK;
}

static int copy_over(const struct checkout *checkout, struct workspace *workspace,
                     struct mlops_error *err)
{
    bool shared;
    struct stat status;
    take_tree(workspace);
    if (stat(checkout->tree, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", checkout->tree);
    TRY(directory_make(workspace->tree, status.st_mode & 07777, err));
    return tree_copy(checkout->tree, workspace->tree, &shared, err);
}

int workspace_make_over(const struct checkout *checkout, struct workspace *workspace,
                        struct mlops_error *err)
{
    if (checkout->kind == CHECKOUT_OWN)
        return workspace_make(checkout->registry, checkout->manifest, workspace, err);
    TRY(make_folder(checkout->registry, workspace, err));
    int code = checkout->kind == CHECKOUT_OVERLAY ? lay_over(checkout, workspace, err)
                                                  : copy_over(checkout, workspace, err);
    if (code)
        workspace_remove(workspace);
    return code;
}

void workspace_remove(struct workspace *workspace)
{
    struct mlops_error ignored = {0}; /* what stays is stale and removed by a later run */
    if (!workspace->folder)
        return;
    layer_close(&workspace->layer);
    (void)tree_remove(workspace->folder, &ignored);
    free(workspace->folder);
    free(workspace->tree);
    free(workspace->place);
    free(workspace->written);
    *workspace = (struct workspace){.layer = LAYER_NONE};
}

/* Before Linux 5.6 by names: nothing runs that could change them meanwhile. */
static int open_by_name(const char *tree, const char *name)
{
    _cleanup_(free_string) char *path = path_join(tree, name);
    _cleanup_(free_string) char *real = realpath(path, NULL);
    if (!real)
        return -1;
    _cleanup_(free_string) char *top = realpath(tree, NULL);
    if (!top || !str_starts(real, top) || real[strlen(top)] != '/') {
        errno = EXDEV;
        return -1;
    }
    return open(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

int workspace_open(const char *tree, const char *name)
{
    const struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    struct stat status;
    _cleanup_(fd_close) int folder = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    _cleanup_(fd_close) int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
    if (fd < 0 && errno == ENOSYS)
        fd = open_by_name(tree, name);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    int found = fd;
    fd = -1;
    return found;
}
