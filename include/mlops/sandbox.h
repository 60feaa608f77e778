/*
 * include/mlops/sandbox.h - what keeps a test suite apart from the machine that it runs on.
 */
#ifndef MLOPS_SANDBOX_H
#define MLOPS_SANDBOX_H
#include <mlops/error.h>
#include <stdbool.h>
MLOPS_BEGIN

/* What is wanted. */
enum mlops_sandbox_wish {
    MLOPS_SANDBOX_AUTO,   /* the best that this machine gives, with a warning where it is less */
    MLOPS_SANDBOX_STRICT, /* MLOPS_SANDBOX_FULL, or nothing is run */
    MLOPS_SANDBOX_NONE,   /* MLOPS_SANDBOX_LIMITS */
};

/* What is in force. All have the limits. */
enum mlops_sandbox_level {
    MLOPS_SANDBOX_LIMITS,     /* limits on time, memory, processes, disk and output, nothing left */
    MLOPS_SANDBOX_FILTER,     /* a filter of system calls, which also keeps the network away */
    MLOPS_SANDBOX_NAMESPACES, /* by bubblewrap no files, processes, network and rights but its own
                               */
    MLOPS_SANDBOX_FULL,       /* namespaces and the filter */
};

/* "limits", "filter", "namespaces", "full": static storage. */
MLOPS_API const char *mlops_sandbox_level_name(enum mlops_sandbox_level level);

/* What this machine gives. */
struct mlops_sandbox_check {
    enum mlops_sandbox_level level;
    char bubblewrap[MLOPS_MESSAGE_SIZE]; /* why there are no namespaces; empty where there are */
    char seccomp[MLOPS_MESSAGE_SIZE];    /* why there is no filter */
    bool memory_group, processes_group;  /* limits that the kernel holds, by a control group */
    char cgroup[MLOPS_MESSAGE_SIZE];     /* why it does not hold both */
    char hint[MLOPS_MESSAGE_SIZE];       /* what to do about it; empty where it is full */
};

/* Find out by trying. Never fails: the answer is the level. */
MLOPS_API void mlops_sandbox_check(struct mlops_sandbox_check *check);

MLOPS_END
#endif
