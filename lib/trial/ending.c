/*
 * lib/trial/ending.c - a crash, a failed assertion, and each limit told apart, for whoever reads
 * why a suite did not pass.
 */
#include "trial/ending.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where the project file says nothing: what no suite needs, and what a machine can stand. */
#define PROCESSES_DEFAULT 4096
#define DISK_DEFAULT (20ULL * 1000000000)
#define OUTPUT_DEFAULT (64ULL * 1000000)
#define MEMORY_SHARE 0.9 /* of the machine's */

void ending_limits(const struct project_suite *suite, struct execution_limits *limits)
{
    *limits = suite->execution.limits;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE),
         cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!limits->cpu_ns && __builtin_mul_overflow(suite->timeout_ns, cores, &limits->cpu_ns))
        limits->cpu_ns = INT64_MAX;
    if (!limits->memory_bytes)
        limits->memory_bytes = (uint64_t)(MEMORY_SHARE * (double)pages * (double)page);
    if (!limits->processes)
        limits->processes = PROCESSES_DEFAULT;
    if (!limits->disk_bytes)
        limits->disk_bytes = DISK_DEFAULT;
    if (!limits->output_bytes)
        limits->output_bytes = OUTPUT_DEFAULT;
}

/* "2 GB", "1.5 MB", "900 bytes". */
static const char *size_text(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < ARRAY_LENGTH(units); unit++)
        value /= 1000;
    (void)snprintf(text, 32, "%.4g %s", value, units[unit]);
    return text;
}

static void set_reason(const struct trial *trial, const char *reason)
{
    str_copy(trial->result->reason, sizeof(trial->result->reason), reason);
}

/* It ended by itself: with what else was seen that may be why. */
static void judge_exit(const struct trial *trial, const struct execution_limits *limits,
                       const struct supervise_result *ended)
{
    char size[32], room[128], processes[128];
    int status = ended->exit_status;
    const char *why = "";
    if (status == 0)
        return;
    if (status == 127 || status == 126) {
        set_reason(trial, "command");
        trial_set_status(trial, MLOPS_SUITE_ERROR, "command %s (exit status %d): %s",
                         status == 127 ? "not found" : "cannot be run", status, trial->suite->run);
        return;
    }
    if (ended->network_refused > 0) {
        set_reason(trial, "network");
        why = "; it tried to reach the network, which is closed to it";
    } else if (ended->wrote_outside) {
        set_reason(trial, "write");
        why = "; it tried to write outside its folder, where everything is read-only";
    } else if (ended->found_no_room) {
        set_reason(trial, "disk");
        (void)snprintf(room, sizeof(room),
                       "; it found no room for a file beyond its disk limit "
                       "of %s",
                       size_text(limits->disk_bytes, size));
        why = room;
    } else if (ended->found_no_process) {
        set_reason(trial, "processes");
        (void)snprintf(processes, sizeof(processes),
                       "; it could start no more than its limit of "
                       "%llu processes and threads",
                       (unsigned long long)limits->processes);
        why = processes;
    } else
        set_reason(trial, "exit");
    trial_set_status(trial, MLOPS_SUITE_FAILED, "exit status %d%s", status, why);
}

static void judge_crash(const struct trial *trial, int signal)
{
    const char *text = sigdescr_np(signal);
    set_reason(trial, "crash");
    trial_set_status(trial, MLOPS_SUITE_FAILED, "crashed: signal %d (%s)", signal,
                     text ? text : "unknown");
}

void ending_judge(const struct trial *trial, const struct execution_limits *limits,
                  const struct supervise_result *ended)
{
    static const char *const reasons[] = {
        [ENDING_EXIT] = "",
        [ENDING_SIGNAL] = "crash",
        [ENDING_OUT_OF_MEMORY] = "memory",
        [ENDING_TIMEOUT] = "timeout",
        [ENDING_CPU] = "cpu",
        [ENDING_MEMORY] = "memory",
        [ENDING_PROCESSES] = "processes",
        [ENDING_DISK] = "disk",
        [ENDING_OUTPUT] = "output",
    };
    char size[32];
    set_reason(trial, reasons[ended->ending]);
    switch (ended->ending) {
    case ENDING_EXIT:
        judge_exit(trial, limits, ended);
        break;
    case ENDING_SIGNAL:
        judge_crash(trial, ended->signal);
        break;
    case ENDING_OUT_OF_MEMORY:
        trial_set_status(trial, MLOPS_SUITE_FAILED,
                         "out of memory: the kernel ended it, for the machine had none left");
        break;
    case ENDING_TIMEOUT:
        trial_set_status(trial, MLOPS_SUITE_TIMEOUT, "stopped at its time limit of %g s",
                         (double)trial->suite->timeout_ns / 1e9);
        break;
    case ENDING_CPU:
        trial_set_status(trial, MLOPS_SUITE_TIMEOUT, "stopped at its limit of %g s of CPU time",
                         (double)limits->cpu_ns / 1e9);
        break;
    case ENDING_MEMORY:
        trial_set_status(trial, MLOPS_SUITE_FAILED, "out of memory: stopped at its limit of %s",
                         size_text(limits->memory_bytes, size));
        break;
    case ENDING_PROCESSES:
        trial_set_status(trial, MLOPS_SUITE_FAILED,
                         "stopped at its limit of %llu processes and threads",
                         (unsigned long long)limits->processes);
        break;
    case ENDING_DISK:
        trial_set_status(trial, MLOPS_SUITE_FAILED, "stopped at its disk limit of %s",
                         size_text(limits->disk_bytes, size));
        break;
    case ENDING_OUTPUT:
        trial_set_status(trial, MLOPS_SUITE_FAILED, "stopped after it had printed more than %s",
                         size_text(limits->output_bytes, size));
        break;
    }
}
