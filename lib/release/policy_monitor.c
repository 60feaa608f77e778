/* lib/release/policy_monitor.c - channels and costs of a policy: read, written, put in force. */
#include "release/policy_monitor.h"
#include "base/json.h"
#include "release/policy_accept.h"
#include <math.h>

void policy_monitor_clear(struct policy_monitor *monitor)
{
    for (size_t i = 0; i < monitor->channel_count; i++) {
        free(monitor->channels[i].kind);
        free(monitor->channels[i].target);
        free(monitor->channels[i].secret_env);
        free(monitor->channels[i].least);
    }
    free(monitor->channels);
    *monitor = (struct policy_monitor){.costs = false};
}

static struct mlops_channel_options options_of(const struct policy_channel *channel)
{
    return (struct mlops_channel_options){.kind = channel->kind,
                                          .target = channel->target,
                                          .secret_env = channel->secret_env,
                                          .least = channel->least};
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_amount(const struct yaml_checker *checker, const struct yaml_node *map,
                       const char *key, double *amount)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node)
        return yaml_wrong(checker, map, "'cost' has no '%s'", key);
    if (node->kind != YAML_SCALAR || !yaml_as_number(node, amount) || !isfinite(*amount) ||
        *amount < 0)
        return yaml_wrong(checker, node, "'%s' must be an amount of money", key);
    return MLOPS_OK;
}

static int read_cost(const struct yaml_checker *checker, const struct yaml_node *node,
                     struct policy_monitor *monitor)
{
    static const char *const keys[] = {"fp", "fn", NULL};
    if (node->kind != YAML_MAP)
        return yaml_wrong(checker, node, "'cost' must be a map such as {fp: 5, fn: 120}");
    TRY(yaml_check_keys(checker, node, "'cost'", keys));
    TRY(read_amount(checker, node, "fp", &monitor->cost_fp));
    TRY(read_amount(checker, node, "fn", &monitor->cost_fn));
    monitor->costs = true;
    return MLOPS_OK;
}

static int take_text(const struct yaml_checker *checker, const struct yaml_node *map,
                     const char *key, char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    *text = xstrdup(node->text);
    return MLOPS_OK;
}

static int read_channel(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct policy_channel *channel)
{
    static const char *const keys[] = {"channel", "target", "secret_env", "severity", NULL};
    if (node->kind != YAML_MAP)
        return yaml_wrong(checker, node,
                          "a channel must be a map such as {channel: slack, secret_env: NAME}");
    TRY(yaml_check_keys(checker, node, "a channel", keys));
    TRY(take_text(checker, node, "channel", &channel->kind));
    TRY(take_text(checker, node, "target", &channel->target));
    TRY(take_text(checker, node, "secret_env", &channel->secret_env));
    TRY(take_text(checker, node, "severity", &channel->least));
    if (!channel->kind)
        return yaml_wrong(checker, node, "it does not say which 'channel' it is");
    struct mlops_channel_options options = options_of(channel);
    return channel_check(&options, checker->err) ? yaml_wrap(checker, node) : MLOPS_OK;
}

static int read_channels(const struct yaml_checker *checker, const struct yaml_node *node,
                         struct policy_monitor *monitor)
{
    if (node->kind != YAML_LIST || node->count > POLICY_CHANNELS_MAX)
        return yaml_wrong(checker, node, "'notify' must be a list of at most %d channels",
                          POLICY_CHANNELS_MAX);
    monitor->channels = xcalloc(node->count + 1, sizeof(*monitor->channels));
    for (size_t i = 0; i < node->count; i++)
        TRY(read_channel(checker, node->items[i], &monitor->channels[monitor->channel_count++]));
    return MLOPS_OK;
}

int policy_monitor_parse(const struct yaml_checker *checker, const struct yaml_node *node,
                         struct policy_monitor *monitor)
{
    static const char *const keys[] = {"cost", "notify", NULL};
    TRY(yaml_check_keys(checker, node, "'monitor'", keys));
    const struct yaml_node *cost = yaml_get(node, "cost"), *notify = yaml_get(node, "notify");
    if (cost && cost->kind != YAML_NULL)
        TRY(read_cost(checker, cost, monitor));
    return notify && notify->kind != YAML_NULL ? read_channels(checker, notify, monitor) : MLOPS_OK;
}

static void write_member(struct buffer *text, const char *key, const char *value)
{
    if (!value)
        return;
    buffer_printf(text, ", %s: ", key);
    policy_write_quoted(text, value);
}

void policy_monitor_write_yaml(const struct policy_monitor *monitor, struct buffer *text)
{
    if (!monitor->costs && monitor->channel_count == 0)
        return;
    buffer_puts(text, "monitor:\n");
    if (monitor->costs)
        buffer_printf(text, "  cost: {fp: %.17g, fn: %.17g}\n", monitor->cost_fp, monitor->cost_fn);
    buffer_puts(text, monitor->channel_count ? "  notify:\n" : "");
    for (size_t i = 0; i < monitor->channel_count; i++) {
        const struct policy_channel *channel = &monitor->channels[i];
        buffer_printf(text, "    - {channel: %s", channel->kind);
        write_member(text, "target", channel->target);
        write_member(text, "secret_env", channel->secret_env);
        write_member(text, "severity", channel->least);
        buffer_puts(text, "}\n");
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void policy_monitor_write(const struct policy_monitor *monitor, cJSON *policy)
{
    if (!monitor->costs && monitor->channel_count == 0)
        return;
    cJSON *json = json_add_object(policy, "monitor");
    if (monitor->costs) {
        json_add_number(json, "cost_fp", monitor->cost_fp);
        json_add_number(json, "cost_fn", monitor->cost_fn);
    }
    cJSON *notify = monitor->channel_count ? json_add_array(json, "notify") : NULL;
    for (size_t i = 0; i < monitor->channel_count; i++) {
        const struct policy_channel *channel = &monitor->channels[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "channel", channel->kind);
        json_add_text(item, "target", channel->target);
        json_add_text(item, "secret_env", channel->secret_env);
        json_add_text(item, "severity", channel->least);
        cJSON_AddItemToArray(notify, item);
    }
}

void policy_monitor_read(const cJSON *policy, struct policy_monitor *monitor)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(policy, "monitor"), *item;
    const cJSON *notify = cJSON_GetObjectItemCaseSensitive(json, "notify");
    monitor->costs = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(json, "cost_fp"));
    monitor->cost_fp = json_number(json, "cost_fp", 0);
    monitor->cost_fn = json_number(json, "cost_fn", 0);
    if (!cJSON_IsArray(notify))
        return;
    monitor->channels = xcalloc((size_t)cJSON_GetArraySize(notify) + 1, sizeof(*monitor->channels));
    cJSON_ArrayForEach(item, notify) monitor->channels[monitor->channel_count++] =
        (struct policy_channel){.kind = xstrdup(json_string(item, "channel", "")),
                                .target = json_copy_text(item, "target"),
                                .secret_env = json_copy_text(item, "secret_env"),
                                .least = json_copy_text(item, "severity")};
}

/* ---- in force -------------------------------------------------------------------------------- */

int policy_monitor_apply(struct transaction *tx, const struct log_view *view, const char *model,
                         uint64_t number, const struct policy_monitor *monitor,
                         struct mlops_error *err)
{
    struct mlops_channel_options wanted[POLICY_CHANNELS_MAX];
    size_t count = 0;
    for (; count < monitor->channel_count && count < POLICY_CHANNELS_MAX; count++)
        wanted[count] = options_of(&monitor->channels[count]);
    return channels_follow(tx, view,
                           &(struct channels_of_policy){
                               .model = model, .policy = number, .items = wanted, .count = count},
                           err);
}
