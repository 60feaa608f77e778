/*
 * include/mlops/channel.h - where people are told when alerts of a model open and resolve.
 *
 * What is to be told waits in the registry's outbox, as for webhooks (webhook.h): it goes there in
 * the transaction that moves the alert, and is sent after it, again and again until it is taken.
 */
#ifndef MLOPS_CHANNEL_H
#define MLOPS_CHANNEL_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_channel {
    uint64_t id;      /* index of the log entry that added it */
    char *kind;       /* exec, webhook, slack, pagerduty, alertmanager, email */
    char *target;     /* without what may be a secret; "" where all of it is */
    char *secret_env; /* the environment variable that has the secret; "" none */
    char *least;      /* the least severity that it is told of */
    uint64_t policy;  /* number of the model's policy that named it first; 0: a command added it */
    uint64_t waiting; /* in the outbox */
    char *last_error; /* of the last attempt of one that waits; "" none */
};
struct mlops_channel_list {
    struct mlops_channel *items;
    size_t count;
};

struct mlops_channel_options {
    const char *model;
    const char *kind;
    /* exec: an executable of the registry's folder `hooks`; webhook, alertmanager: a URL; email: an
     * address; pagerduty: a URL or NULL for PagerDuty's own; slack: NULL. */
    const char *target;
    /* The variable that has what must not be kept: webhook: what signs; slack: the URL; pagerduty:
     * the routing key; alertmanager: "user:password", a token, or NULL for none. */
    const char *secret_env;
    const char *least; /* "info", "warning" or "critical"; NULL: info */
};

/* Both stand in the log. Errors: MLOPS_INVALID what is wrong; MLOPS_NOT_FOUND no such model;
 * MLOPS_IO. */
MLOPS_API int mlops_channel_add(struct mlops_registry *registry,
                                const struct mlops_channel_options *options, uint64_t *id,
                                struct mlops_error *err);
/* With what waits for it. Errors: MLOPS_NOT_FOUND the model has no such channel; MLOPS_REFUSED its
 * policy names it. */
MLOPS_API int mlops_channel_remove(struct mlops_registry *registry, const char *model, uint64_t id,
                                   struct mlops_error *err);
/* The caller clears the list. Errors: MLOPS_NOT_FOUND no such model. */
MLOPS_API int mlops_channel_list(struct mlops_registry *registry, const char *model,
                                 struct mlops_channel_list *list, struct mlops_error *err);
MLOPS_API void mlops_channel_list_clear(struct mlops_channel_list *list);

MLOPS_END
#endif
