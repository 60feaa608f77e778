/*
 * lib/registry/notice.h - an alert that opened or resolved, in the words and formats of those who
 * are told: read from its entry of the log, so that what is sent is what is recorded.
 */
#ifndef REGISTRY_NOTICE_H
#define REGISTRY_NOTICE_H
#include "base/json.h"
#include "base/util.h"

/* Texts belong to the entry. */
struct notice {
    const char *model, *stage, *rule, *severity, *what, *cause;
    const char *since, *at; /* RFC 3339 */
    uint64_t version;
    bool resolved;
    char *key; /* the same for the begin and the end of one alert */
};

/* Of an entry "alert" or "resolve". The caller clears `notice`. Errors: MLOPS_INTEGRITY another. */
int notice_read(const cJSON *entry, struct notice *notice, struct mlops_error *err);
void notice_clear(struct notice *notice);

/* One line of ASCII; and all of it in lines: what, since when, how sure, which features moved, and
 * the commands to look and to go back. The caller frees both. */
char *notice_subject(const struct notice *notice);
char *notice_text(const struct notice *notice);

/* Slack's incoming webhooks: `text` and `blocks`. The caller deletes all of these. */
cJSON *notice_slack(const struct notice *notice);
/* PagerDuty's Events API v2: trigger and resolve. */
cJSON *notice_pagerduty(const struct notice *notice, const char *routing_key);
/* Alertmanager's API v2, POST /api/v2/alerts: an array of one alert. */
cJSON *notice_alertmanager(const struct notice *notice);
/* A message of RFC 5322; `id` is the left part of its Message-ID. */
void notice_mail(const struct notice *notice, const char *from, const char *to, const char *id,
                 int64_t now_ns, struct buffer *out);

#endif
