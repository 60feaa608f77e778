/*
 * include/mlops/trial.h - running the test suites of a version, scanning it, and recording the
 * evidence.
 */
#ifndef MLOPS_TRIAL_H
#define MLOPS_TRIAL_H
#include <mlops/evaluation.h>
#include <mlops/registry.h>
#include <mlops/sandbox.h>
MLOPS_BEGIN

enum mlops_suite_status {
    MLOPS_SUITE_PASSED,
    MLOPS_SUITE_FAILED,  /* it ran and said no, or a requirement was not met */
    MLOPS_SUITE_ERROR,   /* it could not be judged: no such command, predictions unreadable */
    MLOPS_SUITE_TIMEOUT, /* stopped at its time limit */
    MLOPS_SUITE_FLAKY,   /* it passed, but not at the first attempt */
    MLOPS_SUITE_SKIPPED, /* not asked for, or a suite that it needs did not pass */
};

/* "passed", "failed", "error", "timeout", "flaky", "skipped": static storage. */
MLOPS_API const char *mlops_suite_status_name(enum mlops_suite_status status);

struct mlops_metric {
    char name[MLOPS_NAME_MAX + 1];
    double value;       /* NaN where the metric is not defined on this data */
    double low, high;   /* its confidence interval; NaN where there is none */
    const char *method; /* "wilson", "delong", "bootstrap"; "none": static storage */
    double confidence;  /* of the interval, where it is not that of the suite; else 0 */
};

/* The metrics of some of the rows. */
struct mlops_slice_result {
    char *name; /* "country = DE", "amount > 1000" */
    uint64_t rows;
    struct mlops_metric *metrics;
    size_t metric_count;
};

/* One line of `require`, judged. */
struct mlops_requirement_result {
    char metric[MLOPS_NAME_MAX + 1];
    char *demand; /* as the author wrote it: ">= production - 0.01" */
    char *detail; /* "0.713 < 0.728: production is @3 with 0.738" */
    bool met;
};

/* An object of the registry that evidence speaks of. */
struct mlops_kept {
    char sha256[65]; /* empty: it is not kept */
    uint64_t bytes;  /* also of what was too large to be kept */
};

/* What a suite left, as its evidence has it. */
struct mlops_suite_files {
    struct mlops_kept output, errors; /* its standard output and standard error */
    bool cut;                         /* it printed more than its limit, and that is not kept */
    struct mlops_kept predictions;    /* as they were judged */
};

/* A value that is not as it is expected to be, and where it stands. */
struct mlops_expectation_example {
    uint64_t line; /* of the file; of formats without lines the number of the row */
    char *value;   /* fit to be shown */
};

/* One expectation of a data suite, judged. */
struct mlops_expectation_result {
    char *name;   /* "amount: from 0 to 10000" */
    char *detail; /* one line: "3 of 1000 values", "2 of 11 columns drifted: …" */
    bool met;
    uint64_t judged;                            /* values, rows or columns that were looked at */
    uint64_t unexpected;                        /* of them, those that are not as expected */
    struct mlops_expectation_example *examples; /* the first of them */
    size_t example_count;
};

/* A metric of two versions on the same rows. */
struct mlops_difference {
    char metric[MLOPS_NAME_MAX + 1];
    double ours, theirs;
    double difference;  /* ours less theirs */
    double low, high;   /* of the difference, each end one-sided; NaN where there is none */
    const char *method; /* "mcnemar", "delong", "bootstrap"; "none": static storage */
};

/* A performance suite held against that of another version, row by row. */
struct mlops_comparison {
    char *with; /* as it was asked for: "production", "@3", "fraud@staging~1" */
    struct mlops_version version;
    bool ran; /* its suite was run for this, as it had no predictions of these rows */
    uint64_t rows;
    double confidence; /* of each end of the intervals alone: 0.95 */
    struct mlops_difference *differences;
    size_t difference_count;
    struct mlops_kept predictions; /* its own */
    char *message;                 /* why the two could not be compared; empty where they were */
};

/* What the suite's own report says of its tests. */
struct mlops_test_counts {
    bool known; /* false: it makes none */
    uint64_t passed, failed, errors, skipped;
};

struct mlops_suite_result {
    char name[MLOPS_NAME_MAX + 1];
    char kind[32]; /* "unit", "integration", "performance", "data"; "security" of the scan */
    enum mlops_suite_status status;
    char reason[16]; /* what kept its command from passing: "exit", "crash", "command" (it cannot be
                        run), "network", "write", and the limit that stopped it, "timeout", "cpu",
                        "memory", "processes", "disk", "output"; "report" where its own report is
                        missing or tells of failures; "needs" where a suite that it
                        needs did not pass; else empty */
    unsigned attempts; /* how often it was run */
    bool cached;       /* it was not: the same had passed before */
    struct mlops_test_counts counts;
    double seconds;
    char evaluation[MLOPS_EVALUATION_NAME_SIZE]; /* the registry's set that it was measured on; or
                                                    empty */
    struct mlops_metric *metrics;
    size_t metric_count;
    struct mlops_slice_result *slices; /* as the project file orders them */
    size_t slice_count;
    struct mlops_slice_result *thresholds; /* all rows, named "0.3": decided from there on */
    size_t threshold_count;
    /* Of a multi-class suite the confusion matrix: for each label its rows, the metrics being named
     * by the predicted classes. None where there are more than 50. */
    struct mlops_slice_result *confusion;
    size_t confusion_count;
    struct mlops_requirement_result *requirements;
    size_t requirement_count;
    struct mlops_suite_files files;
    struct mlops_expectation_result *expectations; /* of data suites */
    size_t expectation_count;
    struct mlops_comparison *comparisons;
    size_t comparison_count;
    char *message; /* why it did not pass, one line; empty when it did */
    char *output;  /* the last lines that it printed, both streams; empty when it passed */
};

/* The scan (mlops/scan.h), which every version has beside the suites that its project declares. */
#define MLOPS_SCAN_SUITE "scan"

struct mlops_test_options {
    const char *const *suites; /* names to run, or of a matrix, NULL-terminated, and what they need;
                                  NULL or none: all */
    const char *const
        *against;           /* versions that performance suites are compared with, also where they
                               do not require it, NULL-terminated: stages, @3, references */
    const char *advisories; /* what the scan holds packages against (mlops/scan.h); NULL: none */
    enum mlops_sandbox_wish sandbox;
    unsigned jobs; /* suites at a time; 0: one */
    bool no_cache; /* run also what has passed before from the same inputs */
    bool fetches;  /* bring data that the bundle does not hold, verified; without, the observer is
                      told of it, and suites do not find it */
    bool allow_flaky; /* they count as passed in `passed` of the report */
};

struct mlops_test_report {
    struct mlops_version version;
    bool passed;
    int64_t started_ns;
    enum mlops_sandbox_level sandbox;  /* that the suites ran in */
    struct mlops_suite_result *suites; /* in the project file's order, then the scan */
    size_t suite_count;
};

/*
 * Check `ref` out into a private folder, run its suites there each under its time limit, judge
 * performance suites on their predictions, scan the files, and record one piece of evidence a suite
 * and one of the scan. The scan passes where the verdict is safe. A failed suite is an answer
 * (`report->passed` false), not an error. The caller clears `report`.
 *
 * Errors: MLOPS_NOT_FOUND no such version or suite; MLOPS_INVALID the bundle is not registered;
 * MLOPS_INTEGRITY; MLOPS_IO, also where a strict sandbox is wanted and cannot be had;
 * MLOPS_CANCELLED nothing is left running.
 */
MLOPS_API int mlops_test(struct mlops_registry *registry, const char *ref,
                         const struct mlops_test_options *options, struct mlops_test_report *report,
                         struct mlops_error *err);
MLOPS_API void mlops_test_report_clear(struct mlops_test_report *report);

/* What the newest evidence of a suite has of it. */
struct mlops_suite_log {
    struct mlops_version version;
    uint64_t evidence;
    int64_t recorded_ns;
    char suite[MLOPS_NAME_MAX + 1];
    char status[32];
    struct mlops_suite_files files;
};

/* Errors: MLOPS_NOT_FOUND no such version, or no evidence of such a suite; MLOPS_INTEGRITY;
 * MLOPS_IO. */
MLOPS_API int mlops_suite_log_find(struct mlops_registry *registry, const char *ref,
                                   const char *suite, struct mlops_suite_log *log,
                                   struct mlops_error *err);

/* The bytes of a kept object, as the suite wrote them, with a NUL behind; the caller frees
 * `*bytes`. Errors: MLOPS_NOT_FOUND it is not kept, or was let go with its version;
 * MLOPS_INTEGRITY; MLOPS_IO. */
MLOPS_API int mlops_kept_read(struct mlops_registry *registry, const struct mlops_kept *kept,
                              char **bytes, size_t *length, struct mlops_error *err);

MLOPS_END
#endif
