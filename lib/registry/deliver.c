/*
 * lib/registry/deliver.c - webhooks delivered: what stands in the outbox, signed and sent.
 *
 * Headers and signature are those of Standard Webhooks 1.0.0 (standardwebhooks.com): HMAC-SHA256
 * over "ID.TIMESTAMP.BODY". The names of `entity`, `action` and `data` are MLflow's where an event
 * is one of its own.
 */
#include "base/backoff.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/http.h"
#include "registry/channel.h"
#include "registry/hook.h"
#include "registry/log_view.h"
#include <mlops/webhook.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define EACH_NS 10000000000LL
#define LEASE_NS 60000000000LL /* beside the time of the request: then others may try */
#define WAIT_FIRST_NS 1000000000LL
#define WAIT_MAX_NS 3600000000000LL
#define FLUSH_NS 2000000000LL
#define SECRET_PREFIX "whsec_"

/* ---- the body ------------------------------------------------------------------------------ */

struct name {
    const char *event, *entity, *action;
};
static const struct name names[] = {{"register", "model_version", "created"},
                                    {"promote", "model_version_alias", "created"},
                                    {"rollback", "model_version_alias", "created"},
                                    {"tag", "model_version_tag", "set"}};

static void add_number(cJSON *data, const char *key, uint64_t number)
{
    char text[24];
    if (number == 0)
        return;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    json_add_string(data, key, text); /* MLflow's versions are text */
}

static cJSON *make_body(const cJSON *entry)
{
    cJSON *body = cJSON_CreateObject();
    const char *event = json_string(entry, "action", ""), *stage = json_string(entry, "stage", "");
    struct name name = {event, "registry", event};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_equal(names[i].event, event))
            name = names[i];
    json_add_string(body, "event", event);
    json_add_string(body, "entity", name.entity);
    json_add_string(body, "action", name.action);
    json_add_string(body, "timestamp", json_string(entry, "time", ""));
    cJSON *data = json_add_object(body, "data");
    if (*json_string(entry, "model", ""))
        json_add_string(data, "name", json_string(entry, "model", ""));
    add_number(data, "version", json_u64(entry, "version", 0));
    add_number(data, "previous_version", json_u64(entry, "previous", 0));
    if (*stage)
        json_add_string(data, "alias", stage);
    if (*json_string(entry, "bundle", ""))
        json_add_string(data, "source", json_string(entry, "bundle", ""));
    if (*json_string(entry, "reason", ""))
        json_add_string(data, "description", json_string(entry, "reason", ""));
    cJSON_AddItemToObject(body, "entry", cJSON_Duplicate(entry, true));
    return body;
}

/* The webhook's row is what its own entry of the log says, or nobody is told anything. */
static int check_webhook(const struct log_view *view, const struct outbox_item *item,
                         struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *entry = NULL;
    char hex[SHA256_HEX_SIZE];
    TRY(log_view_text(view, item->webhook, &text, NULL, err));
    TRY(json_parse(text.data, text.length, "an entry of the audit log", &entry, err));
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    webhook_digest(item, hex);
    if (str_equal(json_string(entry, "action", ""), *item->kind ? "notify" : "webhook") &&
        str_equal(json_string(detail, "sha256", ""), hex))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY, "webhook %llu was changed behind the audit log's back",
               (unsigned long long)item->webhook);
    return mlops_hint(err, "remove it and add it again");
}

/* What a delivery is about, proved against the log: the caller deletes `*entry`. */
static int prove_entry(struct mlops_registry *registry, const struct outbox_item *item,
                       cJSON **entry, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct log_view view;
    *entry = NULL;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    TRY(check_webhook(&view, item, err));
    TRY(log_view_text(&view, item->position, &text, NULL, err));
    return json_parse(text.data, text.length, "an entry of the audit log", entry, err);
}

static int write_body(const cJSON *entry, struct buffer *body, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = make_body(entry);
    return json_write_canonical(json, body, err);
}

/* ---- sending ------------------------------------------------------------------------------- */

/* "v1," and the base64 of the HMAC; "whsec_…" is base64 of the key, all else the key itself. */
static void sign(const char *secret, const char *signed_text, size_t length, struct buffer *out)
{
    _cleanup_(buffer_clear) struct buffer key = {0};
    uint8_t mac[32];
    unsigned mac_length = sizeof(mac);
    const char *encoded = str_starts(secret, SECRET_PREFIX) ? secret + strlen(SECRET_PREFIX) : NULL;
    if (!encoded || !base64_read(encoded, strlen(encoded), &key)) {
        buffer_reset(&key);
        buffer_puts(&key, secret);
    }
    /* fails only where memory is out */
    (void)xcheck(HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)signed_text,
                      length, mac, &mac_length));
    buffer_puts(out, "v1,");
    base64_write(mac, sizeof(mac), out);
}

static int send_signed(const struct channel_sending *sending, const cJSON *entry,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer body = {0}, text = {0}, signature = {0};
    const struct outbox_item *item = sending->item;
    const char *name = sending->name;
    long long now = clock_now_ns() / 1000000000;
    TRY(write_body(entry, &body, err));
    buffer_printf(&text, "%s.%lld.", name, now);
    buffer_append(&text, body.data, body.length);
    sign(getenv(item->secret_env), text.data, text.length, &signature);
    _cleanup_(free_string) char *id = xprintf("webhook-id: %s", name),
                                *time = xprintf("webhook-timestamp: %lld", now),
                                *mac = xprintf("webhook-signature: %s", signature.data);
    const char *const headers[] = {"Content-Type: application/json", id, time, mac, NULL};
    return channel_post(sending, item->url, headers, &body, err);
}

/* ---- all that is due ----------------------------------------------------------------------- */

/* A deadline, and who may say stop before it. */
struct deadline {
    const struct mlops_observer *asked;
    int64_t until_ns; /* monotonic; 0: none */
};

static bool is_over(void *context)
{
    const struct deadline *deadline = context;
    const struct mlops_observer *asked = deadline->asked;
    return (deadline->until_ns && clock_monotonic_ns() >= deadline->until_ns) ||
           (asked->cancelled && asked->cancelled(asked->context));
}

static bool is_signed(const struct outbox_item *item)
{
    return !*item->kind || str_equal(item->kind, "webhook");
}

static int deliver_one(const struct channel_sending *sending, struct mlops_delivery *delivery,
                       struct mlops_error *err)
{
    struct mlops_registry *registry = sending->registry;
    const struct outbox_item *item = sending->item;
    _cleanup_(json_free) cJSON *entry = NULL;
    struct mlops_error why = {0};
    TRY(prove_entry(registry, item, &entry, err));
    int code =
        is_signed(item) ? send_signed(sending, entry, &why) : channel_send(sending, entry, &why);
    if (code == MLOPS_OK) {
        delivery->delivered++;
        return outbox_done(registry, item, NULL, 0, err);
    }
    delivery->failed++;
    int64_t next_ns = clock_now_ns() + backoff_ns(WAIT_FIRST_NS, WAIT_MAX_NS, item->attempts);
    return outbox_done(registry, item, why.message, next_ns, err);
}

int mlops_webhook_deliver(struct mlops_registry *registry,
                          const struct mlops_delivery_options *options,
                          struct mlops_delivery *delivery, struct mlops_error *err)
{
    struct deadline deadline = {.asked = registry_observer(registry),
                                .until_ns =
                                    options->time_ns ? clock_monotonic_ns() + options->time_ns : 0};
    const struct mlops_observer observer = {.context = &deadline, .cancelled = is_over};
    int64_t each_ns = options->each_ns ? options->each_ns : EACH_NS;
    _cleanup_(http_client_free_ptr) struct http_client *client = NULL;
    _cleanup_(outbox_item_clear) struct outbox_item last = {.url = NULL};
    *delivery = (struct mlops_delivery){0};
    while (!is_over(&deadline)) {
        struct outbox_item item = {.url = NULL};
        bool taken;
        int code =
            outbox_take(registry, options->now, each_ns + LEASE_NS, &last, &item, &taken, err);
        outbox_item_clear(&last);
        last = item;
        TRY(code);
        if (!taken)
            break;
        if (!client && channel_is_http(last.kind))
            TRY(http_client_new(&(struct http_client_options){.connect_ns = each_ns,
                                                              .stall_ns = each_ns,
                                                              .attempts = 1,
                                                              .observer = &observer},
                                &client, err));
        _cleanup_(free_string) char *name = xprintf(
            "mlops-%llu-%llu", (unsigned long long)last.webhook, (unsigned long long)last.position);
        TRY(deliver_one(&(struct channel_sending){.registry = registry,
                                                  .client = client,
                                                  .item = &last,
                                                  .name = name,
                                                  .each_ns = each_ns},
                        delivery, err));
    }
    return outbox_count(registry, &delivery->left, err);
}

void mlops_webhook_flush(struct mlops_registry *registry)
{
    struct mlops_delivery_options options = {.time_ns = 0};
    struct mlops_delivery delivery = {0};
    struct mlops_error trouble = {0};
    if (!registry->outbox_filled)
        return;
    registry->outbox_filled = false;
    int code = hook_timeout("MLOPS_WEBHOOK_TIMEOUT", FLUSH_NS, &options.time_ns, &trouble);
    options.each_ns = options.time_ns;
    if (code == MLOPS_OK)
        code = mlops_webhook_deliver(registry, &options, &delivery, &trouble);
    if (code)
        registry_warn(registry, "webhooks are left for later: %s", trouble.message);
    else if (delivery.failed > 0)
        registry_warn(registry,
                      "%llu of the webhooks could not be delivered and will be tried "
                      "again; 'mlops webhook list' says why",
                      (unsigned long long)delivery.failed);
}
