/*
 * include/mlops/scan.h - model artifacts looked at before anybody loads them: what in them can run
 * code, is malformed or hides something. Nothing of what is scanned is run.
 */
#ifndef MLOPS_SCAN_H
#define MLOPS_SCAN_H
#include <mlops/registry.h>
MLOPS_BEGIN

/* Rises when rules or formats change, so that what an older scanner found can be told apart. */
#define MLOPS_SCANNER_VERSION 2

/* In the order of their weight. That of a whole is the worst of its parts. */
enum mlops_scan_verdict {
    MLOPS_SCAN_SAFE,       /* understood to the last byte, and nothing in it can run */
    MLOPS_SCAN_UNKNOWN,    /* understood, but it uses what is on no list */
    MLOPS_SCAN_UNREADABLE, /* could not be understood whole: damaged, encrypted, over a limit */
    MLOPS_SCAN_UNSAFE,     /* runs code, or hides something */
};

enum mlops_severity {
    MLOPS_SEVERITY_INFO,
    MLOPS_SEVERITY_LOW,
    MLOPS_SEVERITY_MEDIUM,
    MLOPS_SEVERITY_HIGH,
    MLOPS_SEVERITY_CRITICAL,
};

/* "safe", "unknown", "unreadable", "unsafe"; "info", "low", …: static storage. */
MLOPS_API const char *mlops_scan_verdict_name(enum mlops_scan_verdict verdict);
MLOPS_API const char *mlops_severity_name(enum mlops_severity severity);

/* What is looked for. Static storage. */
struct mlops_scan_rule {
    const char *id;      /* "pickle/import-denied": stable */
    const char *summary; /* one line, what the rule finds */
    const char *advice;  /* what to do about a finding */
    enum mlops_severity severity;
    enum mlops_scan_verdict verdict; /* what a finding makes of its file; safe: a remark */
    /* May a finding be accepted with a reason? What runs code or hides something may not: of an
     * unsafe or a critical finding no reason makes a safe one. */
    bool acceptable;
};

struct mlops_scan_rule_list {
    struct mlops_scan_rule *items; /* by id */
    size_t count;
};

/* All rules. The caller clears `list`. */
MLOPS_API void mlops_scan_rule_list(struct mlops_scan_rule_list *list);
MLOPS_API void mlops_scan_rule_list_clear(struct mlops_scan_rule_list *list);

struct mlops_scan_finding {
    struct mlops_scan_rule rule;
    char *file;      /* with the way into containers: "model.pt!archive/data.pkl" */
    size_t outer;    /* bytes of `file` that name the file itself: 8 of these */
    uint64_t offset; /* in that innermost file */
    char *message;   /* one sentence with the evidence: "imports posix.system" */
    bool accepted;   /* does not count */
    char *reason;    /* why it was accepted; NULL where it was not */
};

/* Findings that a report holds at most: the worst. The verdict is that of all. */
#define MLOPS_SCAN_FINDINGS_MAX 10000

struct mlops_scan_report {
    struct mlops_version version; /* of a version's bundle; number 0 and no bundle for paths */
    enum mlops_scan_verdict verdict;
    uint64_t files, bytes; /* looked at; members of containers are not counted */
    /* Those of a file stand together, the worst file and in it the worst finding first, accepted
     * ones last. */
    struct mlops_scan_finding *findings;
    size_t finding_count;
    bool overflow; /* there were more than are in `findings` */
    /* SHA-256 of the advisories that packages were held against, in hexadecimal; "": none were. */
    char advisories[65];
};

/*
 * Scan files and folders, these with all that is in them; no bundle, no registry. Symbolic links in
 * folders are not followed and are findings, as is what cannot be read. The paths themselves may be
 * links. A folder's `.git` and `.mlops`, where they are a git repository and a registry, are left
 * out, with a finding that says so. The caller clears `report`.
 *
 * advisories: a file or folder of known vulnerabilities in the OSV format, which the packages that
 * lock files name are held against; NULL: none. observer: may be NULL.
 * Errors: MLOPS_NOT_FOUND a path does not exist, or there is no file at all in the folders;
 * MLOPS_INVALID the advisories are none; MLOPS_CANCELLED.
 */
MLOPS_API int mlops_scan_paths(const char *const *paths, const char *advisories,
                               const struct mlops_observer *observer,
                               struct mlops_scan_report *report, struct mlops_error *err);

/* That findings of `rule` in files that match `files` do not count. */
struct mlops_scan_acceptance {
    const char *rule;
    const char *files; /* glob (fnmatch, where '*' matches '/', too); NULL: all */
};

struct mlops_scan_options {
    const char *ref;
    const struct mlops_scan_acceptance
        *accept; /* added to what was accepted of the bundle before */
    size_t accept_count;
    const char *reason;     /* why they are accepted; needed where any are */
    bool dry_run;           /* record nothing */
    const char *advisories; /* as of mlops_scan_paths */
};

/*
 * Scan the bundle of a version, hold the findings against what was accepted of this bundle, and
 * record the result, and what is accepted anew, as evidence and in the log, in one transaction. The
 * caller clears `report`.
 *
 * Errors: MLOPS_NOT_FOUND no such version, no such rule, or nothing was found that `accept` could
 * mean; MLOPS_INVALID findings of the rule cannot be accepted, no reason is given, or the bundle
 * has no files; MLOPS_INTEGRITY an object is damaged; MLOPS_IO; MLOPS_CANCELLED.
 */
MLOPS_API int mlops_scan(struct mlops_registry *registry, const struct mlops_scan_options *options,
                         struct mlops_scan_report *report, struct mlops_error *err);

MLOPS_API void mlops_scan_report_clear(struct mlops_scan_report *report);

/* The report as SARIF 2.1.0 (OASIS). The caller frees `*text`, NUL-terminated UTF-8. */
MLOPS_API int mlops_scan_sarif(const struct mlops_scan_report *report, char **text,
                               struct mlops_error *err);

MLOPS_END
#endif
