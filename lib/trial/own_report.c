/* lib/trial/own_report.c - "42 passed, 1 failed": what a suite says of itself. */
#include "trial/own_report.h"
#include "base/file.h"
#include "base/path.h"
#include "trial/counts.h"
#include "trial/supervise.h"

#define REPORT_MAX (64U << 20) /* bytes */

static bool is_tap(const struct trial *trial)
{
    return str_equal(trial->suite->execution.report, EXECUTION_REPORT_TAP);
}

int own_report_prepare(const struct trial *trial, struct mlops_error *err)
{
    if (!trial->suite->execution.report || is_tap(trial))
        return MLOPS_OK;
    _cleanup_(free_string) char *path = path_join(trial->tree, trial->suite->execution.report);
    return tree_remove(path, err);
}

/* What is read is a file in its own folder, whatever it left under that name. */
static bool find(const struct trial *trial, const char *folder, char **path)
{
    if (is_tap(trial)) {
        *path = path_join(folder, SUPERVISE_STDOUT);
        return true;
    }
    _cleanup_(fd_close) int fd = workspace_open(trial->tree, trial->suite->execution.report);
    *path = path_join(trial->tree, trial->suite->execution.report);
    return fd >= 0;
}

static int read_counts(const struct trial *trial, const char *path,
                       struct mlops_test_counts *counts, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    const char *name = is_tap(trial) ? "its output" : trial->suite->execution.report;
    TRY(file_read(path, REPORT_MAX, &text, err));
    return (is_tap(trial) ? counts_of_tap : counts_of_junit)(text.data ? text.data : "",
                                                             text.length, name, counts, err);
}

static void fail(const struct trial *trial, enum mlops_suite_status status, const char *message)
{
    str_copy(trial->result->reason, sizeof(trial->result->reason), "report");
    trial_set_status(trial, status, "%s", message);
}

/* What failed says how much of it, and what passed may be wrong about that. */
static void tell_counts(const struct trial *trial)
{
    const struct mlops_test_counts *counts = &trial->result->counts;
    unsigned long long failed = (unsigned long long)(counts->failed + counts->errors);
    _cleanup_(free_string) char *text =
        xprintf("%llu passed, %llu failed", (unsigned long long)counts->passed, failed);
    if (trial->result->status == MLOPS_SUITE_PASSED && failed > 0) {
        _cleanup_(free_string) char *message = xprintf("%s, though it exits with 0", text);
        fail(trial, MLOPS_SUITE_FAILED, message);
    } else if (str_equal(trial->result->reason, "exit")) {
        _cleanup_(free_string) char *message = xprintf("%s: %s", trial->result->message, text);
        trial_set_status(trial, trial->result->status, "%s", message);
    }
}

void own_report_judge(const struct trial *trial, const char *folder)
{
    struct mlops_error unreadable = {0};
    _cleanup_(free_string) char *path = NULL;
    bool passed = trial->result->status == MLOPS_SUITE_PASSED;
    if (!trial->suite->execution.report)
        return;
    if (!find(trial, folder, &path)) {
        _cleanup_(free_string) char *message =
            xprintf("it wrote no file '%s'", trial->suite->execution.report);
        if (passed) /* who failed before the report says enough */
            fail(trial, MLOPS_SUITE_ERROR, message);
    } else if (read_counts(trial, path, &trial->result->counts, &unreadable)) {
        trial->result->counts = (struct mlops_test_counts){0};
        if (passed)
            fail(trial, MLOPS_SUITE_ERROR, unreadable.message);
    } else
        tell_counts(trial);
}
