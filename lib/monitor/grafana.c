/*
 * lib/monitor/grafana.c - a dashboard over the metrics of openmetrics.c. The members are those of
 * grafana.com/docs, "Dashboard JSON model".
 */
#include "base/json.h"
#include "registry/registry.h"
#include <mlops/export.h>

#define SCHEMA 37 /* Grafana 9 */
#define WIDTH 12  /* of a panel: two in a row of 24 */
#define HEIGHT 8

/* What a line of a panel shows: `metric` of the chosen model, stage and versions. */
struct line {
    const char *metric, *legend;
};
struct panel {
    const char *title, *type, *unit;
    struct line lines[5];
};

static const struct panel panels[] = {
    {"Open alerts", "stat", "short", {{"mlops_alert_open", "{{rule}} @{{version}}"}}},
    {"Events a second",
     "timeseries",
     "reqps",
     {{"mlops_events_per_second", "@{{version}} {{segment}}"}}},
    {"Errors", "timeseries", "percentunit", {{"mlops_error_ratio", "@{{version}} {{segment}}"}}},
    {"Latency",
     "timeseries",
     "s",
     {{"mlops_latency_p50_seconds", "p50 @{{version}} {{segment}}"},
      {"mlops_latency_p90_seconds", "p90 @{{version}} {{segment}}"},
      {"mlops_latency_p99_seconds", "p99 @{{version}} {{segment}}"},
      {"mlops_latency_p999_seconds", "p99.9 @{{version}} {{segment}}"}}},
    {"Features that drifted from training",
     "timeseries",
     "percentunit",
     {{"mlops_drifted_features_ratio", "@{{version}} {{segment}}"}}},
    {"Predictions",
     "timeseries",
     "percentunit",
     {{"mlops_positive_ratio", "positive @{{version}} {{segment}}"},
      {"mlops_score_mean", "mean score @{{version}} {{segment}}"}}},
    {"Performance of labelled events",
     "timeseries",
     "percentunit",
     {{"mlops_accuracy_ratio", "accuracy @{{version}}"},
      {"mlops_precision_ratio", "precision @{{version}}"},
      {"mlops_recall_ratio", "recall @{{version}}"},
      {"mlops_fpr_ratio", "fpr @{{version}}"},
      {"mlops_auc_ratio", "auc @{{version}}"}}},
    {"Labelled events",
     "timeseries",
     "short",
     {{"mlops_labelled_events", "@{{version}} {{segment}}"}}},
};

static void add_source(cJSON *json)
{
    cJSON *source = json_add_object(json, "datasource");
    json_add_string(source, "type", "prometheus");
    json_add_string(source, "uid", "${source}");
}

static void add_target(cJSON *targets, const struct line *line, size_t index)
{
    const char letter[2] = {(char)('A' + index), '\0'};
    _cleanup_(free_string) char *expression =
        xprintf("%s{model=\"$model\",stage=\"$stage\",version=~\"$version\"}", line->metric);
    cJSON *target = cJSON_CreateObject();
    add_source(target);
    json_add_string(target, "expr", expression);
    json_add_string(target, "legendFormat", line->legend);
    json_add_string(target, "refId", letter);
    cJSON_AddItemToArray(targets, target);
}

static void add_panel(cJSON *array, const struct panel *panel, size_t index)
{
    cJSON *json = cJSON_CreateObject();
    json_add_u64(json, "id", index + 1);
    json_add_string(json, "title", panel->title);
    json_add_string(json, "type", panel->type);
    add_source(json);
    cJSON *place = json_add_object(json, "gridPos");
    json_add_u64(place, "x", index % 2 * WIDTH);
    json_add_u64(place, "y", index / 2 * HEIGHT);
    json_add_u64(place, "w", WIDTH);
    json_add_u64(place, "h", HEIGHT);
    cJSON *fields = json_add_object(json, "fieldConfig");
    json_add_string(json_add_object(fields, "defaults"), "unit", panel->unit);
    (void)json_add_array(fields, "overrides");
    cJSON *targets = json_add_array(json, "targets");
    for (size_t i = 0; i < ARRAY_LENGTH(panel->lines) && panel->lines[i].metric; i++)
        add_target(targets, &panel->lines[i], i);
    cJSON_AddItemToArray(array, json);
}

/* A choice among the values of a label. */
static void add_variable(cJSON *list, const char *name, const char *query, const char *first)
{
    cJSON *json = cJSON_CreateObject();
    bool several = str_equal(name, "version");
    json_add_string(json, "name", name);
    json_add_string(json, "type", "query");
    add_source(json);
    json_add_string(json, "query", query);
    json_add_string(json, "definition", query);
    json_add_number(json, "refresh", 2); /* whenever the range of time changes */
    json_add_bool(json, "multi", several);
    json_add_bool(json, "includeAll", several);
    cJSON *current = json_add_object(json, "current");
    json_add_string(current, "text", several ? "All" : first);
    json_add_string(current, "value", several ? "$__all" : first);
    cJSON_AddItemToArray(list, json);
}

static void add_variables(cJSON *json, const char *model)
{
    cJSON *list = json_add_array(json_add_object(json, "templating"), "list");
    cJSON *source = cJSON_CreateObject();
    json_add_string(source, "name", "source");
    json_add_string(source, "type", "datasource");
    json_add_string(source, "query", "prometheus");
    cJSON_AddItemToArray(list, source);
    add_variable(list, "model", "label_values(mlops_events, model)", model);
    add_variable(list, "stage", "label_values(mlops_events{model=\"$model\"}, stage)",
                 "production");
    add_variable(list, "version",
                 "label_values(mlops_events{model=\"$model\",stage=\"$stage\"}, version)", "");
}

int mlops_grafana(struct mlops_registry *registry, const char *model, char **text,
                  struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer out = {0};
    _cleanup_(free_string) char *title = xprintf("mlops: %s", model);
    *text = NULL;
    TRY(mlops_version_list(registry, model, &versions, err));
    json_add_string(json, "title", title);
    json_add_number(json, "schemaVersion", SCHEMA);
    json_add_bool(json, "editable", true);
    json_add_string(json, "refresh", "30s");
    cJSON *time = json_add_object(json, "time");
    json_add_string(time, "from", "now-24h");
    json_add_string(time, "to", "now");
    cJSON_AddItemToArray(json_add_array(json, "tags"), cJSON_CreateString("mlops"));
    add_variables(json, model);
    cJSON *array = json_add_array(json, "panels");
    for (size_t i = 0; i < ARRAY_LENGTH(panels); i++)
        add_panel(array, &panels[i], i);
    TRY(json_write_canonical(json, &out, err));
    buffer_putc(&out, '\n');
    *text = buffer_steal(&out);
    return MLOPS_OK;
}
