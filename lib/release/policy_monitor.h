/*
 * lib/release/policy_monitor.h - what a policy says of watching a model: who is told of alerts, and
 * what errors cost:
 *
 *     monitor:
 *       cost: {fp: 5, fn: 120}
 *       notify:
 *         - {channel: slack, secret_env: SLACK_URL}
 *         - {channel: email, target: oncall@example.com, severity: critical}
 *
 * It stands in the policy and not in the project file, for a channel sends what a variable of
 * whoever watches has to an address: an author of models must not choose both.
 */
#ifndef RELEASE_POLICY_MONITOR_H
#define RELEASE_POLICY_MONITOR_H
#include "base/buffer.h"
#include "base/yaml_check.h"
#include "registry/channel.h"
#include <mlops/channel.h>

#define POLICY_CHANNELS_MAX 100

struct policy_channel {
    char *kind;
    char *target, *secret_env, *least; /* NULL: not said */
};

struct policy_monitor {
    bool costs; /* they are said */
    double cost_fp, cost_fn;
    struct policy_channel *channels;
    size_t channel_count;
};
void policy_monitor_clear(struct policy_monitor *monitor);

/* Of a policy's key `monitor`. Errors: MLOPS_INVALID with the line; what may stand in a channel is
 * what channel_check says. */
int policy_monitor_parse(const struct yaml_checker *checker, const struct yaml_node *node,
                         struct policy_monitor *monitor);
/* As what policy_monitor_parse reads, with the key; nothing where nothing is said. */
void policy_monitor_write_yaml(const struct policy_monitor *monitor, struct buffer *text);

/* As member `monitor` of the policy, and back. */
void policy_monitor_write(const struct policy_monitor *monitor, cJSON *policy);
void policy_monitor_read(const cJSON *policy, struct policy_monitor *monitor);

/* Make the channels of `model` that policies put there those of policy `number`, in the
 * transaction that puts it in force. `view` is older than what the transaction appended. */
int policy_monitor_apply(struct transaction *tx, const struct log_view *view, const char *model,
                         uint64_t number, const struct policy_monitor *monitor,
                         struct mlops_error *err);

#endif
