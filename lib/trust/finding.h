/*
 * lib/trust/finding.h - what scanners say: findings with rule, place and evidence, and from the
 * worst of them a verdict.
 */
#ifndef TRUST_FINDING_H
#define TRUST_FINDING_H
#include "base/util.h"

/* In the order of their weight; the verdict on a whole is the worst of its parts. */
enum verdict {
    VERDICT_SAFE,       /* understood to the last byte, and nothing in it can run */
    VERDICT_UNKNOWN,    /* understood, but it uses what is on no list */
    VERDICT_UNREADABLE, /* could not be understood whole: damaged, encrypted, over a limit */
    VERDICT_UNSAFE,     /* runs code, or hides something */
};

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

/* One rule; static storage. `id` is stable: "pickle/import-denied", "zip/duplicate-name". */
struct rule {
    const char *id;
    const char *summary; /* one line, what the rule finds: for SARIF and help */
    const char *advice;  /* what to do about a finding */
    enum severity severity;
    enum verdict verdict; /* what a finding of it makes of the file; SAFE for mere remarks */
};

/*
 * Puts a rule on the list of all rules: `static const struct rule header_rule SCAN_RULE = {…}`. The
 * linker gathers them, so that a rule that can be found is on the list; a test sees to it that
 * every rule has the mark.
 */
#define SCAN_RULE __attribute__((section("scan_rules"), used, aligned(8)))

/* Rule `variable`, with the mark. A file of rules has a macro of its own over this one, which adds
 * the format to names and ids. Severity and verdict without their prefixes. */
#define DEFINE_RULE(variable, id_, severity_, verdict_, summary_, advice_)                         \
    const struct rule variable SCAN_RULE = {.id = id_,                                             \
                                            .severity = SEVERITY_##severity_,                      \
                                            .verdict = VERDICT_##verdict_,                         \
                                            .summary = summary_,                                   \
                                            .advice = advice_}

/* All rules, in no certain order. Static storage. */
const struct rule *rules_all(size_t *count);

struct finding {
    const struct rule *rule;
    char *file;      /* as the user knows it, with the way into containers: "model.pt!data.pkl" */
    uint64_t offset; /* in that innermost file */
    char *message;   /* one sentence with the evidence: "imports posix.system" */
};

struct findings {
    struct finding *items;
    size_t count, capacity;
    bool overflow; /* FINDINGS_MAX were reached: the verdict still counts them all */
    enum verdict verdict;
};

#define FINDINGS_MAX 10000

/* Add a finding about `file`; control characters and what is not UTF-8 in the text are escaped. */
void findings_add(struct findings *findings, const struct rule *rule, const char *file,
                  uint64_t offset, const char *format, ...) MLOPS_PRINTF(5, 6);
/* `text` as a finding has it. The caller frees. */
char *finding_text(const char *text);
void findings_clear(struct findings *findings);

const char *verdict_name(enum verdict verdict);    /* "safe", … */
const char *severity_name(enum severity severity); /* "info", … */

#endif
