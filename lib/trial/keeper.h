/*
 * lib/trial/keeper.h - a process between us and a suite, to which everything that the suite
 * orphans falls (PR_SET_CHILD_SUBREAPER), so that nothing can leave: not by setsid, not by forking
 * twice. It ends when nothing descends from it any more, and ends all of it when we die.
 */
#ifndef TRIAL_KEEPER_H
#define TRIAL_KEEPER_H
#include "trial/cgroup.h"
#include "trial/layer.h"
#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

struct keeper_limit {
    int resource; /* RLIMIT_… */
    rlim_t value;
};

struct keeper_options {
    const char *const *argv;        /* argv[0] is a path */
    const char *directory;          /* where it starts, in its layer */
    const struct cgroup *group;     /* joined before, and ended; NULL: none */
    const struct layer *layer;      /* entered before; NULL: none */
    const char *const *environment; /* of the program */
    int input;                      /* becomes its stdin; 0: nothing is read there */
    int output, errors;             /* become its stdout and stderr */
    const int *inherited;           /* descriptors that it keeps under their numbers; -1 ends */
    const struct keeper_limit *limits;
    size_t limit_count;
    const struct sock_fprog *filter; /* seccomp, put on before the program starts; NULL: none */
};

struct keeper {
    pid_t pid;
    int report; /* readable when the command has ended */
};

/* Start it. Errors: MLOPS_NOT_FOUND no such program; MLOPS_IO. */
int keeper_start(const struct keeper_options *options, struct keeper *keeper,
                 struct mlops_error *err);

/* Has the command ended? Then `*status` is as waitpid says it; what it left may live on. Never
 * blocks. */
bool keeper_command_ended(struct keeper *keeper, int *status);

/* Ask it to end all that descends from it, and itself. */
void keeper_dismiss(const struct keeper *keeper);

/* Has it ended, and with it all? Then `*usage` is of everything. Never blocks. */
bool keeper_reap(struct keeper *keeper, struct rusage *usage);

#endif
