/* lib/monitor/check.c - rules judged over the windows; alerts and evidence of what came out. */
#include "base/clock.h"
#include "base/json.h"
#include "monitor/alert.h"
#include "monitor/judge.h"
#include "monitor/silence.h"
#include "registry/channel.h"
#include "registry/db.h"
#include <mlops/text.h>

#define NOW_NS 3600000000000LL     /* what is older says nothing about now */
#define EVIDENCE_NS 600000000000LL /* as often it is renewed where nothing changed */

struct rules {
    struct rule *items;
    size_t count;
};

static void rules_clear(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        rule_clear(&rules->items[i]);
    free(rules->items);
}

static int add_rule(struct rules *rules, const char *name, const char *text,
                    struct mlops_error *err)
{
    struct rule rule;
    for (size_t i = 0; i < rules->count; i++)
        if (str_equal(rules->items[i].name, name))
            return MLOPS_OK; /* the registry's own goes first */
    int code = rule_parse(name, text, &rule, err);
    if (code) {
        rule_clear(&rule);
        return code;
    }
    rules->items = xrealloc(rules->items, rules->count + 1, sizeof(*rules->items));
    rules->items[rules->count++] = rule;
    return MLOPS_OK;
}

/* The registry's, and those of the project file that it does not replace. */
static int read_rules(struct mlops_registry *registry, const struct mlops_version *version,
                      const struct manifest *manifest, struct rules *rules, struct mlops_error *err)
{
    static const char *const keys[] = {"latency_p99", "error_rate"};
    _cleanup_(mlops_rule_list_clear) struct mlops_rule_list list = {0};

    TRY(mlops_rule_list(registry, version->model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        TRY(add_rule(rules, list.items[i].name, list.items[i].text, err));
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *limit = json_string(manifest->project.monitor, keys[i], NULL);
        _cleanup_(free_string) char *text = xprintf("%s <= %s", keys[i], limit ? limit : "");
        if (limit)
            TRY(add_rule(rules, keys[i], text, err));
    }
    return MLOPS_OK;
}

/* ---- judging -------------------------------------------------------------------------------- */

static int judge_one(struct judge *judge, const struct rule *rule, struct db *db,
                     struct mlops_check *check, struct mlops_error *err)
{
    _cleanup_(judgement_clear) struct judgement judgement = {.known = false};
    TRY(judge_rule(judge, rule, &judgement, err));
    check->unknown += !judgement.known;
    return alert_advance(db,
                         &(struct finding){.version = &check->version,
                                           .stage = judge->stage,
                                           .rule = rule->name,
                                           .severity = rule->severity,
                                           .known = judgement.known,
                                           .holds = judgement.known && judgement.holds,
                                           .at_ns = check->at_ns,
                                           .for_ns = rule->for_ns,
                                           .recover_ns = rule->recover_ns,
                                           .what = judgement.what,
                                           .cause = judgement.cause},
                         &check->alerts, err);
}

static int judge_all(struct judge *judge, const struct rules *rules, struct db *db,
                     struct mlops_check *check, struct mlops_error *err)
{
    const char **names = xcalloc(rules->count + 1, sizeof(*names));
    int code;

    for (size_t i = 0; i < rules->count; i++)
        names[i] = rules->items[i].name;
    code = alert_resolve_others(db, &check->version, judge->stage, names, check->at_ns,
                                &check->alerts, err);
    for (size_t i = 0; i < rules->count && code == MLOPS_OK; i++)
        code = judge_one(judge, &rules->items[i], db, check, err);
    free(names);
    TRY(code);
    TRY(silences_apply(db, check->version.model, check->at_ns, &check->alerts, err));
    for (size_t i = 0; i < check->alerts.count; i++) {
        bool open = check->alerts.items[i].state == MLOPS_ALERT_OPEN;
        check->open += open;
        check->silenced += open && check->alerts.items[i].silenced;
    }
    return MLOPS_OK;
}

/* ---- the log -------------------------------------------------------------------------------- */

static int detail_text(const struct mlops_alert *alert, struct buffer *text,
                       struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    char since[32];
    mlops_time_format(alert->since_ns, since);
    json_add_string(detail, "rule", alert->rule);
    json_add_string(detail, "severity", alert->severity);
    json_add_string(detail, "what", alert->what);
    json_add_string(detail, "cause", alert->cause);
    json_add_string(detail, "since", since);
    json_add_bool(detail, "silenced", alert->silenced);
    return json_write_canonical(detail, text, err);
}

/* Who watches the log, by `mlops events` or a webhook, learns of alerts from it; the channels of
 * the model are told, unless somebody silenced it. */
static int log_changes(struct transaction *tx, const struct mlops_check *check, const char *stage,
                       struct mlops_error *err)
{
    for (size_t i = 0; i < check->alerts.count; i++) {
        const struct mlops_alert *alert = &check->alerts.items[i];
        _cleanup_(free_string) char *reason =
            xprintf("%s, %s: %s%s%s", alert->rule, alert->severity, alert->what,
                    *alert->cause ? "; moved: " : "", alert->cause);
        _cleanup_(buffer_clear) struct buffer detail = {0};
        if (!alert->changed)
            continue;
        TRY(detail_text(alert, &detail, err));
        TRY(audit_append(tx,
                         &(struct audit_entry){.action = alert->resolved_ns ? "resolve" : "alert",
                                               .model = alert->model,
                                               .version = alert->version,
                                               .stage = stage,
                                               .reason = reason,
                                               .detail = detail.data},
                         err));
        if (!alert->silenced)
            TRY(channel_tell(tx, alert->model, alert->severity, err));
    }
    return MLOPS_OK;
}

/* ---- evidence ------------------------------------------------------------------------------- */

/* When the newest evidence for the stage was left; 0: never. */
static int last_evidence(struct mlops_registry *registry, const char *bundle, const char *stage,
                         int64_t *recorded_ns, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    *recorded_ns = 0;
    TRY(mlops_evidence_list(registry, bundle, "monitor", &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].name, stage) && list.items[i].recorded_ns > *recorded_ns)
            *recorded_ns = list.items[i].recorded_ns;
    return MLOPS_OK;
}

static int body_text(const struct mlops_check *check, uint64_t predictions, struct buffer *text,
                     struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = cJSON_CreateObject();
    json_add_u64(body, "predictions", predictions);
    cJSON *names = json_add_array(body, "open_alerts");
    for (size_t i = 0; i < check->alerts.count; i++)
        if (check->alerts.items[i].state == MLOPS_ALERT_OPEN)
            cJSON_AddItemToArray(names, cJSON_CreateString(check->alerts.items[i].rule));
    TRY(json_write_canonical(body, text, err));
    buffer_putc(text, '\0');
    return MLOPS_OK;
}

/* What release/health reads. Each stands in the log, so it is left when something changed, and
 * every ten minutes. */
static int leave_evidence(struct transaction *tx, struct mlops_registry *registry,
                          const char *stage, uint64_t predictions, const struct mlops_check *check,
                          struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer body = {0};
    int64_t now_ns = clock_now_ns(), last_ns;
    bool changed = false;

    if (check->at_ns < now_ns - NOW_NS)
        return MLOPS_OK;
    for (size_t i = 0; i < check->alerts.count; i++)
        changed |= check->alerts.items[i].changed;
    TRY(last_evidence(registry, check->version.bundle, stage, &last_ns, err));
    if (!changed && now_ns - last_ns < EVIDENCE_NS)
        return MLOPS_OK;
    TRY(body_text(check, predictions, &body, err));
    return evidence_record(tx, check->version.bundle, "monitor", stage,
                           check->open ? "failed" : "passed", body.data, err);
}

/* ---- the check ------------------------------------------------------------------------------ */

static int find_holder(struct mlops_registry *registry, const char *model, const char *stage,
                       struct mlops_stage_row *row, struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    TRY(mlops_stage_list(registry, model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].stage, stage)) {
            *row = list.items[i];
            return MLOPS_OK;
        }
    return mlops_fail(err, MLOPS_NOT_FOUND, "nothing of %s is in %s: there is nothing to judge",
                      model, stage);
}

/* How many the version answered in the stage since it is there, to the hour or day of long
 * spans. */
static int count_served(struct judge *judge, const struct mlops_stage_row *holder,
                        uint64_t *predictions, struct mlops_error *err)
{
    const struct mlops_monitor_group *group;
    int64_t over_ns = judge->at_ns - holder->since_ns;
    *predictions = 0;
    if (over_ns <= 0)
        return MLOPS_OK;
    TRY(judge_served(judge, over_ns, &group, err));
    *predictions = group ? group->events : 0;
    return MLOPS_OK;
}

int mlops_check(struct mlops_registry *registry, const struct mlops_check_options *options,
                struct mlops_check *check, struct mlops_error *err)
{
    _cleanup_(rules_clear) struct rules rules = {0};
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(judge_clear) struct judge judge = {.registry = registry};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct mlops_stage_row holder = {.since_ns = 0};
    struct mlops_version found;
    uint64_t predictions;
    const char *stage = options->stage ? options->stage : "production";

    *check = (struct mlops_check){.at_ns = options->at_ns ? options->at_ns : clock_now_ns()};
    TRY(find_holder(registry, options->model, stage, &holder, err));
    check->version = holder.version;
    TRY(manifest_load(registry, check->version.bundle, &found, &manifest, NULL, err));
    TRY(read_rules(registry, &check->version, &manifest, &rules, err));
    check->rules = rules.count;
    judge.version = &check->version;
    judge.stage = stage;
    judge.at_ns = check->at_ns;
    judge.manifest = &manifest;
    TRY(count_served(&judge, &holder, &predictions, err));
    TRY(transaction_begin(registry, &tx, err));
    int code = judge_all(&judge, &rules, transaction_db(tx), check, err);
    if (code == MLOPS_OK)
        code = log_changes(tx, check, stage, err);
    if (code == MLOPS_OK)
        code = leave_evidence(tx, registry, stage, predictions, check, err);
    if (code == MLOPS_OK)
        code = transaction_commit(TAKE_PTR(tx), err);
    if (code)
        mlops_check_clear(check);
    return code;
}

void mlops_check_clear(struct mlops_check *check)
{
    mlops_alert_list_clear(&check->alerts);
    *check = (struct mlops_check){.rules = 0};
}
