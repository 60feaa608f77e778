/*
 * lib/registry/notice.c - the formats of those who are told of alerts, each as its own
 * documentation has it: api.slack.com/messaging/webhooks and reference/block-kit/blocks,
 * developer.pagerduty.com/docs/send-alert-event, github.com/prometheus/alertmanager
 * api/v2/openapi.yaml, RFC 5322.
 */
#include "registry/notice.h"
#include "base/clock.h"
#include "base/hash.h"
#include <mlops/text.h>
#include <time.h>

#define SLACK_HEADER_MAX 150
#define SLACK_TEXT_MAX 3000
#define PAGERDUTY_SUMMARY_MAX 1024
#define PAGERDUTY_KEY_MAX 255
#define FIRING_NS (7 * 86400 * 1000000000LL) /* for Alertmanager, until the resolve comes */

int notice_read(const cJSON *entry, struct notice *notice, struct mlops_error *err)
{
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const char *action = json_string(entry, "action", "");
    *notice = (struct notice){.model = json_string(entry, "model", ""),
                              .stage = json_string(entry, "stage", ""),
                              .version = json_u64(entry, "version", 0),
                              .at = json_string(entry, "time", ""),
                              .rule = json_string(detail, "rule", ""),
                              .severity = json_string(detail, "severity", "warning"),
                              .what = json_string(detail, "what", ""),
                              .cause = json_string(detail, "cause", ""),
                              .since = json_string(detail, "since", ""),
                              .resolved = str_equal(action, "resolve")};
    if ((!notice->resolved && !str_equal(action, "alert")) || !*notice->rule)
        return mlops_fail(err, MLOPS_INTEGRITY, "an entry '%s' of the log is no alert", action);
    notice->key =
        xprintf("mlops/%s/%s/%s/%s", notice->model, notice->stage, notice->rule, notice->since);
    if (strlen(notice->key) > PAGERDUTY_KEY_MAX) {
        struct digest digest;
        sha256_of(notice->key, strlen(notice->key), &digest);
        free(notice->key);
        notice->key = xmalloc(SHA256_HEX_SIZE);
        digest_to_hex(&digest, notice->key);
    }
    return MLOPS_OK;
}

void notice_clear(struct notice *notice)
{
    free(notice->key);
    notice->key = NULL;
}

/* ---- words ---------------------------------------------------------------------------------- */

char *notice_subject(const struct notice *notice)
{
    return xprintf("[%s] %s@%llu in %s: %s %s", notice->severity, notice->model,
                   (unsigned long long)notice->version, notice->stage, notice->rule,
                   notice->resolved ? "is over" : "is alerting");
}

/* Names of features are whatever events had: one line, nothing that steers. */
static void put_line(struct buffer *out, const char *label, const char *text)
{
    buffer_puts(out, label);
    for (; *text; text++)
        buffer_putc(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
    buffer_putc(out, '\n');
}

static char *command_look(const struct notice *notice)
{
    return xprintf("mlops monitor status %s --stage %s", notice->model, notice->stage);
}

static char *command_back(const struct notice *notice)
{
    return xprintf("mlops rollback %s --stage %s --if-alerting", notice->model, notice->stage);
}

char *notice_text(const struct notice *notice)
{
    _cleanup_(free_string) char *look = command_look(notice), *back = command_back(notice);
    struct buffer out = {0};
    put_line(&out, "", notice->what);
    put_line(&out, "since: ", notice->since);
    if (notice->resolved) {
        put_line(&out, "until: ", notice->at);
        put_line(&out, "look: ", look);
        return buffer_steal(&out);
    }
    put_line(&out, "likely cause: ", *notice->cause ? notice->cause : "no feature moved");
    put_line(&out, "look: ", look);
    put_line(&out, "roll back: ", back);
    return buffer_steal(&out);
}

/* At most `max` bytes, and no character cut in two. */
static void cut(char *text, size_t max)
{
    if (strlen(text) <= max)
        return;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    text[max] = '\0';
}

/* ---- Slack ---------------------------------------------------------------------------------- */

/* api.slack.com/reference/surfaces/formatting: these three, and so nobody is mentioned. */
static char *slack_escape(const char *text)
{
    struct buffer out = {0};
    for (; *text; text++)
        switch (*text) {
        case '&':
            buffer_puts(&out, "&amp;");
            break;
        case '<':
            buffer_puts(&out, "&lt;");
            break;
        case '>':
            buffer_puts(&out, "&gt;");
            break;
        default:
            buffer_putc(&out, *text);
        }
    return buffer_steal(&out);
}

static cJSON *add_block(cJSON *blocks, const char *type, const char *text_type, const char *text)
{
    cJSON *block = cJSON_CreateObject();
    json_add_string(block, "type", type);
    cJSON *inner = json_add_object(block, "text");
    json_add_string(inner, "type", text_type);
    json_add_string(inner, "text", text);
    cJSON_AddItemToArray(blocks, block);
    return block;
}

cJSON *notice_slack(const struct notice *notice)
{
    _cleanup_(free_string) char *subject = notice_subject(notice), *text = notice_text(notice);
    _cleanup_(free_string) char *escaped = slack_escape(text);
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "text", subject);
    cJSON *blocks = json_add_array(json, "blocks");
    cut(subject, SLACK_HEADER_MAX);
    cut(escaped, SLACK_TEXT_MAX);
    (void)add_block(blocks, "header", "plain_text", subject);
    (void)add_block(blocks, "section", "mrkdwn", escaped);
    return json;
}

/* ---- PagerDuty ------------------------------------------------------------------------------ */

cJSON *notice_pagerduty(const struct notice *notice, const char *routing_key)
{
    _cleanup_(free_string) char *subject = notice_subject(notice), *look = command_look(notice),
                                *back = command_back(notice);
    _cleanup_(free_string) char *summary = xprintf("%s: %s", subject, notice->what);
    _cleanup_(free_string) char *source =
        xprintf("%s@%llu", notice->model, (unsigned long long)notice->version);
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "routing_key", routing_key);
    json_add_string(json, "event_action", notice->resolved ? "resolve" : "trigger");
    json_add_string(json, "dedup_key", notice->key);
    json_add_string(json, "client", "mlops");
    cJSON *payload = json_add_object(json, "payload");
    cut(summary, PAGERDUTY_SUMMARY_MAX);
    json_add_string(payload, "summary", summary);
    json_add_string(payload, "source", source);
    json_add_string(payload, "severity",
                    notice->severity); /* info, warning, critical are its own */
    json_add_string(payload, "timestamp", notice->at);
    json_add_string(payload, "component", notice->model);
    json_add_string(payload, "group", notice->stage);
    json_add_string(payload, "class", notice->rule);
    cJSON *details = json_add_object(payload, "custom_details");
    json_add_string(details, "since", notice->since);
    json_add_string(details, "likely_cause", notice->cause);
    json_add_string(details, "look", look);
    json_add_string(details, "roll_back", back);
    return json;
}

/* ---- Alertmanager --------------------------------------------------------------------------- */

cJSON *notice_alertmanager(const struct notice *notice)
{
    _cleanup_(free_string) char *subject = notice_subject(notice), *text = notice_text(notice),
                                *version = xprintf("%llu", (unsigned long long)notice->version);
    char later[32];
    cJSON *json = cJSON_CreateArray(), *alert = cJSON_CreateObject();
    cJSON_AddItemToArray(json, alert);
    cJSON *labels = json_add_object(alert, "labels");
    json_add_string(labels, "alertname", notice->rule);
    json_add_string(labels, "model", notice->model);
    json_add_string(labels, "stage", notice->stage);
    json_add_string(labels, "version", version);
    json_add_string(labels, "severity", notice->severity);
    cJSON *annotations = json_add_object(alert, "annotations");
    json_add_string(annotations, "summary", subject);
    json_add_string(annotations, "description", text);
    json_add_string(alert, "startsAt", notice->since);
    mlops_time_format(clock_now_ns() + FIRING_NS, later);
    json_add_string(alert, "endsAt", notice->resolved ? notice->at : later);
    return json;
}

/* ---- mail ----------------------------------------------------------------------------------- */

static void put_date(struct buffer *out, int64_t now_ns)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = now_ns / 1000000000;
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm); /* fails only in years that no clock shows */
    buffer_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday,
                  tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                  tm.tm_sec);
}

void notice_mail(const struct notice *notice, const char *from, const char *to, const char *id,
                 int64_t now_ns, struct buffer *out)
{
    _cleanup_(free_string) char *subject = notice_subject(notice), *text = notice_text(notice);
    if (from)
        buffer_printf(out, "From: %s\r\n", from);
    buffer_printf(out, "To: %s\r\nSubject: %s\r\n", to, subject);
    put_date(out, now_ns);
    buffer_printf(out,
                  "Message-ID: <%s@mlops.invalid>\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: 8bit\r\n"
                  "Auto-Submitted: auto-generated\r\n\r\n",
                  id);
    for (const char *c = text; *c; c++)
        buffer_printf(out, *c == '\n' ? "\r\n" : "%c", *c);
}
