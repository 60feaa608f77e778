/*
 * lib/trial/cgroup.h - a control group for all processes of one suite, where this machine lets us
 * make one: the kernel itself holds the limits then, says for certain that memory was the reason,
 * and ends all of the group at once. See cgroup-v2 in the kernel's documentation. Of version 1 only
 * the group that counts processes is used, where version 2 does not.
 */
#ifndef TRIAL_CGROUP_H
#define TRIAL_CGROUP_H
#include "base/util.h"
#include <mlops/error.h>

/* Where groups may be made. Zeroed is nowhere. */
struct cgroup_place {
    char *path;             /* of version 2 */
    bool memory, processes; /* which limits the kernel holds there */
    char *old_path;         /* of version 1, where that holds the limit of processes; or NULL */
};

/*
 * Find it: our own group, or the one that it is in, where we may make others and move to them.
 * `why` gets why there is none, or none with limits; empty where both are held.
 */
void cgroup_find(struct cgroup_place *place, char *why, size_t why_size);
void cgroup_place_clear(struct cgroup_place *place);

/* The folder of the group that a process is in, by the texts of its /proc/PID/mountinfo and
 * /proc/PID/cgroup: of version 2, or of the `controller` of version 1 that is not NULL; NULL where
 * that is not mounted. `*top` is the folder above which there are no more. The caller frees both.
 */
char *cgroup_folder(const char *mountinfo, const char *cgroup, const char *controller, char **top);

struct cgroup {
    int folder, old_folder; /* of version 2, and of version 1; -1: none */
    char *path, *old_path;
    bool memory, processes; /* limits that hold in it */
};
#define CGROUP_NONE ((struct cgroup){.folder = -1, .old_folder = -1})

struct cgroup_limits {
    uint64_t memory_bytes, processes; /* processes and threads */
};

/* Make a group with these limits; none where `place` is nowhere. Errors: MLOPS_IO. */
int cgroup_make(const struct cgroup_place *place, const struct cgroup_limits *limits,
                struct cgroup *group, struct mlops_error *err);

/* Move this process into it, and what it will start: only what is async-signal-safe is called.
 * True also where there is none. */
bool cgroup_join(const struct cgroup *group);

/* End all that is in it, at once (Linux 5.14). Async-signal-safe. */
void cgroup_kill(const struct cgroup *group);

/* What its limits did so far. */
struct cgroup_events {
    uint64_t memory_reached; /* times that its limit of memory could not be kept otherwise */
    uint64_t memory_kills; /* processes of it killed for want of memory, its own or the machine's */
    uint64_t forks_refused; /* times that its limit of processes was reached */
};
void cgroup_look(const struct cgroup *group, struct cgroup_events *events);

/* Remove it where nothing runs in it any more: async-signal-safe. */
void cgroup_forget(const struct cgroup *group);

/* Remove it; nothing runs in it any more. */
void cgroup_remove(struct cgroup *group);

#endif
