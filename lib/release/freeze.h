/*
 * lib/release/freeze.h - freezes: a model, or all of them, of which a stage, or all of them, takes
 * no new version until a time or until somebody ends it. Read from the log.
 */
#ifndef RELEASE_FREEZE_H
#define RELEASE_FREEZE_H
#include "trust/trusted.h"

struct freeze {
    char model[MLOPS_NAME_MAX + 1];  /* "": all */
    char stage[MLOPS_STAGE_MAX + 1]; /* "": all */
    char by[MLOPS_ACTOR_MAX + 1];
    char *reason;
    int64_t since_ns, until_ns; /* until: 0 without end */
    uint64_t entry;
};

struct freeze_list {
    struct freeze *items;
    size_t count, capacity;
};

/* The freezes that hold for `model` at `now_ns`. The caller clears `list`.
 * Errors: MLOPS_INTEGRITY the log was changed, or somebody ended one who is no releaser. */
int freeze_read(const struct log_view *view, const struct mlops_trust_list *trusted,
                const char *model, int64_t now_ns, struct freeze_list *list,
                struct mlops_error *err);
void freeze_list_clear(struct freeze_list *list);
/* One that holds for the stage; NULL: none. */
const struct freeze *freeze_find(const struct freeze_list *list, const char *stage);

#endif
