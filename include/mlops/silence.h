/*
 * include/mlops/silence.h - alerts that nobody is to be told of for a while.
 *
 * A silence mutes what acts on alerts, notifications and what watch does by itself, and nothing
 * else: alerts open and resolve, and what decides by them (a soak, `rollback --if-alerting`) sees
 * them.
 */
#ifndef MLOPS_SILENCE_H
#define MLOPS_SILENCE_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_silence {
    uint64_t id;    /* index of the log's entry that added it */
    char *matchers; /* "rule=slow* severity!=critical" */
    char *reason;
    char *author;
    int64_t since_ns, until_ns;
};
struct mlops_silence_list {
    struct mlops_silence *items;
    size_t count;
};

struct mlops_silence_options {
    const char *model;
    /* NULL-terminated, at least one, all must match: NAME=PATTERN or NAME!=PATTERN, where NAME is
     * rule, severity, stage or version, and PATTERN may have * ? [ ] as in a shell. */
    const char *const *matchers;
    int64_t until_ns;
    const char *reason;
};

/* Both stand in the log. Errors: MLOPS_INVALID a matcher, no reason, a time that is over;
 * MLOPS_NOT_FOUND no such model; MLOPS_IO. */
MLOPS_API int mlops_silence_add(struct mlops_registry *registry,
                                const struct mlops_silence_options *options, uint64_t *id,
                                struct mlops_error *err);
/* End it now. Errors: MLOPS_NOT_FOUND the model has no such silence, or it is over. */
MLOPS_API int mlops_silence_remove(struct mlops_registry *registry, const char *model, uint64_t id,
                                   struct mlops_error *err);
/* Those that are not over; `all`: those that are, too. The caller clears `list`. */
MLOPS_API int mlops_silence_list(struct mlops_registry *registry, const char *model, bool all,
                                 struct mlops_silence_list *list, struct mlops_error *err);
MLOPS_API void mlops_silence_list_clear(struct mlops_silence_list *list);

MLOPS_END
#endif
