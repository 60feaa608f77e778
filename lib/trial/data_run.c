/* lib/trial/data_run.c - a data suite: its thread, and its verdict in words. */
#include "trial/data_run.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "quality/quality.h"
#include <errno.h>
#include <pthread.h>

#define NAMED_MAX 3 /* unmet expectations in a suite's message */

struct data_run {
    struct quality *quality;
    char *folder;
    pthread_t thread;
    bool started;
    atomic_bool stop, ended;
    int64_t begun_ns, ended_ns;
    int code;
    struct mlops_error err;
};

static void *run_thread(void *argument)
{
    struct data_run *run = argument;
    run->code = quality_run(run->quality, &run->stop, &run->err);
    run->ended_ns = clock_monotonic_ns();
    atomic_store(&run->ended, true);
    return NULL;
}

/* What is wrong with the bundle's data, not with the machine, is an answer. */
static bool is_verdict(int code)
{
    return code == MLOPS_INVALID || code == MLOPS_NOT_FOUND;
}

/* The private folder's name says nothing to the reader. */
static void set_error(const struct trial *trial, const char *folder, const struct mlops_error *err)
{
    _cleanup_(free_string) char *prefix = xprintf("%s/", folder);
    const char *at = strstr(err->message, prefix);
    int before = at ? (int)(at - err->message) : 0;
    const char *after = at ? at + strlen(prefix) : err->message;
    trial_set_status(trial, MLOPS_SUITE_ERROR, "%.*s%s%s%s", before, err->message, after,
                     *err->hint ? "; " : "", err->hint);
}

int data_run_start(const struct trial *trial, const struct manifest *manifest, const char *folder,
                   struct data_run **run, struct mlops_error *err)
{
    struct data_run *made = xcalloc(1, sizeof(*made));
    struct mlops_error absent = {0};
    *run = made;
    made->folder = xstrdup(folder);
    made->begun_ns = clock_monotonic_ns();
    trial->result->status = MLOPS_SUITE_PASSED;
    int code = quality_open(trial->registry, manifest, &trial->suite->expectations, folder,
                            &made->quality, &absent);
    if (is_verdict(code)) {
        set_error(trial, folder, &absent);
        data_run_free(TAKE_PTR(*run));
        return MLOPS_OK;
    }
    if (code)
        *err = absent;
    TRY(code);
    int failure = pthread_create(&made->thread, NULL, run_thread, made);
    if (failure)
        return mlops_fail_errno(err, MLOPS_IO, failure, "start a thread");
    made->started = true;
    return MLOPS_OK;
}

bool data_run_ended(const struct data_run *run)
{
    return atomic_load(&run->ended);
}

static void join(struct data_run *run)
{
    if (run->started)
        (void)pthread_join(run->thread, NULL); /* it is there, and joined once */
    run->started = false;
}

/* "2 of 9 expectations are not met: amount: from 0 to 1 (3 of …); …" */
static void judge(const struct trial *trial)
{
    struct mlops_suite_result *result = trial->result;
    _cleanup_(buffer_clear) struct buffer text = {0};
    size_t failed = 0;
    for (size_t i = 0; i < result->expectation_count; i++) {
        const struct mlops_expectation_result *one = &result->expectations[i];
        if (!one->met && failed++ < NAMED_MAX)
            buffer_printf(&text, "%s%s (%s)", text.length ? "; " : "", one->name, one->detail);
    }
    result->counts = (struct mlops_test_counts){
        .known = true, .passed = result->expectation_count - failed, .failed = failed};
    if (failed > 0)
        trial_set_status(trial, MLOPS_SUITE_FAILED, "%zu of %zu expectations are not met: %s%s",
                         failed, result->expectation_count, text.data,
                         failed > NAMED_MAX ? "; …" : "");
}

int data_run_finish(const struct trial *trial, struct data_run *run, struct mlops_error *err)
{
    struct mlops_suite_result *result = trial->result;
    join(run);
    result->seconds = (double)(run->ended_ns - run->begun_ns) / 1e9;
    if (is_verdict(run->code)) {
        set_error(trial, run->folder, &run->err);
        return MLOPS_OK;
    }
    if (run->code)
        *err = run->err;
    TRY(run->code);
    quality_take(run->quality, &result->expectations, &result->expectation_count,
                 &trial->outcome->until_ns);
    judge(trial);
    return MLOPS_OK;
}

void data_run_free(struct data_run *run)
{
    if (!run)
        return;
    atomic_store(&run->stop, true);
    join(run);
    quality_free(run->quality);
    free(run->folder);
    free(run);
}
