/*
 * lib/registry/outbox.h - what others are to be told of, until they were.
 */
#ifndef REGISTRY_OUTBOX_H
#define REGISTRY_OUTBOX_H
#include "registry/handle.h"

/* The entry that the transaction has just appended, for each webhook that wants such. */
int outbox_add(struct transaction *tx, const char *action, struct mlops_error *err);

/* A delivery that is this process's for a while. */
struct outbox_item {
    uint64_t webhook, position, attempts;
    char *url, *events, *secret_env;
};
void outbox_item_clear(struct outbox_item *item);

/* Take the first that is due (`now`: or is not) and whose secret is at hand, out of the way of other
 * processes until `lease_ns` are over. `after` is the last one that was taken, or zeroed. */
int outbox_take(struct mlops_registry *registry, bool now, int64_t lease_ns,
                const struct outbox_item *after, struct outbox_item *item, bool *taken,
                struct mlops_error *err);
/* It was told; or `why` it was not, to be tried again at `due_ns`. */
int outbox_done(struct mlops_registry *registry, const struct outbox_item *item, const char *why,
                int64_t due_ns, struct mlops_error *err);
/* How many wait. */
int outbox_count(struct mlops_registry *registry, uint64_t *count, struct mlops_error *err);

/* What the log keeps of a webhook, to hold its row against: hexadecimal SHA-256. */
void webhook_digest(const char *url, const char *events, const char *secret_env,
                    char hex[SHA256_HEX_SIZE]);

/* The body of a delivery: entry `index` of the log, proved, as others are told of it. */
int webhook_body(struct mlops_registry *registry, const struct outbox_item *item,
                 struct buffer *body, struct mlops_error *err);

#endif
