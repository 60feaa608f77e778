/*
 * lib/registry/outbox.h - what others are to be told of, until they were.
 */
#ifndef REGISTRY_OUTBOX_H
#define REGISTRY_OUTBOX_H
#include "registry/handle.h"

/* The entry that the transaction has just appended, for each webhook that wants such. */
int outbox_add(struct transaction *tx, const char *action, struct mlops_error *err);

/* Are there webhooks at all? Asked as a transaction begins, so that most entries ask nothing. */
void outbox_foresee(struct mlops_registry *registry);
int outbox_look(struct transaction *tx, struct mlops_error *err);

/* A delivery that is this process's for a while. */
struct outbox_item {
    uint64_t webhook, position, attempts;
    char *url, *events, *secret_env;
    char *kind;  /* of a channel (channel.h); "": a plain webhook */
    char *model; /* that a channel is of; "" */
};
void outbox_item_clear(struct outbox_item *item);

/* Take the first that is due (`now`: or is not) and whose secret is at hand, out of the way of
 * other processes until `lease_ns` are over. `after` is the last one that was taken, or zeroed. */
int outbox_take(struct mlops_registry *registry, bool now, int64_t lease_ns,
                const struct outbox_item *after, struct outbox_item *item, bool *taken,
                struct mlops_error *err);
/* It was told; or `why` it was not, to be tried again at `due_ns`. */
int outbox_done(struct mlops_registry *registry, const struct outbox_item *item, const char *why,
                int64_t due_ns, struct mlops_error *err);
/* How many wait. */
int outbox_count(struct mlops_registry *registry, uint64_t *count, struct mlops_error *err);

/* Whom the outbox tells: a webhook, or a channel of a model. Texts are valid during the visit. */
struct outbox_target {
    uint64_t id, waiting;
    const char *kind, *url, *events, *secret_env;
    const char *last_error; /* "" where nothing waits */
};
/* By id: the channels of `model`, or the plain webhooks where that is "". */
int outbox_each_target(struct mlops_registry *registry, const char *model,
                       void (*visit)(void *context, const struct outbox_target *target),
                       void *context, struct mlops_error *err);

/* What the log keeps of a webhook, to hold its row against: hexadecimal SHA-256. */
void webhook_digest(const struct outbox_item *item, char hex[SHA256_HEX_SIZE]);
/* Errors: MLOPS_INVALID it is no http or https URL, or has a user in it; no name of a variable. */
int webhook_check_url(const char *url, struct mlops_error *err);
int webhook_check_variable(const char *name, struct mlops_error *err);

#endif
