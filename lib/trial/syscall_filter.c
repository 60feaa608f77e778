/*
 * lib/trial/syscall_filter.c - which system calls a suite may not make. What is denied follows the
 * default profile of container runtimes: mounts and namespaces, other processes' memory, keys,
 * modules, clocks, and the kernel interfaces where holes have been found most often.
 */
#include "trial/syscall_filter.h"
#include "base/dynload.h"
#include "base/file.h"
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM_MAX 65536 /* bytes; the kernel takes 4,096 instructions of 8 */

#define SECCOMP_FUNCTIONS(X)                                                                       \
    X(seccomp_init)                                                                                \
    X(seccomp_release)                                                                             \
    X(seccomp_rule_add_array)                                                                      \
    X(seccomp_syscall_resolve_name)                                                                \
    X(seccomp_export_bpf)

struct seccomp_api {
    SECCOMP_FUNCTIONS(DYNLOAD_MEMBER)
};

static int load(struct seccomp_api *api, struct mlops_error *err)
{
#define SYMBOL(function) {#function, offsetof(struct seccomp_api, function)},
    static const struct dynload_symbol symbols[] = {SECCOMP_FUNCTIONS(SYMBOL)};
    static const char *const sonames[] = {"libseccomp.so.2", NULL};
    return dynload_open(sonames, "libseccomp2", symbols, ARRAY_LENGTH(symbols), api, err);
}

/* Refused with EPERM; names that this libseccomp or this machine does not know are passed over. */
static const char *const refused[] = {
    /* the tree of files, and other roots */
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "quotactl",
    "quotactl_fd", "open_by_handle_at", "name_to_handle_at", "fanotify_init",
    /* namespaces; clone is below */
    "unshare", "setns",
    /* other processes */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    /* keys, programs in the kernel, its own state */
    "add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "init_module", "finit_module", "delete_module",
    "create_module", "kexec_load", "kexec_file_load", "reboot", "acct", "syslog", "nfsservctl",
    "lookup_dcookie", "vhangup", "iopl", "ioperm", "modify_ldt", "uselib", "ustat", "_sysctl",
    /* the clock */
    "settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname"};

struct maker {
    struct seccomp_api api;
    scmp_filter_ctx context;
    int failure; /* the first, a negative errno */
};

static void refuse(struct maker *maker, uint16_t number, const char *name,
                   const struct scmp_arg_cmp *when)
{
    int call = maker->api.seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR)
        return;
    int code = maker->api.seccomp_rule_add_array(maker->context, SCMP_ACT_ERRNO(number), call,
                                                 when ? 1 : 0, when);
    if (code < 0 && code != -EDOM && maker->failure == 0) /* EDOM: not on this machine */
        maker->failure = code;
}

/* New namespaces by clone; clone3 has its flags in memory, where no filter can look, and the C
 * libraries fall back to clone where there is no clone3. */
static void refuse_namespaces(struct maker *maker)
{
    static const unsigned flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                     CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
        refuse(maker, EPERM, "clone",
               &(struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = flags[i],
                                      .datum_b = flags[i]});
    refuse(maker, ENOSYS, "clone3", NULL);
}

/* Typing into the terminal of whoever started us (CVE-2017-5226). */
static void refuse_terminals(struct maker *maker)
{
    static const unsigned long requests[] = {TIOCSTI, TIOCLINUX};
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
        refuse(maker, EPERM, "ioctl",
               &(struct scmp_arg_cmp){.arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = 0xffffffff,
                                      .datum_b = requests[i]});
}

/* Only the families that programs speak; a socket of a virtual machine (vsock) leads past every
 * namespace. */
static void refuse_sockets(struct maker *maker, bool network)
{
    for (int family = AF_UNSPEC + 1; family < AF_MAX; family++) {
        bool internet = family == AF_INET || family == AF_INET6;
        if (family == AF_UNIX || family == AF_NETLINK || (internet && network))
            continue;
        refuse(maker, internet ? EACCES : EPERM, "socket",
               &(struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)family});
    }
    refuse(maker, EPERM, "socket",
           &(struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_GE, .datum_a = AF_MAX});
}

/* libseccomp writes into a descriptor. */
static int take_program(struct maker *maker, struct buffer *program, struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = memfd_create("seccomp", MFD_CLOEXEC);
    size_t got;
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a file in memory");
    int code = maker->failure ? maker->failure
                              : maker->api.seccomp_export_bpf(maker->context, fd);
    if (code < 0)
        return mlops_fail_errno(err, MLOPS_IO, -code, "make a filter of system calls");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read a filter of system calls");
    buffer_reset(program);
    buffer_reserve(program, PROGRAM_MAX);
    TRY(fd_read_full(fd, program->data, PROGRAM_MAX, &got, err));
    program->length = got;
    return MLOPS_OK;
}

int syscall_filter_make(bool network, struct buffer *program, struct mlops_error *err)
{
    struct maker maker = {0};
    TRY(load(&maker.api, err));
    maker.context = maker.api.seccomp_init(SCMP_ACT_ALLOW);
    if (!maker.context)
        return mlops_fail(err, MLOPS_IO, "libseccomp makes no filter for this machine");
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        refuse(&maker, EPERM, refused[i], NULL);
    refuse_namespaces(&maker);
    refuse_terminals(&maker);
    refuse_sockets(&maker, network);
    int code = take_program(&maker, program, err);
    maker.api.seccomp_release(maker.context);
    return code;
}
