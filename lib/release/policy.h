/*
 * lib/release/policy.h - a policy: which stages there are, in which order, and what each demands of
 * a version. docs/policy.md describes every key.
 *
 * Written as YAML by people (release/policy_yaml.c), kept as canonical JSON, whose SHA-256 the
 * audit log names.
 */
#ifndef RELEASE_POLICY_H
#define RELEASE_POLICY_H
#include "base/buffer.h"
#include "release/policy_accept.h"
#include "release/policy_monitor.h"
#include "release/window.h"
#include <cjson/cJSON.h>

#define POLICY_FORMAT "mlops-policy/1"
#define POLICY_MAX (1U << 20) /* bytes of a policy, as YAML or JSON */
#define POLICY_STAGES_MAX 100
#define POLICY_APPROVALS_MAX 100
#define POLICY_ANY_STAGE "*" /* stages that the policy does not name */

/* What a scan must not have found: its verdict is safe, or nothing of that severity or worse. */
enum policy_scan {
    POLICY_SCAN_NONE,
    POLICY_SCAN_SAFE,
    POLICY_SCAN_LOW,
    POLICY_SCAN_MEDIUM,
    POLICY_SCAN_HIGH,
    POLICY_SCAN_CRITICAL
};
const char *policy_scan_name(enum policy_scan scan);

struct policy_metric {
    char *suite;  /* NULL: every suite that has the metric, and at least one */
    char *metric; /* "auc" */
    char *demand; /* ">= production - 0.01"; parsed by bundle/requirement.h */
};

/* It must be in an earlier stage now, and have stood the time there. */
struct policy_from {
    char *stage;          /* NULL: no such demand */
    int64_t for_ns;       /* at least that long */
    bool no_open_alert;   /* since it is there */
    uint64_t predictions; /* at least so many were served there */
};

/* Beside the version that the stage holds, on the same traffic (monitor compare). */
struct policy_challenge {
    bool demanded;
    bool not_worse; /* by more than the margin; else better */
    double margin;
    char *by;          /* the measure that decides; NULL: that of the comparison */
    int64_t within_ns; /* not older than that; 0: 7 days */
};

struct policy_stage {
    char *name;
    bool all_suites;    /* every suite of the bundle passed, and it has some */
    char **suites;      /* these are there and passed; NULL: none named */
    char **kinds;       /* of each kind there is one, and all passed; NULL: none named */
    bool flaky_allowed; /* a suite that passed only when it was repeated counts as passed */
    bool requirements;  /* what the author requires of metrics holds */
    enum policy_scan scan;
    struct policy_accepts accepts; /* findings that do not count */
    unsigned signed_by; /* of enum mlops_role, or-ed: by a key trusted in one of them; 0: by none */
    uint64_t approvals; /* by so many distinct people, none of them the author */
    int64_t approvals_within_ns; /* not older than that; 0: of any age */
    struct policy_metric *metrics;
    size_t metric_count;
    char *evaluation; /* registry-held set that the metrics are measured on; NULL: none */
    struct policy_from from;
    struct policy_challenge challenge;
    bool clean_git, lineage, pinned;
    struct window *windows; /* one of them is open; none: always */
    size_t window_count;
};

struct policy {
    struct policy_stage *stages; /* in their order */
    size_t stage_count;
    struct policy_monitor monitor;
};

void policy_clear(struct policy *policy);

/* What holds where nobody set a policy. */
void policy_default(struct policy *policy);

/* The demands of `stage`: of that name, else of "*"; NULL where it is no stage of the policy. */
const struct policy_stage *policy_stage_find(const struct policy *policy, const char *stage);
/* "dev, staging, production"; the caller frees. */
char *policy_stage_names(const struct policy *policy);

/* Read a policy file; `what` names it in messages. The caller clears `policy`, which is empty on
 * failure. Errors: MLOPS_INVALID with `what`, the line, and the nearest known key. */
int policy_parse(const char *text, size_t length, const char *what, struct policy *policy,
                 struct mlops_error *err);
/* A file that policy_parse reads as the same policy. */
void policy_write_yaml(const struct policy *policy, struct buffer *text);

/* As canonical JSON, and back. */
int policy_write(const struct policy *policy, struct buffer *text, struct mlops_error *err);
/* Errors: MLOPS_INTEGRITY it is nothing that policy_write writes. */
int policy_read(const char *text, size_t length, struct policy *policy, struct mlops_error *err);

#endif
