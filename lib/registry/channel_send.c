/* lib/registry/channel_send.c - a notice handed to its channel. */
#include "base/base64.h"
#include "base/clock.h"
#include "base/process.h"
#include "registry/channel.h"
#include "registry/hook.h"
#include "registry/notice.h"

#define SENDMAIL "/usr/sbin/sendmail"
#define SHOWN_MAX 200

/* ---- programs ------------------------------------------------------------------------------- */

static int run_hook(const struct channel_sending *sending, const struct notice *notice,
                    const cJSON *entry, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer input = {0};
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(free_string) char *subject = notice_subject(notice), *text = notice_text(notice);
    json_add_string(json, "id", sending->name);
    json_add_string(json, "subject", subject);
    json_add_string(json, "text", text);
    cJSON_AddItemToObject(json, "entry", cJSON_Duplicate(entry, true));
    TRY(json_write_canonical(json, &input, err));
    buffer_putc(&input, '\n');
    return hook_tell(
        sending->registry,
        &(struct hook_telling){.name = sending->item->url,
                               .input = input.data,
                               .length = input.length,
                               .event = {.action = notice->resolved ? "resolve" : "alert",
                                         .model = notice->model,
                                         .stage = notice->stage,
                                         .version = notice->version}},
        err);
}

static int send_mail(const struct channel_sending *sending, const struct notice *notice,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer mail = {0};
    _cleanup_(process_result_clear) struct process_result result = {0};
    const char *program = getenv("MLOPS_SENDMAIL");
    const char *const argv[] = {program && *program ? program : SENDMAIL, "-t", "-i", NULL};
    notice_mail(notice, getenv("MLOPS_MAIL_FROM"), sending->item->url, sending->name,
                clock_now_ns(), &mail);
    TRY(process_run(&(struct process_options){.argv = argv,
                                              .input = mail.data,
                                              .input_length = mail.length,
                                              .timeout_ns = sending->each_ns,
                                              .observer = registry_observer(sending->registry)},
                    &result, err));
    if (!result.timed_out && result.exit_status == 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_REFUSED, "%s ends with %d: %.*s", argv[0], result.exit_status,
                      (int)(result.output.length < SHOWN_MAX ? result.output.length : SHOWN_MAX),
                      result.output.data ? result.output.data : "");
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

/* "user:password" as Basic, anything else as a bearer's token. The caller frees; NULL: none. */
static char *authorization(const char *secret)
{
    _cleanup_(buffer_clear) struct buffer encoded = {0};
    if (!secret || !*secret)
        return NULL;
    if (!strchr(secret, ':'))
        return xprintf("Authorization: Bearer %s", secret);
    base64_write(secret, strlen(secret), &encoded);
    return xprintf("Authorization: Basic %s", encoded.data);
}

/* The address of Slack's webhooks is itself the secret: messages name the variable that has it. */
static int hide(const char *url, const char *variable, struct mlops_error *err)
{
    _cleanup_(free_string) char *plain = http_url_plain(url);
    const char *found = *plain ? strstr(err->message, plain) : NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    const char *rest = err->message;
    for (; found; found = strstr(rest, plain)) {
        buffer_append(&text, rest, (size_t)(found - rest));
        buffer_printf(&text, "$%s", variable);
        rest = found + strlen(plain);
    }
    buffer_puts(&text, rest);
    str_copy(err->message, sizeof(err->message), text.data ? text.data : "");
    return (int)err->code;
}

int channel_post(const struct channel_sending *sending, const char *url, const char *const *headers,
                 const struct buffer *body, struct mlops_error *err)
{
    _cleanup_(http_response_clear) struct http_response response = {0};
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .headers = headers,
                                   .data = body->data,
                                   .length = body->length,
                                   .once = true};
    TRY(http_send(sending->client, &request, &response, err));
    if (response.status >= 200 && response.status < 300)
        return MLOPS_OK;
    return http_fail_status(&request, &response, MLOPS_IO, NULL, err);
}

static int post(const struct channel_sending *sending, const char *url, const char *secret,
                const cJSON *json, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer body = {0};
    _cleanup_(free_string) char *who = authorization(secret);
    const char *const headers[] = {"Content-Type: application/json", who, NULL};
    TRY(json_write_canonical(json, &body, err));
    return channel_post(sending, url, headers, &body, err);
}

static int send_slack(const struct channel_sending *sending, const struct notice *notice,
                      const char *url, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = notice_slack(notice);
    return post(sending, url, NULL, json, err) == MLOPS_OK
               ? MLOPS_OK
               : hide(url, sending->item->secret_env, err);
}

static int send_pagerduty(const struct channel_sending *sending, const struct notice *notice,
                          const char *routing_key, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = notice_pagerduty(notice, routing_key);
    return post(sending, sending->item->url, NULL, json, err);
}

static int send_alertmanager(const struct channel_sending *sending, const struct notice *notice,
                             const char *secret, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = notice_alertmanager(notice);
    size_t length = strlen(sending->item->url);
    while (length > 0 && sending->item->url[length - 1] == '/')
        length--;
    _cleanup_(free_string) char *url =
        xprintf("%.*s/api/v2/alerts", (int)length, sending->item->url);
    return post(sending, url, secret, json, err);
}

bool channel_is_http(const char *kind)
{
    return !str_equal(kind, "exec") && !str_equal(kind, "email");
}

int channel_send(const struct channel_sending *sending, const cJSON *entry, struct mlops_error *err)
{
    _cleanup_(notice_clear) struct notice notice = {.key = NULL};
    const char *kind = sending->item->kind;
    const char *secret = *sending->item->secret_env ? getenv(sending->item->secret_env) : NULL;
    TRY(notice_read(entry, &notice, err));
    if (str_equal(kind, "exec"))
        return run_hook(sending, &notice, entry, err);
    if (str_equal(kind, "email"))
        return send_mail(sending, &notice, err);
    if (str_equal(kind, "slack"))
        return send_slack(sending, &notice, secret, err);
    if (str_equal(kind, "pagerduty"))
        return send_pagerduty(sending, &notice, secret, err);
    if (str_equal(kind, "alertmanager"))
        return send_alertmanager(sending, &notice, secret, err);
    return mlops_fail(err, MLOPS_INTEGRITY, "there is no kind '%s' of channels", kind);
}
