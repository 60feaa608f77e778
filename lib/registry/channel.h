/*
 * lib/registry/channel.h - where people are told of alerts: kinds of channels, and sending.
 *
 * A channel is a row of the table webhook with a kind, and what it is to be told waits in the
 * outbox like all else. One channel is told in order: an alert's end never before its begin.
 */
#ifndef REGISTRY_CHANNEL_H
#define REGISTRY_CHANNEL_H
#include "base/http.h"
#include "base/json.h"
#include "registry/outbox.h"

/* Lay the entry that the transaction appended last out for the channels of the model that are told
 * of this severity. */
int channel_tell(struct transaction *tx, const char *model, const char *severity,
                 struct mlops_error *err);

struct channel_sending {
    struct mlops_registry *registry;
    struct http_client *client; /* NULL where the kind needs none */
    const struct outbox_item *item;
    const char *name; /* the id of the delivery, the same in every attempt */
    int64_t each_ns;
};
/* Does the kind ("" a plain webhook) speak HTTP? */
bool channel_is_http(const char *kind);
/* Tell it of an entry. Errors: MLOPS_REFUSED a program said no; MLOPS_NOT_FOUND it is not there;
 * MLOPS_IO. No message has a secret. */
int channel_send(const struct channel_sending *sending, const cJSON *entry,
                 struct mlops_error *err);

#endif
