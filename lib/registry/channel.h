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
#include "registry/log_view.h"
#include "registry/outbox.h"
#include <mlops/channel.h>

/* What a channel may say, whoever writes it down; `model` is not looked at. Errors:
 * MLOPS_INVALID. */
int channel_check(const struct mlops_channel_options *options, struct mlops_error *err);

/* The channels that a policy of a model names, each as channel_check has it. */
struct channels_of_policy {
    const char *model;
    uint64_t policy; /* its number */
    const struct mlops_channel_options *items;
    size_t count;
};
/* Add those that are not there, and remove those that an earlier policy put there and this one does
 * not name; what a command added stays. `view` is older than what the transaction appended. */
int channels_follow(struct transaction *tx, const struct log_view *view,
                    const struct channels_of_policy *wanted, struct mlops_error *err);

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
 * others of hook_tell; MLOPS_INTEGRITY the entry is no alert's, or there is no such kind; MLOPS_IO.
 * No message has a secret. */
int channel_send(const struct channel_sending *sending, const cJSON *entry,
                 struct mlops_error *err);

/* Post `body` to `url` once; `headers` end with NULL. Errors: MLOPS_IO the server was not reached,
 * or did not take it. */
int channel_post(const struct channel_sending *sending, const char *url, const char *const *headers,
                 const struct buffer *body, struct mlops_error *err);

#endif
