/*
 * lib/base/process.h - run a program to its end, with a time limit, and take what it prints.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H
#include "base/buffer.h"
#include <mlops/observer.h>

struct process_options {
    const char *const *argv;               /* NULL-terminated; argv[0] is looked for on PATH */
    const char *directory;                 /* NULL: the present one */
    const char *const *environment;        /* NULL: inherited */
    const void *input;                     /* what it reads from stdin; NULL: nothing */
    size_t input_length;
    int64_t timeout_ns;                    /* 0: none */
    size_t output_max;                     /* bytes of output to keep, the last ones; 0: 64 KiB */
    const struct mlops_observer *observer; /* asked now and then whether to stop; may be NULL */
};

struct process_result {
    int exit_status; /* 0…255, -1 where a signal ended it */
    int signal;      /* that ended it, 0 if none */
    bool timed_out;
    int64_t wall_ns;
    struct buffer output; /* stdout and stderr together, in the order they came, the tail */
};

/*
 * Run in a process group of its own with stdin from `input`, else /dev/null; at the time limit, on
 * cancellation and at the end the whole group gets SIGTERM where it still lives and SIGKILL two
 * seconds later, so that nothing is left. The caller clears `result`.
 * Errors: MLOPS_NOT_FOUND no such program; MLOPS_CANCELLED; MLOPS_IO.
 */
int process_run(const struct process_options *options, struct process_result *result,
                struct mlops_error *err);
void process_result_clear(struct process_result *result);

/* The environment of this process with `more`, "NAME=VALUE" and NULL-terminated, in the place of
 * what has these names. The caller frees with strings_free. */
char **process_environment(const char *const *more);

#endif
