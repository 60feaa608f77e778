/* lib/monitor/silence.c - silences: matchers, rows, log. */
#include "monitor/silence.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "registry/db.h"
#include "registry/registry.h"
#include <fnmatch.h>
#include <mlops/text.h>
#include <stdio.h>

#define MATCHERS_MAX 1024 /* bytes of all */
#define REASON_MAX 1024

/* ---- matchers ------------------------------------------------------------------------------- */

static const char *const names[] = {"rule", "severity", "stage", "version", NULL};

/* What the alert has under names[i]; `number` has room for a version. */
static const char *value_of(const struct mlops_alert *alert, size_t i, char number[24])
{
    const char *const values[] = {alert->rule, alert->severity, alert->stage, number};
    (void)snprintf(number, 24, "%llu", (unsigned long long)alert->version);
    return values[i];
}

/* The parts of "NAME!=PATTERN"; false where it is none. */
static bool split(const char *matcher, size_t *name, bool *negated, const char **pattern)
{
    size_t length = strcspn(matcher, "!=");
    *negated = matcher[length] == '!';
    *pattern = matcher + length + *negated + 1;
    if (matcher[length + *negated] != '=')
        return false;
    for (*name = 0; names[*name]; ++*name)
        if (strlen(names[*name]) == length && strncmp(matcher, names[*name], length) == 0)
            return **pattern != '\0';
    return false;
}

int silence_check_matcher(const char *matcher, struct mlops_error *err)
{
    size_t name;
    bool negated;
    const char *pattern;
    if (!strpbrk(matcher, " \t\r\n") && split(matcher, &name, &negated, &pattern))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' matches no alert", matcher);
    return mlops_hint(err, "write NAME=PATTERN or NAME!=PATTERN of rule, severity, stage, version: "
                           "'rule=slow*'");
}

bool silence_matches(const char *matchers, const struct mlops_alert *alert)
{
    _cleanup_(free_string) char *copy = xstrdup(matchers);
    char *state = NULL, number[24];
    for (char *matcher = strtok_r(copy, " ", &state); matcher;
         matcher = strtok_r(NULL, " ", &state)) {
        size_t name;
        bool negated;
        const char *pattern;
        if (!split(matcher, &name, &negated, &pattern) ||
            (fnmatch(pattern, value_of(alert, name, number), 0) == 0) == negated)
            return false;
    }
    return *matchers != '\0';
}

/* ---- adding and ending ---------------------------------------------------------------------- */

static int join_matchers(const char *const *matchers, struct buffer *text, struct mlops_error *err)
{
    for (; matchers && *matchers; matchers++) {
        TRY(silence_check_matcher(*matchers, err));
        buffer_printf(text, "%s%s", text->length ? " " : "", *matchers);
    }
    if (text->length == 0) {
        mlops_fail(err, MLOPS_INVALID, "say which alerts to silence");
        return mlops_hint(err, "such as 'rule=slow', or 'rule=*' for all");
    }
    return text->length <= MATCHERS_MAX
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "the matchers are longer than %d bytes",
                            MATCHERS_MAX);
}

static int check_options(const struct mlops_silence_options *options, struct mlops_error *err)
{
    if (!options->reason || !*options->reason || strlen(options->reason) > REASON_MAX) {
        mlops_fail(err, MLOPS_INVALID, "a silence needs a reason of at most %d bytes", REASON_MAX);
        return mlops_hint(err, "say why with --reason: it stands in the log for good");
    }
    return options->until_ns > clock_now_ns()
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "say until when, a time that is not over");
}

int mlops_silence_add(struct mlops_registry *registry, const struct mlops_silence_options *options,
                      uint64_t *id, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(buffer_clear) struct buffer matchers = {0};
    char until[32];
    TRY(check_options(options, err));
    TRY(join_matchers(options->matchers, &matchers, err));
    TRY(mlops_version_list(registry, options->model, &versions, err));
    mlops_time_format(options->until_ns, until);
    _cleanup_(free_string) char *reason =
        xprintf("%s until %s: %s", matchers.data, until, options->reason);
    TRY(transaction_begin(registry, &tx, err));
    TRY(audit_append(
        tx, &(struct audit_entry){.action = "silence", .model = options->model, .reason = reason},
        err));
    *id = transaction_entry(tx);
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO monitor_silence (id, model, matchers, reason, author, since_ns, "
                "until_ns) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                DB_I64(*id), DB_TEXT(options->model), DB_TEXT(matchers.data),
                DB_TEXT(options->reason), DB_TEXT(registry_actor(registry)), DB_I64(clock_now_ns()),
                DB_I64(options->until_ns)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_silence_remove(struct mlops_registry *registry, const char *model, uint64_t id,
                         struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(free_string) char *reason = xprintf("silence %llu", (unsigned long long)id);
    int64_t now_ns = clock_now_ns();
    TRY(mlops_version_list(registry, model, &versions, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_exec(transaction_db(tx), err,
                "UPDATE monitor_silence SET until_ns = $1 "
                "WHERE model = $2 AND id = $3 AND until_ns > $1",
                DB_I64(now_ns), DB_TEXT(model), DB_I64(id)));
    if (db_changes(transaction_db(tx)) == 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s has no silence %llu that is not over", model,
                   (unsigned long long)id);
        return mlops_hint(err, "'mlops monitor silence list %s' shows those that there are", model);
    }
    TRY(audit_append(
        tx, &(struct audit_entry){.action = "unsilence", .model = model, .reason = reason}, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_list(struct db *db, const char *model, int64_t after_ns,
                     struct mlops_silence_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT id, matchers, reason, author, since_ns, until_ns FROM monitor_silence "
                 "WHERE model = $1 AND until_ns > $2 ORDER BY id",
                 DB_TEXT(model), DB_I64(after_ns)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        list->items[list->count++] = (struct mlops_silence){.id = (uint64_t)db_i64(rows, 0),
                                                            .matchers = xstrdup(db_string(rows, 1)),
                                                            .reason = xstrdup(db_string(rows, 2)),
                                                            .author = xstrdup(db_string(rows, 3)),
                                                            .since_ns = db_i64(rows, 4),
                                                            .until_ns = db_i64(rows, 5)};
    }
}

int silences_apply(struct db *db, const char *model, int64_t at_ns, struct mlops_alert_list *alerts,
                   struct mlops_error *err)
{
    _cleanup_(mlops_silence_list_clear) struct mlops_silence_list list = {0};
    TRY(read_list(db, model, at_ns, &list, err));
    for (size_t i = 0; i < alerts->count; i++) {
        struct mlops_alert *alert = &alerts->items[i];
        alert->silenced = false;
        for (size_t j = 0; j < list.count && !alert->silenced; j++)
            alert->silenced =
                list.items[j].since_ns <= at_ns && silence_matches(list.items[j].matchers, alert);
    }
    return MLOPS_OK;
}

int mlops_silence_list(struct mlops_registry *registry, const char *model, bool all,
                       struct mlops_silence_list *list, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    *list = (struct mlops_silence_list){0};
    TRY(mlops_version_list(registry, model, &versions, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    int code = read_list(registry_db(registry), model, all ? 0 : clock_now_ns(), list, err);
    if (code)
        mlops_silence_list_clear(list);
    return code;
}

void mlops_silence_list_clear(struct mlops_silence_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].matchers);
        free(list->items[i].reason);
        free(list->items[i].author);
    }
    free(list->items);
    *list = (struct mlops_silence_list){0};
}
