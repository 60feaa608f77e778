/*
 * lib/trial/supervision.h - a suite's command while it runs: what its start (launch.c) hands over
 * to those who watch it (supervise.c).
 */
#ifndef TRIAL_SUPERVISION_H
#define TRIAL_SUPERVISION_H
#include "trial/keeper.h"
#include "trial/network_count.h"
#include "trial/supervise.h"

/* Of a second stream the tail comes where it was read: as it was written, within a moment. */
struct stream {
    int pipe; /* -1: ended */
    int file;
};

/* Of those in a namespace two are bubblewrap's. */
#define NAMESPACE_PROCESSES 2

struct supervision {
    struct supervise_result result;
    const struct sandbox *sandbox;
    struct execution_limits limits;
    int64_t timeout_ns, started_ns, looked_ns, disk_looked_ns;
    int64_t look_cost_ns, disk_cost_ns;
    char *places[3];  /* whose disk usage counts: tree, home, scratch */
    dev_t devices[2]; /* that these are on */
    char *mark; /* what all it starts has in its environment, outside of namespaces; or NULL */
    uint64_t disk_before;
    uint64_t disk_taken;   /* of the whole disk, when it was looked at last */
    uint64_t kills_before; /* of the kernel for want of memory, on this machine */
    size_t tail_max;
    struct stream streams[2];
    struct cgroup group;
    struct keeper keeper;
    int status_pipe, block_pipe; /* from and to bubblewrap; -1: none */
    struct buffer status;
    pid_t init;  /* process 1 of the namespace, as we see it; 0: none */
    int init_fd; /* it, whoever has its number later; -1: none */
    struct network_count network;
    bool command_ended, stopping, killed, ended;
    int64_t command_ended_ns, stopping_ns;
};

/* Make its folders and pipes and start it. `supervision` has what supervise_start puts there.
 * Errors: MLOPS_IO. */
int launch(struct supervision *supervision, const struct supervise_options *options,
           struct mlops_error *err);

/* Bytes on the disk in its folders beyond those that were there before it began. */
uint64_t supervision_disk(const struct supervision *supervision);
/* Processes that the kernel of this machine has killed for want of memory, so far. */
uint64_t supervision_memory_kills(void);

#endif
