/* lib/loop/answer.c - rolling back by itself, once. */
#include "loop/answer.h"
#include "registry/db.h"
#include "registry/registry.h"
#include <mlops/release.h>

static const struct mlops_alert *find_critical(const struct mlops_check *check)
{
    for (size_t i = 0; i < check->alerts.count; i++) {
        const struct mlops_alert *alert = &check->alerts.items[i];
        if (alert->state == MLOPS_ALERT_OPEN && !alert->silenced &&
            str_equal(alert->severity, "critical") && alert->version == check->version.number)
            return alert;
    }
    return NULL;
}

static int came_by_promotion(struct mlops_registry *registry, const char *model, const char *stage,
                             bool *promoted, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT action FROM audit WHERE model = $1 AND stage = $2 "
                 "AND action IN ('promote', 'rollback') ORDER BY position DESC LIMIT 1",
                 DB_TEXT(model), DB_TEXT(stage)));
    TRY(db_step(rows, &any, err));
    *promoted = any && str_equal(db_string(rows, 0), "promote");
    return MLOPS_OK;
}

int answer_by_rollback(struct mlops_registry *registry, const char *stage,
                       const struct mlops_check *check, char **line, struct mlops_error *err)
{
    const struct mlops_alert *alert = find_critical(check);
    struct mlops_rollback rollback;
    bool promoted;
    *line = NULL;
    if (!alert)
        return MLOPS_OK;
    TRY(came_by_promotion(registry, alert->model, stage, &promoted, err));
    if (!promoted)
        return MLOPS_OK;
    _cleanup_(free_string) char *reason =
        xprintf("automatic: the alert %s is open: %s", alert->rule, alert->what);
    int code = mlops_rollback_stage(
        registry,
        &(struct mlops_rollback_options){
            .model = alert->model, .stage = stage, .reason = reason, .if_alerting = true},
        &rollback, err);
    if (code)
        return mlops_wrap(err, "roll back by itself");
    if (rollback.moved)
        *line = xprintf("rolled back: %s of %s from @%llu to @%llu, for the alert %s", stage,
                        alert->model, (unsigned long long)rollback.from.number,
                        (unsigned long long)rollback.to.number, alert->rule);
    return MLOPS_OK;
}
