/*
 * lib/trial/sandbox.h - the command line of bubblewrap and the filter of system calls that keep a
 * suite apart, as far as this machine gives them. docs/testing.md, "The sandbox", describes what a
 * suite sees.
 */
#ifndef TRIAL_SANDBOX_H
#define TRIAL_SANDBOX_H
#include "base/buffer.h"
#include "trial/cgroup.h"
#include <linux/filter.h>
#include <mlops/sandbox.h>

/* Where a suite finds itself in a sandbox with namespaces. */
#define SANDBOX_TREE "/bundle"
#define SANDBOX_HOME "/home/suite"

/* What was found out about this machine, for all suites of a run. Zeroed is the level of limits. */
struct sandbox {
    enum mlops_sandbox_level level;
    char *bubblewrap;            /* its path; NULL: not used */
    struct buffer filter;        /* instructions; none: no filter */
    struct buffer closed_filter; /* that keep the network away besides */
    struct cgroup_place groups;  /* where each suite gets a control group */
    struct mlops_sandbox_check check;
};

/* Errors: MLOPS_IO strict is wanted, and this machine does not give it. The caller clears it. */
int sandbox_open(enum mlops_sandbox_wish wish, struct sandbox *sandbox, struct mlops_error *err);
void sandbox_clear(struct sandbox *sandbox);

/* What one suite needs. */
struct sandbox_suite {
    const char *tree, *home, *scratch; /* folders of its own: SANDBOX_TREE, SANDBOX_HOME, /tmp */
    const char *resolver; /* stands for /etc/resolv.conf where there is no network; or NULL */
    bool network;
    const char *command;      /* for the shell */
    char *const *environment; /* of the suite, to find programs by */
    uint64_t shared_bytes;    /* of /dev/shm; 0: any */
    int filter_fd;            /* holds the filter; -1: none */
    int status_fd;            /* gets bubblewrap's status; -1: none */
    int block_fd;             /* bubblewrap waits until it can be read; -1: none */
};

/* The arguments of the process that runs the suite, NULL-terminated; argv[0] is a path. The caller
 * frees with strings_free. */
char **sandbox_arguments(const struct sandbox *sandbox, const struct sandbox_suite *suite);

/* The filter that the keeper puts on, for a suite that has a network or none; NULL where bubblewrap
 * does that or there is none. `program` is where it is put. */
const struct sock_fprog *sandbox_filter(const struct sandbox *sandbox, bool network,
                                        struct sock_fprog *program);

#endif
