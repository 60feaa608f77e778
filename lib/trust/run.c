/* lib/trust/run.c - many files at once, on all cores, the largest first. */
#include "trust/run.h"
#include "base/path.h"
#include "base/pool.h"
#include "trust/raw_data.h"
#include <pthread.h>

#define LARGE (1u << 20) /* bytes */

const struct rule scan_rule_unreadable SCAN_RULE = {
    .id = "scan/unreadable",
    .severity = SEVERITY_MEDIUM,
    .verdict = VERDICT_UNREADABLE,
    .summary = "the file cannot be read",
    .advice = "scan as somebody who may read it, or get a whole copy of it",
};

static DEFINE_RULE(rule_raw, "scan/raw-data", INFO, SAFE,
                   "a file holds nothing but the numbers that another file names",
                   "nothing; keep the two together");

struct run {
    const struct scan_job *job;
    struct scan scan;
    size_t *order; /* of the items */
    struct mlops_scan_report *report;
    pthread_mutex_t lock; /* of the report */
    pthread_t caller;     /* who alone may ask the observer */
    atomic_bool cancelled;
    atomic_uint_least64_t done;
    uint64_t total;
    size_t *unknown; /* items of no format, which others may account for */
    size_t unknown_count;
};

static bool is_cancelled(void *context)
{
    struct run *run = context;
    const struct mlops_observer *observer = run->job->observer;
    if (observer && observer->cancelled && pthread_equal(pthread_self(), run->caller) &&
        observer->cancelled(observer->context))
        atomic_store(&run->cancelled, true);
    return atomic_load_explicit(&run->cancelled, memory_order_relaxed);
}

static void tell(struct run *run, uint64_t done)
{
    const struct mlops_observer *observer = run->job->observer;
    if (observer && observer->progress && pthread_equal(pthread_self(), run->caller))
        observer->progress(observer->context, "scanning", done, run->total);
}

static int check_in(void *context, struct mlops_error *err)
{
    struct run *run = context;
    tell(run, atomic_load(&run->done));
    return is_cancelled(run) ? mlops_fail(err, MLOPS_CANCELLED, "cancelled") : MLOPS_OK;
}

static int scan_open(struct run *run, size_t index, struct source *source,
                     struct findings *findings, struct mlops_error *err)
{
    const struct scan_item *item = &run->job->items[index];
    struct scan_file file = {.scan = &run->scan,
                             .source = source,
                             .path = item->path,
                             .name = path_base(item->path),
                             .role = item->role,
                             .findings = findings};
    return scan_file(&file, err);
}

static int scan_item(void *context, size_t number, size_t worker, struct mlops_error *err)
{
    struct run *run = context;
    const struct scan_job *job = run->job;
    _cleanup_(source_close_ptr) struct source *source = NULL;
    _cleanup_(findings_clear) struct findings findings = {0};
    size_t index = run->order[number];
    const char *path = job->items[index].path;
    int code = job->open(job->context, index, worker, &source, err);
    if (code == MLOPS_OK)
        code = scan_open(run, index, source, &findings, err);
    if (code && code != MLOPS_CANCELLED && job->tolerant) {
        findings_add(&findings, &scan_rule_unreadable, path, 0, "%s", err->message);
        code = MLOPS_OK;
    }
    if (code)
        return code == MLOPS_CANCELLED ? code : mlops_wrap(err, "scan '%s'", path);
    bool unknown = findings.count == 1 && findings.items[0].rule == &scan_rule_unknown_format;
    pthread_mutex_lock(&run->lock);
    if (unknown)
        run->unknown[run->unknown_count++] = index;
    else
        report_take(run->report, path, &findings);
    run->report->files++;
    run->report->bytes += source ? source->size : 0;
    pthread_mutex_unlock(&run->lock);
    tell(run, atomic_fetch_add(&run->done, job->items[index].size) + job->items[index].size);
    return MLOPS_OK;
}

/* All others are scanned: a file of no format is one of numbers where they account for it. */
static int judge_unknown(struct run *run, size_t index, struct mlops_error *err)
{
    const char *path = run->job->items[index].path, *whose;
    _cleanup_(source_close_ptr) struct source *source = NULL;
    _cleanup_(findings_clear) struct findings findings = {0};
    bool covered = false;
    int code = run->job->open(run->job->context, index, 0, &source, err);
    if (code == MLOPS_OK)
        code = raw_data_covers(run->scan.raw, path, source, &covered, &whose, err);
    if (code && !run->job->tolerant)
        return mlops_wrap(err, "scan '%s'", path);
    if (code)
        findings_add(&findings, &scan_rule_unreadable, path, 0, "%s", err->message);
    else if (covered)
        findings_add(&findings, &rule_raw, path, 0, "holds numbers of '%s'", whose);
    else
        findings_add(&findings, &scan_rule_unknown_format, path, 0,
                     "is of no format that is known here");
    report_take(run->report, path, &findings);
    return MLOPS_OK;
}

/* Large files first, so that none is left over at the end; the others as they come, for neighbours
 * lie together in the store. */
static int larger(const void *left, const void *right, void *context)
{
    const struct scan_item *items = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    uint64_t of_a = items[a].size < LARGE ? 0 : items[a].size;
    uint64_t of_b = items[b].size < LARGE ? 0 : items[b].size;
    if (of_a != of_b)
        return of_a < of_b ? 1 : -1;
    return a < b ? -1 : a > b;
}

int scan_run(const struct scan_job *job, struct mlops_scan_report *report, struct mlops_error *err)
{
    struct run run = {.job = job, .report = report, .caller = pthread_self()};
    run.scan.limits = job->limits;
    run.scan.advisories = job->advisories;
    run.scan.cancelled = is_cancelled;
    run.scan.context = &run;
    run.scan.raw = raw_data_new();
    run.order = xcalloc(job->count, sizeof(*run.order));
    run.unknown = xcalloc(job->count, sizeof(*run.unknown));
    for (size_t i = 0; i < job->count; i++) {
        run.order[i] = i;
        run.total += job->items[i].size;
    }
    if (job->count)
        qsort_r(run.order, job->count, sizeof(*run.order), larger, (void *)(uintptr_t)job->items);
    pthread_mutex_init(&run.lock, NULL);
    int code = pool_run_ticking(job->count, scan_item, check_in, &run, err);
    for (size_t i = 0; i < run.unknown_count && !code; i++)
        code = judge_unknown(&run, run.unknown[i], err);
    pthread_mutex_destroy(&run.lock);
    raw_data_free(run.scan.raw);
    free(run.order);
    free(run.unknown);
    TRY(code);
    tell(&run, run.total);
    report_finish(report);
    return MLOPS_OK;
}
