/* lib/release/policy.c - a policy as a structure, as canonical JSON, and back. */
#include "release/policy.h"
#include "base/json.h"
#include <math.h>

static const char *const scan_names[] = {"none", "safe", "low", "medium", "high", "critical"};

const char *policy_scan_name(enum policy_scan scan)
{
    return scan_names[scan];
}

static void stage_clear(struct policy_stage *stage)
{
    free(stage->name);
    strings_free(stage->suites);
    strings_free(stage->kinds);
    for (size_t i = 0; i < stage->metric_count; i++) {
        free(stage->metrics[i].suite);
        free(stage->metrics[i].metric);
        free(stage->metrics[i].demand);
    }
    free(stage->metrics);
    policy_accepts_clear(&stage->accepts);
    free(stage->evaluation);
    free(stage->from.stage);
    free(stage->challenge.by);
    free(stage->windows);
}

void policy_clear(struct policy *policy)
{
    for (size_t i = 0; i < policy->stage_count; i++)
        stage_clear(&policy->stages[i]);
    free(policy->stages);
    policy_monitor_clear(&policy->monitor);
    *policy = (struct policy){0};
}

void policy_default(struct policy *policy)
{
    static const char *const names[] = {"dev", "staging", "production", POLICY_ANY_STAGE};
    *policy = (struct policy){.stages = xcalloc(ARRAY_LENGTH(names), sizeof(*policy->stages)),
                              .stage_count = ARRAY_LENGTH(names)};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        policy->stages[i] =
            (struct policy_stage){.name = xstrdup(names[i]),
                                  .all_suites = true,
                                  .requirements = true,
                                  .scan = i == 0 ? POLICY_SCAN_NONE : POLICY_SCAN_SAFE};
}

const struct policy_stage *policy_stage_find(const struct policy *policy, const char *stage)
{
    const struct policy_stage *any = NULL;
    for (size_t i = 0; i < policy->stage_count; i++) {
        if (str_equal(policy->stages[i].name, stage))
            return &policy->stages[i];
        if (str_equal(policy->stages[i].name, POLICY_ANY_STAGE))
            any = &policy->stages[i];
    }
    return any;
}

char *policy_stage_names(const struct policy *policy)
{
    struct buffer text = {0};
    for (size_t i = 0; i < policy->stage_count; i++)
        buffer_printf(&text, "%s%s", i ? ", " : "", policy->stages[i].name);
    return buffer_steal(&text);
}

/* ---- to JSON: what is not demanded is left out --------------------------------------------- */

static void add_true(cJSON *object, const char *key, bool value)
{
    if (value)
        json_add_bool(object, key, true);
}

static void add_metrics(cJSON *object, const struct policy_stage *stage)
{
    if (stage->metric_count == 0)
        return;
    cJSON *array = json_add_array(object, "metrics");
    for (size_t i = 0; i < stage->metric_count; i++) {
        cJSON *item = cJSON_CreateObject();
        if (stage->metrics[i].suite)
            json_add_string(item, "suite", stage->metrics[i].suite);
        json_add_string(item, "metric", stage->metrics[i].metric);
        json_add_string(item, "demand", stage->metrics[i].demand);
        cJSON_AddItemToArray(array, item);
    }
}

static void add_from(cJSON *object, const struct policy_from *from)
{
    if (!from->stage)
        return;
    cJSON *json = json_add_object(object, "from");
    json_add_string(json, "stage", from->stage);
    if (from->for_ns)
        json_add_number(json, "seconds", (double)from->for_ns / 1e9);
    add_true(json, "no_open_alert", from->no_open_alert);
    if (from->predictions)
        json_add_u64(json, "predictions", from->predictions);
}

static void add_challenge(cJSON *object, const struct policy_challenge *challenge)
{
    if (!challenge->demanded)
        return;
    cJSON *json = json_add_object(object, "challenge");
    json_add_string(json, "verdict", challenge->not_worse ? "not-worse" : "better");
    if (challenge->not_worse)
        json_add_number(json, "margin", challenge->margin);
    json_add_text(json, "by", challenge->by);
    if (challenge->within_ns)
        json_add_number(json, "within_seconds", (double)challenge->within_ns / 1e9);
}

static cJSON *stage_to_json(const struct policy_stage *stage)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "stage", stage->name);
    add_true(json, "all_suites", stage->all_suites);
    json_add_texts(json, "suites", stage->suites);
    json_add_texts(json, "kinds", stage->kinds);
    add_true(json, "flaky_allowed", stage->flaky_allowed);
    add_true(json, "requirements", stage->requirements);
    if (stage->scan)
        json_add_string(json, "scan", policy_scan_name(stage->scan));
    policy_accepts_write(&stage->accepts, json);
    if (stage->signed_by)
        json_add_u64(json, "signed_by", stage->signed_by);
    if (stage->approvals)
        json_add_u64(json, "approvals", stage->approvals);
    if (stage->approvals_within_ns)
        json_add_number(json, "approvals_within_seconds", (double)stage->approvals_within_ns / 1e9);
    add_metrics(json, stage);
    json_add_text(json, "evaluation", stage->evaluation);
    add_from(json, &stage->from);
    add_challenge(json, &stage->challenge);
    add_true(json, "clean_git", stage->clean_git);
    add_true(json, "lineage", stage->lineage);
    add_true(json, "pinned", stage->pinned);
    cJSON *windows = stage->window_count ? json_add_array(json, "windows") : NULL;
    for (size_t i = 0; i < stage->window_count; i++) {
        _cleanup_(free_string) char *text = window_format(&stage->windows[i]);
        json_append_text(windows, text);
    }
    return json;
}

int policy_write(const struct policy *policy, struct buffer *text, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    json_add_string(json, "format", POLICY_FORMAT);
    cJSON *stages = json_add_array(json, "stages");
    for (size_t i = 0; i < policy->stage_count; i++)
        cJSON_AddItemToArray(stages, stage_to_json(&policy->stages[i]));
    policy_monitor_write(&policy->monitor, json);
    return json_write_canonical(json, text, err);
}

/* ---- from JSON ----------------------------------------------------------------------------- */

static int64_t get_seconds(const cJSON *json, const char *key)
{
    double seconds = json_number(json, key, 0);
    return seconds > 0 && seconds < 9e9 ? (int64_t)llround(seconds * 1e9) : 0;
}

static void get_metrics(const cJSON *json, struct policy_stage *stage)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, "metrics"), *item;
    if (!cJSON_IsArray(array))
        return;
    stage->metrics = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*stage->metrics));
    cJSON_ArrayForEach(item, array) stage->metrics[stage->metric_count++] =
        (struct policy_metric){.suite = json_copy_text(item, "suite"),
                               .metric = xstrdup(json_string(item, "metric", "")),
                               .demand = xstrdup(json_string(item, "demand", ""))};
}

static int get_windows(const cJSON *json, struct policy_stage *stage, struct mlops_error *err)
{
    _cleanup_(free_strings) char **texts = NULL;
    size_t count = 0;
    (void)json_copy_texts(json, "windows", &texts); /* check_same sees what is no text */
    while (texts && texts[count])
        count++;
    if (count == 0)
        return MLOPS_OK;
    stage->windows = xcalloc(count, sizeof(*stage->windows));
    for (; stage->window_count < count; stage->window_count++)
        TRY(window_parse(texts[stage->window_count], &stage->windows[stage->window_count], err));
    return MLOPS_OK;
}

static void get_challenge(const cJSON *stage, struct policy_challenge *challenge)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(stage, "challenge");
    *challenge = (struct policy_challenge){
        .demanded = cJSON_IsObject(json),
        .not_worse = str_equal(json_string(json, "verdict", ""), "not-worse"),
        .margin = json_number(json, "margin", 0),
        .by = json_copy_text(json, "by"),
        .within_ns = get_seconds(json, "within_seconds")};
}

static int stage_from_json(const cJSON *json, struct policy_stage *stage, struct mlops_error *err)
{
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(json, "from");
    const char *scan = json_string(json, "scan", "none");
    stage->name = xstrdup(json_string(json, "stage", ""));
    stage->all_suites = json_bool(json, "all_suites", false);
    (void)json_copy_texts(json, "suites", &stage->suites); /* check_same sees what is no text */
    (void)json_copy_texts(json, "kinds", &stage->kinds);
    stage->flaky_allowed = json_bool(json, "flaky_allowed", false);
    stage->requirements = json_bool(json, "requirements", false);
    for (size_t i = 0; i < ARRAY_LENGTH(scan_names); i++)
        if (str_equal(scan_names[i], scan))
            stage->scan = (enum policy_scan)i;
    policy_accepts_read(json, &stage->accepts);
    stage->signed_by = (unsigned)json_u64(json, "signed_by", 0);
    stage->approvals = json_u64(json, "approvals", 0);
    stage->approvals_within_ns = get_seconds(json, "approvals_within_seconds");
    get_metrics(json, stage);
    stage->evaluation = json_copy_text(json, "evaluation");
    stage->from = (struct policy_from){.stage = json_copy_text(from, "stage"),
                                       .for_ns = get_seconds(from, "seconds"),
                                       .no_open_alert = json_bool(from, "no_open_alert", false),
                                       .predictions = json_u64(from, "predictions", 0)};
    get_challenge(json, &stage->challenge);
    stage->clean_git = json_bool(json, "clean_git", false);
    stage->lineage = json_bool(json, "lineage", false);
    stage->pinned = json_bool(json, "pinned", false);
    return get_windows(json, stage, err);
}

static int read_stages(const cJSON *json, struct policy *policy, struct mlops_error *err)
{
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(json, "stages"), *item;
    int count = cJSON_IsArray(stages) ? cJSON_GetArraySize(stages) : 0;
    if (count < 1 || count > POLICY_STAGES_MAX)
        return mlops_fail(err, MLOPS_INTEGRITY, "the policy names no stages");
    policy->stages = xcalloc((size_t)count, sizeof(*policy->stages));
    cJSON_ArrayForEach(item, stages)
        TRY(stage_from_json(item, &policy->stages[policy->stage_count++], err));
    policy_monitor_read(json, &policy->monitor);
    return MLOPS_OK;
}

/* What is read must be what was written: a demand that this mlops does not know would otherwise be
 * one that nobody judges. */
static int check_same(const struct policy *policy, const char *text, size_t length,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer again = {0};
    TRY(policy_write(policy, &again, err));
    if (again.length == length && memcmp(again.data, text, length) == 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY, "the policy demands something that this mlops does not know");
    return mlops_hint(err, "a newer mlops may have written it: install that one");
}

int policy_read(const char *text, size_t length, struct policy *policy, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    *policy = (struct policy){0};
    int code = json_parse(text, length, "the policy", &json, err);
    if (code == MLOPS_OK)
        code = read_stages(json, policy, err);
    if (code == MLOPS_OK)
        code = check_same(policy, text, length, err);
    if (code == MLOPS_OK)
        return code;
    policy_clear(policy);
    return (int)(err->code = MLOPS_INTEGRITY);
}
