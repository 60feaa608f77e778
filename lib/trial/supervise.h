/*
 * lib/trial/supervise.h - one command run in a sandbox under limits, to an end that has a reason.
 *
 * Nothing here blocks but supervise_wait, so that one thread runs many at once.
 */
#ifndef TRIAL_SUPERVISE_H
#define TRIAL_SUPERVISE_H
#include "bundle/execution.h"
#include "trial/sandbox.h"
#include "trial/workspace.h"

/* Why it ended. */
enum ending {
    ENDING_EXIT,          /* by itself, with an exit status */
    ENDING_SIGNAL,        /* by a signal that nobody here sent: a crash */
    ENDING_OUT_OF_MEMORY, /* by the kernel, which had no memory left */
    ENDING_TIMEOUT,       /* all below: stopped at that limit */
    ENDING_CPU,
    ENDING_MEMORY,
    ENDING_PROCESSES,
    ENDING_DISK,
    ENDING_OUTPUT,
};

/* Descriptors that the caller closes: what is written to `ask` comes to the command's standard
 * input, and `answer` reads what it prints to its standard output. */
struct conversation {
    int ask, answer; /* -1: none yet; `ask` is a socket */
};

struct supervise_options {
    const struct sandbox *sandbox;
    const struct workspace *workspace; /* where it runs */
    const char *folder;                /* private, for what is made here: home, tmp, stdout, … */
    const char *command;
    char *const *environment;
    int64_t timeout_ns;
    struct execution_limits limits; /* none of them 0 */
    bool network;
    size_t tail_max;                   /* of what both streams print, kept */
    struct conversation *conversation; /* NULL: its input is empty, and its output is kept */
};

struct supervise_result {
    enum ending ending;
    int exit_status; /* -1 where a signal ended it or it was stopped */
    int signal;
    int64_t wall_ns, cpu_ns;
    uint64_t memory_bytes;              /* the most that was seen of all its processes together */
    uint64_t output_bytes;              /* both streams */
    uint64_t network_refused;           /* packets that found no way out, where that was counted */
    bool memory_group, processes_group; /* the kernel held these limits, by a control group */
    /* What it said itself: that a file system is read-only, which none of its own is; that no more
     * processes can be started; that a file grew too large. */
    bool wrote_outside, found_no_process, found_no_room;
    struct buffer tail; /* both streams as they came */
};

struct supervision;

/* Errors: MLOPS_IO. The caller frees `*supervision`, also while it runs. */
int supervise_start(const struct supervise_options *options, struct supervision **supervision,
                    struct mlops_error *err);

/* Take what it printed, look at its limits. `*ended`: it and all that it started has ended, and its
 * result stands. */
int supervise_step(struct supervision *supervision, bool *ended, struct mlops_error *err);

/* Wait until one of `count` has something to be done about, at most `wait_ms`. */
void supervise_wait(struct supervision *const *supervisions, size_t count, int wait_ms);

/* Owned by the supervision. */
const struct supervise_result *supervise_result(const struct supervision *supervision);

/* The last line with something in it that it printed so far, cut to `size`; "" where there is
 * none. */
void supervise_last_line(const struct supervision *supervision, char *line, size_t size);

/* What it printed: files in its folder. */
#define SUPERVISE_STDOUT "stdout"
#define SUPERVISE_STDERR "stderr"

/* Ends what still runs, and waits for that. */
void supervise_free(struct supervision *supervision);
DEFINE_CLEANUP(struct supervision, supervise_free)

#endif
