/*
 * lib/trial/layer.c - an overlay mounted by a child that ends at once: it hands over descriptors of
 * what it made. As an ordinary user it takes a user namespace to be allowed to, and the overlay
 * keeps its marks in attributes of users ("userxattr" of overlayfs in the kernel's documentation).
 */
#include "trial/layer.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HANDED 3 /* descriptors: tree, mount, user */

/* What the child works from, ready before the fork: afterwards it may only make system calls. */
struct plan {
    const char *folder;
    char *options;           /* for an ordinary user */
    char *root_options;      /* with rights of our own */
    char uids[64], gids[64]; /* the maps of a user namespace in which we are who we are */
    int socket;
};

/* What it says. */
struct answer {
    int failure; /* errno; 0: descriptors come with it */
    int count;
};

/* ---- in the child ---------------------------------------------------------------------------- */

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t length = strlen(text);
    bool good = fd >= 0 && write(fd, text, length) == (ssize_t)length;
    if (fd >= 0)
        (void)close(fd);
    return good;
}

/* A mount namespace; `*with_user` says that it took a user namespace, too. */
static bool leave_namespaces(const struct plan *plan, bool *with_user)
{
    *with_user = unshare(CLONE_NEWNS) < 0;
    if (*with_user &&
        (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || !write_text("/proc/self/setgroups", "deny") ||
         !write_text("/proc/self/uid_map", plan->uids) ||
         !write_text("/proc/self/gid_map", plan->gids)))
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool hand_over(int socket, const struct answer *answer, const int *fds)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)answer, .iov_len = sizeof(*answer)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * HANDED)];
    } control = {.space = {0}};
    size_t size = sizeof(int) * (size_t)answer->count;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (answer->count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(size)};
        memcpy(CMSG_DATA(header), fds, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

static _Noreturn void become_mounter(const struct plan *plan)
{
    int fds[HANDED] = {-1, -1, -1};
    bool with_user = false;
    struct answer answer = {0};
    if (leave_namespaces(plan, &with_user) && chdir(plan->folder) == 0 &&
        mount("overlay", LAYER_TREE, "overlay", MS_NOSUID | MS_NODEV,
              with_user ? plan->options : plan->root_options) == 0) {
        fds[0] = open(LAYER_TREE, O_PATH | O_DIRECTORY | O_CLOEXEC);
        fds[1] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        fds[2] = with_user ? open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC) : -1;
    }
    answer.count = with_user ? 3 : 2;
    for (int i = 0; i < answer.count; i++)
        if (fds[i] < 0)
            answer.failure = errno ? errno : EIO;
    if (answer.failure)
        answer.count = 0;
    _exit(hand_over(plan->socket, &answer, fds) ? 0 : 1);
}

/* ---- in ours --------------------------------------------------------------------------------- */

static int take_over(int socket, struct layer *layer, struct mlops_error *err)
{
    struct answer answer = {.failure = EPIPE};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof(answer)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * HANDED)];
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    ssize_t n;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    const struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (n != (ssize_t)sizeof(answer) || answer.failure || !header ||
        header->cmsg_len != CMSG_LEN(sizeof(int) * (size_t)answer.count))
        return mlops_fail_errno(err, MLOPS_IO, answer.failure, "mount a layer over the checkout");
    int *const places[HANDED] = {&layer->tree, &layer->mount, &layer->user};
    for (int i = 0; i < answer.count; i++)
        memcpy(places[i], CMSG_DATA(header) + sizeof(int) * (size_t)i, sizeof(int));
    return MLOPS_OK;
}

static int run_mounter(struct plan *plan, struct layer *layer, struct mlops_error *err)
{
    int ends[2], status;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a pair of sockets");
    plan->socket = ends[1];
    pid_t child = fork();
    int failure = errno;
    if (child == 0)
        become_mounter(plan);
    fd_close(&ends[1]);
    int code = child < 0 ? mlops_fail_errno(err, MLOPS_IO, failure, "start a process")
                         : take_over(ends[0], layer, err);
    fd_close(&ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return code;
}

/* The marks of an overlay are attributes; without them it would do, until a suite removes a folder
 * and makes it again. */
static int check_attributes(const char *folder, struct mlops_error *err)
{
    if (setxattr(folder, "user.mlops", "", 0, 0) == 0 && removexattr(folder, "user.mlops") == 0)
        return MLOPS_OK;
    return mlops_fail_errno(err, MLOPS_IO, errno, "give '%s' an attribute", folder);
}

/* Its folders; the merged one has the mode of `lower`. */
static int make_folders(const char *lower, const char *folder, struct mlops_error *err)
{
    static const char *const names[] = {LAYER_TREE, LAYER_WRITTEN, "work"};
    struct stat status;
    if (stat(lower, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", lower);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        _cleanup_(free_string) char *path = path_join(folder, names[i]);
        TRY(directory_make(path, status.st_mode & 07777, err));
        if (str_equal(names[i], LAYER_WRITTEN))
            TRY(check_attributes(path, err));
    }
    return MLOPS_OK;
}

int layer_make(const char *lower, const char *folder, struct layer *layer, struct mlops_error *err)
{
    *layer = LAYER_NONE;
    struct plan plan = {.folder = folder};
    _cleanup_(free_string) char *parent = path_parent(lower);
    _cleanup_(free_string) char *places =
        xprintf("lowerdir=../%s/%s,upperdir=" LAYER_WRITTEN ",workdir=work", path_base(parent),
                path_base(lower));
    (void)snprintf(plan.uids, sizeof(plan.uids), "%ju %ju 1\n", (uintmax_t)geteuid(),
                   (uintmax_t)geteuid());
    (void)snprintf(plan.gids, sizeof(plan.gids), "%ju %ju 1\n", (uintmax_t)getegid(),
                   (uintmax_t)getegid());
    TRY(make_folders(lower, folder, err));
    plan.options = xprintf("%s,volatile,userxattr", places);
    plan.root_options = xprintf("%s,volatile,redirect_dir=on", places);
    int code = run_mounter(&plan, layer, err);
    free(plan.options);
    free(plan.root_options);
    if (code)
        layer_close(layer);
    return code;
}

void layer_close(struct layer *layer)
{
    fd_close(&layer->tree);
    fd_close(&layer->mount);
    fd_close(&layer->user);
}

bool layer_enter(const struct layer *layer)
{
    if (layer->tree < 0)
        return true;
    return (layer->user < 0 || setns(layer->user, CLONE_NEWUSER) == 0) &&
           setns(layer->mount, CLONE_NEWNS) == 0;
}
