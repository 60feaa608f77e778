/*
 * lib/trial/schedule.c - suites started in the order of the project file as places become free.
 * One thread looks after all of them: what runs are processes.
 */
#include "trial/schedule.h"
#include "registry/registry.h"
#include "trial/supervise.h"
#include "trial/verdict.h"
#include "trial/workspace.h"

#define JOBS_MAX 256
#define WAIT_MS 50

/* A place in which suites run, one after the other. */
struct slot {
    bool taken;
    size_t suite;
    struct trial trial;
    struct workspace workspace;
    struct supervision *supervision;
};

struct run {
    const struct schedule *schedule;
    struct slot *slots;
    size_t slot_count, taken;
    size_t next;        /* suite that is started next */
    size_t done, total; /* that were to run */
};

static const struct project_suite *suite_at(const struct run *run, size_t index)
{
    return &run->schedule->manifest->project.suites[index];
}

static int wrap(const struct run *run, size_t suite, struct mlops_error *err)
{
    return mlops_wrap(err, "suite '%s'", suite_at(run, suite)->name);
}

static void tell(const struct run *run, size_t suite)
{
    const struct mlops_observer *observer = registry_observer(run->schedule->registry);
    if (observer && observer->progress)
        observer->progress(observer->context, suite_at(run, suite)->name, run->done, run->total);
}

static void leave(struct run *run, struct slot *slot)
{
    supervise_free(slot->supervision);
    workspace_remove(&slot->workspace);
    *slot = (struct slot){0};
    run->taken--;
}

static int finish(struct run *run, struct slot *slot, struct mlops_error *err)
{
    size_t suite = slot->suite;
    int code = runner_finish(&slot->trial, slot->supervision, err);
    leave(run, slot);
    if (code)
        return wrap(run, suite, err);
    run->done++;
    return MLOPS_OK;
}

static int begin(struct run *run, struct slot *slot, size_t suite, struct mlops_error *err)
{
    const struct schedule *schedule = run->schedule;
    *slot = (struct slot){.taken = true, .suite = suite};
    run->taken++;
    tell(run, suite);
    if (workspace_make(schedule->registry, schedule->manifest, &slot->workspace, err))
        return wrap(run, suite, err);
    slot->trial = (struct trial){.registry = schedule->registry,
                                 .version = &schedule->report->version,
                                 .suite = suite_at(run, suite),
                                 .tree = slot->workspace.tree,
                                 .result = &schedule->report->suites[suite],
                                 .outcome = &schedule->outcomes[suite]};
    if (runner_start(&slot->trial, schedule->sandbox, slot->workspace.folder, &slot->supervision,
                     err))
        return wrap(run, suite, err);
    return slot->supervision ? MLOPS_OK : finish(run, slot, err);
}

static int fill(struct run *run, struct mlops_error *err)
{
    for (size_t i = 0; i < run->slot_count; i++) {
        while (!run->slots[i].taken) {
            while (run->next < run->schedule->manifest->project.suite_count &&
                   !run->schedule->wanted[run->next])
                run->next++;
            if (run->next == run->schedule->manifest->project.suite_count)
                return MLOPS_OK;
            TRY(begin(run, &run->slots[i], run->next++, err));
        }
    }
    return MLOPS_OK;
}

static int check_cancelled(const struct run *run, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(run->schedule->registry);
    if (!observer || !observer->cancelled || !observer->cancelled(observer->context))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_CANCELLED, "stopped while suites ran");
}

static void wait_a_moment(const struct run *run)
{
    struct supervision *running[JOBS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < run->slot_count; i++)
        if (run->slots[i].taken)
            running[count++] = run->slots[i].supervision;
    supervise_wait(running, count, WAIT_MS);
}

static int attend(struct run *run, struct mlops_error *err)
{
    size_t last = 0;
    TRY(fill(run, err));
    while (run->taken > 0) {
        wait_a_moment(run);
        TRY(check_cancelled(run, err));
        for (size_t i = 0; i < run->slot_count; i++) {
            struct slot *slot = &run->slots[i];
            bool ended = false;
            if (!slot->taken)
                continue;
            last = slot->suite;
            if (supervise_step(slot->supervision, &ended, err))
                return wrap(run, last, err);
            if (ended)
                TRY(finish(run, slot, err));
        }
        TRY(fill(run, err));
    }
    tell(run, last);
    return MLOPS_OK;
}

int schedule_run(const struct schedule *schedule, struct mlops_error *err)
{
    struct run run = {.schedule = schedule,
                      .slot_count = schedule->jobs < JOBS_MAX ? schedule->jobs : JOBS_MAX};
    for (size_t i = 0; i < schedule->manifest->project.suite_count; i++)
        run.total += schedule->wanted[i];
    run.slots = xcalloc(run.slot_count, sizeof(*run.slots));
    int code = attend(&run, err);
    for (size_t i = 0; i < run.slot_count; i++)
        if (run.slots[i].taken)
            leave(&run, &run.slots[i]);
    free(run.slots);
    return code;
}
