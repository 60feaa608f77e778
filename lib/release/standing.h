/*
 * lib/release/standing.h - what the log says of a version and a stage: who made it, who approved it,
 * whether a rollback left it. Every entry is read with its proof.
 */
#ifndef RELEASE_STANDING_H
#define RELEASE_STANDING_H
#include "trust/trusted.h"

/* One entry "approve", judged by whom the registry trusts now. */
struct approval {
    char owner[MLOPS_ACTOR_MAX + 1]; /* "" where nobody known signed it */
    uint64_t entry, after;           /* where it stands; what the log had when it was signed */
    int64_t time_ns;
    char *why; /* why it does not count; NULL where it does */
};

struct standing {
    char registered_by[MLOPS_ACTOR_MAX + 1];
    struct approval *approvals; /* for the stage, the oldest first */
    size_t approval_count;
    uint64_t left; /* entry of the newest rollback of the stage that left it, plus 1; 0: none */
    int64_t left_ns;
    char *left_by, *left_reason; /* "" where there is none */
};

/* The caller clears `standing`. Errors: MLOPS_INTEGRITY the log was changed. */
int standing_read(struct mlops_registry *registry, const struct log_view *view,
                  const struct mlops_trust_list *trusted, const struct mlops_version *version,
                  const char *stage, int64_t now_ns, struct standing *standing,
                  struct mlops_error *err);
void standing_clear(struct standing *standing);

/* Different people whose approval counts, was signed after a rollback left the version, and not
 * before `since_ns`. `names` (may be NULL) gets "ana, bob". */
size_t standing_approvers(const struct standing *standing, int64_t since_ns, struct buffer *names);

/* Is `owner` the author of the version: who registered it, or signed it as an author? */
int standing_is_author(struct mlops_registry *registry, const struct mlops_trust_list *trusted,
                       const struct mlops_version *version, const char *registered_by,
                       const char *owner, bool *is_author, struct mlops_error *err);

/* What is signed: `decision` ("approve", "withdraw") about `version` and `stage` in the registry
 * `origin` (log_view_origin), when its log had `after` entries. The caller deletes it. */
#define APPROVAL_STATEMENT "urn:mlops:approval:v1"
cJSON *approval_predicate(const char *decision, const struct mlops_version *version,
                          const char *stage, const char *origin, uint64_t after);

#endif
