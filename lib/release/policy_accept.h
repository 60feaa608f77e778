/*
 * lib/release/policy_accept.h - findings of scans that a policy lets pass, each with the reason why:
 *
 *     accept:
 *       - {rule: pickle/import-unknown, names: scorer.Scorer, reason: "our own class, read on 3 May"}
 *       - {rule: scan/unknown-format, files: model.bin, reason: "the vendor's own format"}
 *
 * Only what is unknown can be let pass, never what is unsafe, unreadable or critical. `names` stands
 * in the finding as a whole word: a dotted name is no part of a longer one.
 */
#ifndef RELEASE_POLICY_ACCEPT_H
#define RELEASE_POLICY_ACCEPT_H
#include "base/buffer.h"
#include "base/yaml_check.h"
#include <cjson/cJSON.h>

struct policy_accept {
    char *rule;
    char *names; /* NULL: whatever it names */
    char *files; /* a pattern, `*` matches `/`, too; NULL: any file */
    char *reason;
};

struct policy_accepts {
    struct policy_accept *items;
    size_t count;
};
void policy_accepts_clear(struct policy_accepts *accepts);

/* Of a stage's key `accept`. Errors: MLOPS_INVALID with the line. */
int policy_accepts_parse(const struct yaml_checker *checker, const struct yaml_node *node,
                         struct policy_accepts *accepts);
/* As what policy_accepts_parse reads, with the key; nothing where there is none. */
void policy_accepts_write_yaml(const struct policy_accepts *accepts, struct buffer *text);

/* As member `accept` of `stage`, and back. */
void policy_accepts_write(const struct policy_accepts *accepts, cJSON *stage);
void policy_accepts_read(const cJSON *stage, struct policy_accepts *accepts);

/* The one that lets a finding of a scan's evidence pass; NULL where none does. */
const struct policy_accept *policy_accepts_find(const struct policy_accepts *accepts,
                                                const cJSON *finding);

/* A text in YAML's double quotes. */
void policy_write_quoted(struct buffer *text, const char *quoted);

#endif
