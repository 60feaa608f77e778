/* lib/monitor/rule_rows.c - the rules of a model in the registry. */
#include "base/clock.h"
#include "monitor/rule.h"
#include "registry/db.h"
#include "registry/registry.h"

static int known_model(struct mlops_registry *registry, const char *model, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    return mlops_version_list(registry, model, &list, err);
}

/* A rule decides what alerts, and so what a soak lets in: who changed it stands in the log. */
static int log_rule(struct transaction *tx, const char *action, const char *model, const char *name,
                    const char *text, struct mlops_error *err)
{
    _cleanup_(free_string) char *reason = text ? xprintf("%s: %s", name, text) : xstrdup(name);
    return audit_append(
        tx, &(struct audit_entry){.action = action, .model = model, .reason = reason}, err);
}

int mlops_rule_set(struct mlops_registry *registry, const char *model, const char *name,
                   const char *text, struct mlops_error *err)
{
    _cleanup_(rule_clear) struct rule rule = {.text = NULL};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(rule_parse(name, text, &rule, err));
    TRY(known_model(registry, model, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO monitor_rule (model, name, rule, set_by, set_ns) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (model, name) DO UPDATE SET "
                "rule = excluded.rule, set_by = excluded.set_by, set_ns = excluded.set_ns",
                DB_TEXT(model), DB_TEXT(name), DB_TEXT(text), DB_TEXT(registry_actor(registry)),
                DB_I64(clock_now_ns())));
    TRY(log_rule(tx, "rule", model, name, text, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_rule_remove(struct mlops_registry *registry, const char *model, const char *name,
                      struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(known_model(registry, model, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM monitor_rule WHERE model = $1 AND name = $2",
                DB_TEXT(model), DB_TEXT(name)));
    if (db_changes(transaction_db(tx)) == 0)
        return mlops_fail(err, MLOPS_NOT_FOUND, "%s has no rule '%s' in the registry", model, name);
    TRY(log_rule(tx, "unrule", model, name, NULL, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_rule_list(struct mlops_registry *registry, const char *model,
                    struct mlops_rule_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    *list = (struct mlops_rule_list){0};
    TRY(known_model(registry, model, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT name, rule, set_by, set_ns FROM monitor_rule WHERE model = $1 "
                 "ORDER BY name",
                 DB_TEXT(model)));
    for (int code; (code = db_step(rows, &more, err)) != MLOPS_OK || more;) {
        if (code) {
            mlops_rule_list_clear(list);
            return code;
        }
        list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
        struct mlops_rule *rule = &list->items[list->count++];
        *rule = (struct mlops_rule){.text = xstrdup(db_string(rows, 1)),
                                    .set_by = xstrdup(db_string(rows, 2)),
                                    .set_ns = db_i64(rows, 3)};
        str_copy(rule->name, sizeof(rule->name), db_string(rows, 0));
    }
    return MLOPS_OK;
}

void mlops_rule_list_clear(struct mlops_rule_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].text);
        free(list->items[i].set_by);
    }
    free(list->items);
    *list = (struct mlops_rule_list){0};
}
