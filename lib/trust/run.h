/*
 * lib/trust/run.h - many files scanned at once, and what was found put together in one report, the
 * same whatever the order in which the threads came to it.
 */
#ifndef TRUST_RUN_H
#define TRUST_RUN_H
#include "trust/advisory.h"
#include "trust/scanner.h"
#include <mlops/scan.h>

struct scan_item {
    char *path;    /* as the user knows it */
    uint64_t size; /* for progress, and so that the largest come first */
    enum scan_role role;
};

struct scan_job {
    const struct scan_item *items;
    size_t count;
    /* Item `index` as a source; from several threads, each with its own `worker` number. */
    int (*open)(void *context, size_t index, size_t worker, struct source **source,
                struct mlops_error *err);
    void *context;
    /* What cannot be read is a finding; otherwise an error. */
    bool tolerant;
    struct scan_limits limits;
    const struct advisories *advisories; /* or NULL */
    const struct mlops_observer *observer; /* or NULL */
};

/* Scan all items into `report`, which may have findings already, and put them in order. The caller
 * clears it. Errors: MLOPS_CANCELLED; where the job is not tolerant, those of the sources. */
int scan_run(const struct scan_job *job, struct mlops_scan_report *report, struct mlops_error *err);

/* Move findings about the file `path`, and what is in it, into a report, which keeps the worst of
 * them; `path` NULL: about several files, and nothing in them. Not from several threads. */
void report_take(struct mlops_scan_report *report, const char *path, struct findings *findings);

/* Hold the findings against an acceptance: those that it means, and that may be accepted, no longer
 * count, and the verdict is that of the others. Returns how many it meant; `files` NULL: any. */
size_t report_accept(struct mlops_scan_report *report, const char *rule, const char *files,
                     const char *reason);

/* Put findings in the order that mlops/scan.h promises, and leave out the least where there are too
 * many. */
void report_finish(struct mlops_scan_report *report);

/* Load advisories and note in the report which they are; `path` NULL: none, `*advisories` NULL.
 * Errors: those of advisories_load. */
int report_load_advisories(struct mlops_scan_report *report, const char *path,
                           struct advisories **advisories, struct mlops_error *err);

/* The rule that something could not be read, also for those who walk folders. */
extern const struct rule scan_rule_unreadable;

#endif
