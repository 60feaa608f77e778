/*
 * lib/trial/process_tree.h - all that descends from one process, by /proc: how much of the machine
 * it uses, and signals to every one of it.
 */
#ifndef TRIAL_PROCESS_TREE_H
#define TRIAL_PROCESS_TREE_H
#include "base/util.h"
#include <sys/types.h>

struct tree_process {
    pid_t pid, parent;
    int64_t cpu_ns;     /* its own, and of the children that it has waited for */
    uint64_t anonymous; /* bytes of memory that no file stands behind; those that it shares with
                           its parent since a fork count in both */
    uint32_t threads;
    bool stopped;
};

/* Descendants of a process, without it. Zeroed is empty; the caller clears it. */
struct process_tree {
    struct tree_process *items;
    size_t count;
    int64_t root_cpu_ns; /* of the process itself and the children that it has waited for */
};
void process_tree_clear(struct process_tree *tree);

/* Look at what descends from `root` now. What cannot be read is left out: it has just ended. False:
 * there may be more, for the processes could not be listed. */
bool process_tree_read(pid_t root, struct process_tree *tree);

/* Bytes of memory that the whole tree uses, what is shared counted once: slower, by
 * smaps_rollup. */
uint64_t process_tree_memory(const struct process_tree *tree);

/* Threads of all processes of this machine that are of user `user`, about; false where they cannot
 * be counted. */
bool process_threads_of(uid_t user, uint64_t *threads);

/* Bytes on the disk of files that have no name any more and that processes of the tree have open,
 * on one of the file systems `devices`. */
uint64_t process_tree_unnamed(const struct process_tree *tree, const dev_t *devices, size_t count);

/* Kill all processes that were started with `entry`, "NAME=value", in their environment, as far as
 * they are ours to look at. */
void process_kill_marked(const char *entry);

/* Stop all that descends from `root`, so that nothing can escape by forking, and kill it. */
void process_tree_kill(pid_t root);

#endif
