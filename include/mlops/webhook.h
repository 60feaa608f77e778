/*
 * include/mlops/webhook.h - others told by HTTP of what happens in a registry (docs/hooks.md).
 *
 * What is to be told goes into an outbox in the transaction that does it: none is lost, and none is
 * sent for what did not happen. It is sent after that, more than once where an answer was lost.
 */
#ifndef MLOPS_WEBHOOK_H
#define MLOPS_WEBHOOK_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_webhook {
    uint64_t id;      /* index of the log entry that added it */
    char *url;        /* without its query, which may be a secret */
    char *events;     /* "promote,rollback"; "" all */
    char *secret_env; /* the environment variable that has the secret */
    uint64_t waiting; /* deliveries in the outbox */
    char *last_error; /* of the last attempt of one that waits; "" none */
};

struct mlops_webhook_list {
    struct mlops_webhook *items;
    size_t count;
};

struct mlops_webhook_options {
    const char *url;        /* http or https */
    const char *const *events; /* actions of the log, NULL-terminated; NULL: all */
    const char *secret_env; /* name of the variable; the secret itself is never kept */
};

/* Errors: MLOPS_INVALID not such a URL, no such event, no name of a variable; MLOPS_IO. */
MLOPS_API int mlops_webhook_add(struct mlops_registry *registry,
                                const struct mlops_webhook_options *options, uint64_t *id,
                                struct mlops_error *err);
/* With what waits for it in the outbox. Errors: MLOPS_NOT_FOUND. */
MLOPS_API int mlops_webhook_remove(struct mlops_registry *registry, uint64_t id,
                                   struct mlops_error *err);
/* The caller clears the list. */
MLOPS_API int mlops_webhook_list(struct mlops_registry *registry, struct mlops_webhook_list *list,
                                 struct mlops_error *err);
MLOPS_API void mlops_webhook_list_clear(struct mlops_webhook_list *list);

struct mlops_delivery_options {
    bool now;        /* those that wait for their next attempt, too */
    int64_t time_ns; /* for all of it; 0: no limit */
    int64_t each_ns; /* for one request; 0: 10 s */
};
struct mlops_delivery {
    uint64_t delivered, failed;
    uint64_t left; /* in the outbox afterwards */
};

/*
 * Send what is due. One that fails is due again after 1 s, 2 s, 4 s … an hour, half of it by chance;
 * one whose secret this process does not have is left to others.
 * Errors: MLOPS_NOT_FOUND libcurl is missing; MLOPS_INTEGRITY the outbox names what the log does not
 * have; MLOPS_CANCELLED; MLOPS_IO.
 */
MLOPS_API int mlops_webhook_deliver(struct mlops_registry *registry,
                                    const struct mlops_delivery_options *options,
                                    struct mlops_delivery *delivery, struct mlops_error *err);

/* After a command: send what it put into the outbox, within 2 s, or what MLOPS_WEBHOOK_TIMEOUT of the
 * environment says. What is not sent stays there, and the observer is told; a registry that nothing
 * was put into by this handle is left alone. */
MLOPS_API void mlops_webhook_flush(struct mlops_registry *registry);

MLOPS_END
#endif
