/*
 * lib/trial/schedule.c - suites started in the order of the project file, when what they need has
 * passed and places become free. One thread looks after all of them: what runs are processes.
 */
#include "trial/schedule.h"
#include "base/clock.h"
#include "bundle/external.h"
#include "bundle/needs.h"
#include "registry/registry.h"
#include "trial/budget_run.h"
#include "trial/checkout.h"
#include "trial/data_run.h"
#include "trial/supervise.h"
#include "trial/verdict.h"
#include "trial/workspace.h"

#define JOBS_MAX 256
#define WAIT_MS 50
#define SAID_MAX 256 /* bytes of the line that a suite printed last */
#define TELL_EVERY_NS 80000000LL
#define THREAD_WAIT_MS 2 /* where a thread runs that tells nobody when it is done */

/* A place in which suites run, one after the other. */
struct slot {
    bool taken;
    size_t suite;
    int64_t begun_ns;
    struct trial trial;
    struct workspace workspace;
    struct supervision *supervision; /* of a command; or … */
    struct data_run *data;           /* … of a data suite, which has none; or … */
    struct budget_run *budget;       /* … of the predict command, after the suite's own */
};

enum state {
    STATE_LEFT_OUT,
    STATE_WAITING,
    STATE_RUNNING,
    STATE_DONE,
};

struct run {
    const struct schedule *schedule;
    struct slot *slots;
    struct checkout checkout; /* for all suites, once one needs it */
    size_t slot_count, taken;
    enum state *states; /* beside the suites */
    size_t done, total; /* that were to run */
    int64_t told_ns;    /* when what runs was told last */
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
    if (observer && observer->progress && !observer->running)
        observer->progress(observer->context, suite_at(run, suite)->name, run->done, run->total);
}

static struct supervision *supervision_of(const struct slot *slot)
{
    return slot->budget ? budget_run_supervision(slot->budget) : slot->supervision;
}

/* All that runs, to an observer who wants to see it. */
static void tell_running(struct run *run)
{
    const struct mlops_observer *observer = registry_observer(run->schedule->registry);
    struct mlops_running items[JOBS_MAX];
    char lines[JOBS_MAX][SAID_MAX];
    size_t count = 0;
    int64_t now_ns = clock_monotonic_ns();
    if (!observer || !observer->running ||
        (run->taken > 0 && now_ns - run->told_ns < TELL_EVERY_NS))
        return;
    for (size_t i = 0; i < run->slot_count; i++) {
        const struct slot *slot = &run->slots[i];
        if (!slot->taken)
            continue;
        lines[count][0] = '\0';
        if (supervision_of(slot))
            supervise_last_line(supervision_of(slot), lines[count], SAID_MAX);
        items[count] = (struct mlops_running){.name = suite_at(run, slot->suite)->name,
                                              .seconds = (double)(now_ns - slot->begun_ns) / 1e9,
                                              .said = lines[count]};
        count++;
    }
    run->told_ns = now_ns;
    observer->running(observer->context, items, count, run->done, run->total);
}

static void leave(struct run *run, struct slot *slot)
{
    supervise_free(slot->supervision);
    data_run_free(slot->data);
    budget_run_free(slot->budget);
    workspace_remove(&slot->workspace);
    *slot = (struct slot){0};
    run->taken--;
}

/* What did not pass may have another attempt: it starts anew, but for why the first one failed. */
static bool is_to_be_repeated(struct run *run, size_t suite)
{
    struct mlops_suite_result *result = &run->schedule->report->suites[suite];
    struct suite_outcome *outcome = &run->schedule->outcomes[suite];
    if (result->status == MLOPS_SUITE_PASSED || result->status == MLOPS_SUITE_FLAKY ||
        result->attempts > suite_at(run, suite)->execution.retries)
        return false;
    unsigned attempts = result->attempts;
    char *first =
        outcome->first_failure ? TAKE_PTR(outcome->first_failure) : xstrdup(result->message);
    char inputs[SHA256_HEX_SIZE];
    str_copy(inputs, sizeof(inputs), outcome->inputs);
    suite_outcome_clear(outcome);
    suite_result_start(result, suite_at(run, suite));
    outcome->first_failure = first;
    str_copy(outcome->inputs, sizeof(outcome->inputs), inputs);
    result->attempts = attempts;
    return true;
}

static void mark_flaky(const struct trial *trial)
{
    if (trial->result->status == MLOPS_SUITE_PASSED && trial->result->attempts > 1)
        trial_set_status(trial, MLOPS_SUITE_FLAKY, "passed at attempt %u; the first one: %s",
                         trial->result->attempts, trial->outcome->first_failure);
}

/* What ran in the slot has ended: its verdict. */
static int conclude(struct slot *slot, struct mlops_error *err)
{
    if (slot->data)
        return data_run_finish(&slot->trial, slot->data, err);
    if (!slot->budget)
        return runner_finish(&slot->trial, slot->workspace.folder, slot->supervision, err);
    budget_run_finish(&slot->trial, slot->budget);
    return MLOPS_OK;
}

/* After the suite's own command, or in its place, the predict command may have to be run:
 * `*more`. */
static int go_on(struct run *run, struct slot *slot, bool *more, struct mlops_error *err)
{
    *more = false;
    if (slot->data || slot->budget || !budget_run_is_due(&slot->trial))
        return MLOPS_OK;
    supervise_free(TAKE_PTR(slot->supervision));
    TRY(budget_run_start(&slot->trial, run->schedule->sandbox, slot->workspace.folder,
                         &slot->budget, err));
    *more = slot->budget;
    return MLOPS_OK;
}

static int finish(struct run *run, struct slot *slot, struct mlops_error *err)
{
    size_t suite = slot->suite;
    bool more = false;
    int code = conclude(slot, err);
    if (code == MLOPS_OK)
        code = go_on(run, slot, &more, err);
    if (more && code == MLOPS_OK)
        return MLOPS_OK;
    slot->trial.result->attempts++;
    mark_flaky(&slot->trial);
    leave(run, slot);
    if (code)
        return wrap(run, suite, err);
    bool again = is_to_be_repeated(run, suite);
    run->states[suite] = again ? STATE_WAITING : STATE_DONE;
    run->done += !again;
    return MLOPS_OK;
}

static int make_checkout(struct run *run, struct mlops_error *err)
{
    const struct schedule *schedule = run->schedule;
    TRY(checkout_make(schedule->registry, schedule->manifest, schedule->sandbox, &run->checkout,
                      err));
    return schedule->fetches && run->checkout.tree
               ? external_fetch_all(schedule->registry, schedule->manifest, run->checkout.tree, err)
               : MLOPS_OK;
}

/* Data suites read the store, and need no checkout. */
static int make_workspace(struct run *run, bool data, struct workspace *workspace,
                          struct mlops_error *err)
{
    const struct schedule *schedule = run->schedule;
    if (data)
        return workspace_make(schedule->registry, NULL, workspace, err);
    if (!run->checkout.registry)
        TRY(make_checkout(run, err));
    TRY(workspace_make_over(&run->checkout, workspace, err));
    /* what the checkout has is seen over a layer, and not fetched again */
    return schedule->fetches
               ? external_fetch_all(schedule->registry, schedule->manifest, workspace->tree, err)
               : MLOPS_OK;
}

static int begin(struct run *run, struct slot *slot, size_t suite, struct mlops_error *err)
{
    const struct schedule *schedule = run->schedule;
    bool data = suite_reads_data(suite_at(run, suite));
    *slot = (struct slot){.taken = true, .suite = suite, .begun_ns = clock_monotonic_ns()};
    run->taken++;
    tell(run, suite);
    if (make_workspace(run, data, &slot->workspace, err))
        return wrap(run, suite, err);
    slot->trial = (struct trial){.registry = schedule->registry,
                                 .version = &schedule->report->version,
                                 .manifest = schedule->manifest,
                                 .suite = suite_at(run, suite),
                                 .workspace = &slot->workspace,
                                 .tree = slot->workspace.tree,
                                 .kind = run->checkout.kind,
                                 .keep = schedule->keep,
                                 .rivals = &schedule->rivals[suite],
                                 .result = &schedule->report->suites[suite],
                                 .outcome = &schedule->outcomes[suite]};
    int code = data ? data_run_start(&slot->trial, schedule->manifest, slot->workspace.folder,
                                     &slot->data, err)
                    : runner_start(&slot->trial, schedule->sandbox, slot->workspace.folder,
                                   &slot->supervision, err);
    if (code)
        return wrap(run, suite, err);
    return slot->supervision || slot->data ? MLOPS_OK : finish(run, slot, err);
}

static bool is_good(const struct run *run, size_t suite)
{
    enum mlops_suite_status status = run->schedule->report->suites[suite].status;
    return status == MLOPS_SUITE_PASSED || status == MLOPS_SUITE_FLAKY;
}

/* May it start: have all that it needs passed? One whose needs did not is done, and skipped. */
static bool is_ready(struct run *run, size_t suite)
{
    const struct project *project = &run->schedule->manifest->project;
    bool ready = true;
    for (size_t i = 0; i < project->suite_count; i++) {
        if (!needs(&project->suites[suite], &project->suites[i]))
            continue;
        if (run->states[i] == STATE_DONE && !is_good(run, i)) {
            struct mlops_suite_result *result = &run->schedule->report->suites[suite];
            free(result->message);
            result->message = xprintf("it needs '%s', which did not pass", project->suites[i].name);
            str_copy(result->reason, sizeof(result->reason), "needs");
            run->states[suite] = STATE_DONE;
            run->done++;
            return false;
        }
        ready = ready && run->states[i] == STATE_DONE;
    }
    return ready;
}

/* The first that may start; `*any` false where none may. */
static size_t next_suite(struct run *run, bool *any)
{
    size_t count = run->schedule->manifest->project.suite_count;
    for (bool more = true; more;) {
        size_t done = run->done;
        for (size_t i = 0; i < count; i++)
            if (run->states[i] == STATE_WAITING && is_ready(run, i)) {
                *any = true;
                return i;
            }
        more = run->done > done; /* one was skipped: another may need it */
    }
    *any = false;
    return 0;
}

static int fill(struct run *run, struct mlops_error *err)
{
    for (size_t i = 0; i < run->slot_count; i++)
        while (!run->slots[i].taken) {
            bool any;
            size_t suite = next_suite(run, &any);
            if (!any)
                return MLOPS_OK;
            run->states[suite] = STATE_RUNNING;
            TRY(begin(run, &run->slots[i], suite, err));
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
    int wait_ms = WAIT_MS;
    for (size_t i = 0; i < run->slot_count; i++) {
        const struct slot *slot = &run->slots[i];
        if (slot->data || slot->budget)
            wait_ms = THREAD_WAIT_MS;
        if (slot->taken && !slot->data)
            running[count++] = supervision_of(slot);
    }
    supervise_wait(running, count, wait_ms);
}

static int step(struct slot *slot, bool *ended, struct mlops_error *err)
{
    if (slot->budget)
        return budget_run_step(slot->budget, ended, err);
    if (!slot->data)
        return supervise_step(slot->supervision, ended, err);
    *ended = data_run_ended(slot->data);
    return MLOPS_OK;
}

static int attend(struct run *run, struct mlops_error *err)
{
    size_t last = 0;
    TRY(fill(run, err));
    while (run->taken > 0) {
        tell_running(run);
        wait_a_moment(run);
        TRY(check_cancelled(run, err));
        for (size_t i = 0; i < run->slot_count; i++) {
            struct slot *slot = &run->slots[i];
            bool ended = false;
            if (!slot->taken)
                continue;
            last = slot->suite;
            if (step(slot, &ended, err))
                return wrap(run, last, err);
            if (ended)
                TRY(finish(run, slot, err));
        }
        TRY(fill(run, err));
    }
    tell(run, last);
    tell_running(run);
    return checkout_check(&run->checkout, err);
}

int schedule_run(const struct schedule *schedule, struct mlops_error *err)
{
    struct run run = {.schedule = schedule,
                      .slot_count = schedule->jobs < JOBS_MAX ? schedule->jobs : JOBS_MAX};
    run.states = xcalloc(schedule->manifest->project.suite_count, sizeof(*run.states));
    for (size_t i = 0; i < schedule->manifest->project.suite_count; i++) {
        bool cached = schedule->report->suites[i].cached;
        run.states[i] = cached ? STATE_DONE : schedule->wanted[i] ? STATE_WAITING : STATE_LEFT_OUT;
        run.total += run.states[i] == STATE_WAITING;
    }
    run.slots = xcalloc(run.slot_count, sizeof(*run.slots));
    int code = attend(&run, err);
    for (size_t i = 0; i < run.slot_count; i++)
        if (run.slots[i].taken)
            leave(&run, &run.slots[i]);
    checkout_remove(&run.checkout);
    free(run.slots);
    free(run.states);
    return code;
}
