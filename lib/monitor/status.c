/* lib/monitor/status.c - one screen of what happened: windows merged, held against what was. */
#include "monitor/status.h"
#include "drift/compare.h"
#include "monitor/estimate.h"
#include "monitor/features.h"
#include "monitor/training.h"
#include "monitor/window.h"
#include "registry/db.h"
#include <math.h>

#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)
#define WEEK_NS (7 * DAY_NS)

/* The coarsest windows that still follow the range; a day of minutes would be read for long. */
enum window_level status_level(int64_t length_ns)
{
    return length_ns <= 2 * HOUR_NS ? LEVEL_MINUTE : length_ns <= WEEK_NS ? LEVEL_HOUR : LEVEL_DAY;
}

static int read_model(struct mlops_registry *registry, const char *model,
                      struct mlops_monitor_status *status, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool there;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT newest_ns, received, counted, duplicates, malformed, unknown, future, "
                 "late FROM monitor_model WHERE model = $1",
                 DB_TEXT(model)));
    TRY(db_step(rows, &there, err));
    if (!there) {
        mlops_fail(err, MLOPS_NOT_FOUND, "no events of %s have come in yet", model);
        return mlops_hint(err, "'mlops monitor ingest %s FILE' takes them in", model);
    }
    status->newest_ns = db_i64(rows, 0) > INT64_MIN / 2 ? db_i64(rows, 0) : 0;
    status->counts = (struct mlops_monitor_counts){
        (uint64_t)db_i64(rows, 1), (uint64_t)db_i64(rows, 2), (uint64_t)db_i64(rows, 3),
        (uint64_t)db_i64(rows, 4), (uint64_t)db_i64(rows, 5), (uint64_t)db_i64(rows, 6),
        (uint64_t)db_i64(rows, 7)};
    return MLOPS_OK;
}

/* ---- features ------------------------------------------------------------------------------- */

static bool same_kind(const struct column_profile *a, const struct column_profile *b)
{
    return column_is_numeric(a->type) == column_is_numeric(b->type);
}

static bool same_name(const char *a, const char *b)
{
    return a && b && str_equal(a, b);
}

/* A score that the model was not given, but gave. */
static bool is_output(const struct profile *features, const struct profile *outputs,
                      const char *name)
{
    return outputs && profile_column(outputs, name) &&
           !(features && profile_column(features, name));
}

/* Compare what can be: columns of both, of one kind. What the reference has and no event does is
 * made a column of which every cell is missing. */
static int compare(const struct profile *reference, struct profile **current, uint64_t rows,
                   const struct training *training, const struct profile *outputs,
                   struct mlops_drift_report *report, struct mlops_error *err)
{
    const char **left_out = xcalloc(reference->column_count + 1, sizeof(*left_out));
    size_t count = 0;
    for (size_t i = 0; i < reference->column_count; i++) {
        const struct column_profile *column = &reference->columns[i];
        bool skip = column->type == COLUMN_TIME || is_output(*current, outputs, column->name) ||
                    (training && (same_name(column->name, training->target) ||
                                  same_name(column->name, training->time)));
        if (!skip)
            skip = !same_kind(features_column(current, column->name, column->type, rows), column);
        if (skip)
            left_out[count++] = column->name;
    }
    int code = MLOPS_OK;
    if (count < reference->column_count)
        code = profiles_compare(reference, *current,
                                &(struct compare_options){.leave_out = left_out}, report, err);
    free(left_out);
    return code;
}

int status_against(const struct training *training, const struct window *window,
                   struct mlops_drift_report *report, struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *current = NULL;
    features_merge(&current, 0, window->features, window->events);
    return compare(training->profile, &current, window->events, training, window->outputs, report,
                   err);
}

/* Features of events that the version did not learn from. */
static char **find_unexpected(const struct training *training, const struct window *now)
{
    size_t count = 0, columns = now->features ? now->features->column_count : 0;
    char **names = xcalloc(columns + 1, sizeof(*names));
    for (size_t i = 0; i < columns; i++)
        if (!profile_column(training->profile, now->features->columns[i].name))
            names[count++] = xstrdup(now->features->columns[i].name);
    if (count)
        return names;
    free(names);
    return NULL;
}

static int against_training(struct mlops_registry *registry, const char *model,
                            const struct window *now, struct mlops_monitor_group *group,
                            struct mlops_error *err)
{
    _cleanup_(training_clear) struct training training = {0};
    int code = training_load(registry, model, group->version, &training, err);
    if (code == MLOPS_NOT_FOUND) /* deleted since, or its files were released */
        return MLOPS_OK;
    TRY(code);
    if (!training.profile)
        return MLOPS_OK;
    group->unexpected = find_unexpected(&training, now);
    return status_against(&training, now, &group->against_training, err);
}

static int against_before(const struct window *now, const struct window *before,
                          struct mlops_monitor_group *group, struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *features = NULL, *outputs = NULL;
    if (before->events == 0)
        return MLOPS_OK;
    features_merge(&features, 0, now->features, now->events);
    features_merge(&outputs, 0, now->outputs, now->events);
    if (before->features)
        TRY(compare(before->features, &features, now->events, NULL, NULL, &group->against_before,
                    err));
    return before->outputs
               ? compare(before->outputs, &outputs, now->events, NULL, NULL, &group->outputs, err)
               : MLOPS_OK;
}

/* ---- groups --------------------------------------------------------------------------------- */

void status_measure(const struct window *now, struct mlops_monitor_group *group)
{
    static const double quantiles[4] = {0.5, 0.9, 0.99, 0.999};
    const struct column_profile *score =
        now->outputs ? profile_column(now->outputs, "score") : NULL;
    uint64_t decided = now->positives + now->negatives;
    double seconds = (double)(now->last_ns - now->first_ns) / 1e9;
    group->events = now->events;
    group->errors = now->errors;
    group->per_second = seconds > 0 ? (double)now->events / seconds : 0;
    for (size_t i = 0; i < 4; i++)
        group->latency_ms[i] = latency_quantile(&now->latency, quantiles[i]);
    group->positives = decided ? (double)now->positives / (double)decided : NAN;
    group->score_mean = score && column_finite(score) ? score->mean : NAN;
    performance_measure(&now->performance, &group->performance);
}

static int fill_group(struct mlops_registry *registry,
                      const struct mlops_monitor_status_options *options,
                      const struct mlops_monitor_status *status, struct mlops_monitor_group *group,
                      struct mlops_error *err)
{
    _cleanup_(window_clear) struct window now = {0}, before = {0};
    struct window_query query = {.model = options->model,
                                 .version = group->version,
                                 .stage = options->stage,
                                 .segment = options->by_segment ? group->segment : options->segment,
                                 .shadow = group->shadow ? SHADOW_ONLY : SHADOW_NOT,
                                 .level = status_level(status->to_ns - status->from_ns),
                                 .from_ns = status->from_ns,
                                 .to_ns = status->to_ns,
                                 .profiles = true};
    TRY(windows_merged(registry, &query, &now, err));
    status_measure(&now, group);
    if (now.events == 0)
        return MLOPS_OK;
    if (options->estimates)
        TRY(estimate_run(registry,
                         &(struct estimate_query){.model = options->model,
                                                  .stage = query.stage,
                                                  .segment = query.segment,
                                                  .version = group->version,
                                                  .shadow = group->shadow,
                                                  .from_ns = status->from_ns,
                                                  .to_ns = status->to_ns},
                         &group->estimate, err));
    TRY(against_training(registry, options->model, &now, group, err));
    query.level = query.level == LEVEL_MINUTE ? LEVEL_HOUR : query.level; /* minutes are not kept */
    query.version = 0; /* whichever answered then */
    query.from_ns = window_start_ns(query.level, status->from_ns - WEEK_NS);
    query.to_ns = status->to_ns - WEEK_NS;
    TRY(windows_merged(registry, &query, &before, err));
    return against_before(&now, &before, group, err);
}

static bool is_wanted(const struct mlops_monitor_status_options *options, const struct group *group)
{
    return (options->version == 0 || group->version == options->version) &&
           (!options->stage || str_equal(options->stage, group->stage)) &&
           (!options->segment || str_equal(options->segment, group->segment));
}

/* Is it one of those that are there? */
static bool is_listed(const struct mlops_monitor_status *status,
                      const struct mlops_monitor_status_options *options, const struct group *group)
{
    for (size_t i = 0; i < status->group_count; i++) {
        const struct mlops_monitor_group *other = &status->groups[i];
        if (other->version == group->version && other->shadow == group->shadow &&
            (!options->by_segment || str_equal(other->segment, group->segment)))
            return true;
    }
    return false;
}

static void list_groups(struct mlops_monitor_status *status,
                        const struct mlops_monitor_status_options *options,
                        const struct group *groups, size_t count)
{
    size_t capacity = 0;
    for (int shadow = 0; shadow < 2; shadow++)
        for (size_t i = 0; i < count; i++) {
            const struct group *group = &groups[i];
            if (group->shadow != (shadow == 1) || !is_wanted(options, group) ||
                is_listed(status, options, group))
                continue;
            GROW(status->groups, status->group_count, &capacity);
            status->groups[status->group_count++] = (struct mlops_monitor_group){
                .version = group->version,
                .stage = xstrdup(options->stage ? options->stage : group->stage),
                .segment = xstrdup(options->by_segment ? group->segment
                                   : options->segment  ? options->segment
                                                       : ""),
                .shadow = group->shadow};
        }
}

/* Groups without events in the range are of no interest. */
static void drop_empty(struct mlops_monitor_status *status)
{
    size_t kept = 0;
    for (size_t i = 0; i < status->group_count; i++) {
        struct mlops_monitor_group *group = &status->groups[i];
        if (group->events > 0) {
            status->groups[kept++] = *group;
            continue;
        }
        free(group->stage);
        free(group->segment);
    }
    status->group_count = kept;
}

static int fill_status(struct mlops_registry *registry,
                       const struct mlops_monitor_status_options *options,
                       struct mlops_monitor_status *status, struct mlops_error *err)
{
    struct group *groups;
    size_t count;
    TRY(read_model(registry, options->model, status, err));
    status->to_ns = options->until_ns ? options->until_ns : status->newest_ns + 1;
    status->from_ns = options->since_ns
                          ? options->since_ns
                          : status->to_ns - (options->length_ns ? options->length_ns : HOUR_NS);
    if (status->from_ns >= status->to_ns)
        return mlops_fail(err, MLOPS_INVALID, "the range ends before it begins");
    status->from_ns =
        window_start_ns(status_level(status->to_ns - status->from_ns), status->from_ns);
    TRY(groups_read(registry, options->model, &groups, &count, err));
    list_groups(status, options, groups, count);
    groups_free(groups, count);
    for (size_t i = 0; i < status->group_count; i++)
        TRY(fill_group(registry, options, status, &status->groups[i], err));
    drop_empty(status);
    return MLOPS_OK;
}

int status_newest(struct mlops_registry *registry, const char *model, int64_t *newest_ns,
                  struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    struct mlops_monitor_status status = {0};
    TRY(mlops_version_list(registry, model, &list, err));
    TRY(read_model(registry, model, &status, err));
    *newest_ns = status.newest_ns;
    return MLOPS_OK;
}

/* Nothing was found of a version: is there such a one? */
static int check_version(struct mlops_registry *registry,
                         const struct mlops_monitor_status_options *options,
                         struct mlops_error *err)
{
    _cleanup_(free_string) char *ref =
        xprintf("%s@%llu", options->model, (unsigned long long)options->version);
    struct mlops_version version;
    return mlops_version_resolve(registry, ref, &version, err);
}

int mlops_monitor_status(struct mlops_registry *registry,
                         const struct mlops_monitor_status_options *options,
                         struct mlops_monitor_status *status, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    *status = (struct mlops_monitor_status){0};
    TRY(mlops_version_list(registry, options->model, &list, err));
    int code = fill_status(registry, options, status, err);
    if (!code && options->version && status->group_count == 0)
        code = check_version(registry, options, err);
    if (code)
        mlops_monitor_status_clear(status);
    return code;
}

void mlops_monitor_status_clear(struct mlops_monitor_status *status)
{
    for (size_t i = 0; i < status->group_count; i++) {
        struct mlops_monitor_group *group = &status->groups[i];
        free(group->stage);
        free(group->segment);
        strings_free(group->unexpected);
        mlops_drift_report_clear(&group->against_training);
        mlops_drift_report_clear(&group->against_before);
        mlops_drift_report_clear(&group->outputs);
    }
    free(status->groups);
    *status = (struct mlops_monitor_status){0};
}
