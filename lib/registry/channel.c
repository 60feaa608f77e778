/* lib/registry/channel.c - channels of a model: added, removed, listed, all by the audit log. */
#include "registry/channel.h"
#include "base/path.h"
#include <mlops/channel.h>
#include <mlops/text.h>

#define TARGET_MAX 2048
#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

enum need { NEED_NONE, NEED_MAYBE, NEED_YES };

/* What each kind is told by: its target, and a secret out of the environment. */
static const struct kind {
    const char *name;
    enum need target, secret;
    bool url; /* the target is one */
} kinds[] = {
    {"exec", NEED_YES, NEED_NONE, false},         {"webhook", NEED_YES, NEED_YES, true},
    {"slack", NEED_NONE, NEED_YES, false},        {"pagerduty", NEED_MAYBE, NEED_YES, true},
    {"alertmanager", NEED_YES, NEED_MAYBE, true}, {"email", NEED_YES, NEED_NONE, false},
};

static const char *const severities[] = {"info", "warning", "critical", NULL};

static int rank_of(const char *severity)
{
    for (int i = 0; severities[i]; i++)
        if (str_equal(severities[i], severity))
            return i;
    return -1;
}

/* ---- what may be added -------------------------------------------------------------------------
 */

static int find_kind(const char *name, const struct kind **kind, struct mlops_error *err)
{
    const char *names[ARRAY_LENGTH(kinds) + 1] = {NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        names[i] = kinds[i].name;
        if (str_equal(name, kinds[i].name)) {
            *kind = &kinds[i];
            return MLOPS_OK;
        }
    }
    const char *near = mlops_suggest(name, names);
    mlops_fail(err, MLOPS_INVALID, "there is no channel '%s'", name);
    return near ? mlops_hint(err, "did you mean '%s'?", near)
                : mlops_hint(err, "there are exec, webhook, slack, pagerduty, alertmanager, email");
}

static int check_need(const struct kind *kind, enum need need, bool given, const char *what,
                      struct mlops_error *err)
{
    if (need == NEED_YES && !given)
        return mlops_fail(err, MLOPS_INVALID, "a channel '%s' needs %s%s", kind->name,
                          *what == '-' ? "" : "a ", what);
    if (need == NEED_NONE && given)
        return mlops_fail(err, MLOPS_INVALID, "a channel '%s' takes no %s", kind->name, what);
    return MLOPS_OK;
}

/* One mailbox, as plain as mailboxes are: nothing of it can become another header. */
static bool is_mailbox(const char *text)
{
    const char *at = strchr(text, '@');
    size_t fits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._%+-@");
    return at && at != text && at[1] && !strchr(at + 1, '@') && text[fits] == '\0' && *text != '-';
}

static int check_target(const struct kind *kind, const char *target, struct mlops_error *err)
{
    if (strlen(target) > TARGET_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the target is longer than %d bytes", TARGET_MAX);
    if (kind->url)
        return webhook_check_url(target, err);
    if (str_equal(kind->name, "exec"))
        return name_check("hook", target, err);
    return is_mailbox(target)
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "'%s' is not a mail address", target);
}

static int check_options(const struct mlops_channel_options *options, const struct kind **kind,
                         struct mlops_error *err)
{
    TRY(find_kind(options->kind, kind, err));
    TRY(check_need(*kind, (*kind)->target, options->target, "target", err));
    TRY(check_need(*kind, (*kind)->secret, options->secret_env, "--secret-env", err));
    if (options->target)
        TRY(check_target(*kind, options->target, err));
    if (options->secret_env)
        TRY(webhook_check_variable(options->secret_env, err));
    if (options->least && rank_of(options->least) < 0)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not one of info, warning, critical",
                          options->least);
    return MLOPS_OK;
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static int log_change(struct transaction *tx, const char *what, const struct outbox_item *item,
                      uint64_t id, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(free_string) char *plain =
        channel_is_http(item->kind) ? http_url_plain(item->url) : xstrdup(item->url);
    _cleanup_(buffer_clear) struct buffer text = {0};
    char hex[SHA256_HEX_SIZE];
    webhook_digest(item, hex);
    json_add_string(detail, "notify", what);
    json_add_string(detail, "kind", item->kind);
    json_add_string(detail, "target", plain);
    json_add_string(detail, "sha256", hex);
    if (id)
        json_add_u64(detail, "id", id);
    TRY(json_write_canonical(detail, &text, err));
    return audit_append(
        tx, &(struct audit_entry){.action = "notify", .model = item->model, .detail = text.data},
        err);
}

int mlops_channel_add(struct mlops_registry *registry, const struct mlops_channel_options *options,
                      uint64_t *id, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    const struct kind *kind = NULL;
    const char *target = options->target ? options->target : "";
    TRY(check_options(options, &kind, err));
    TRY(mlops_version_list(registry, options->model, &versions, err));
    if (str_equal(kind->name, "pagerduty") && !*target)
        target = PAGERDUTY_URL;
    /* borrowed, never cleared */
    const struct outbox_item item = {
        .kind = (char *)(uintptr_t)kind->name,
        .model = (char *)(uintptr_t)options->model,
        .url = (char *)(uintptr_t)target,
        .events = (char *)(uintptr_t)(options->least ? options->least : severities[0]),
        .secret_env = (char *)(uintptr_t)(options->secret_env ? options->secret_env : "")};
    TRY(transaction_begin(registry, &tx, err));
    TRY(log_change(tx, "add", &item, 0, err));
    *id = transaction_entry(tx);
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO webhook (id, url, events, variable, kind, model, least) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                DB_I64(*id), DB_TEXT(item.url), DB_TEXT(item.events), DB_TEXT(item.secret_env),
                DB_TEXT(item.kind), DB_TEXT(item.model), DB_I64(rank_of(item.events))));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int read_one(struct transaction *tx, const char *model, uint64_t id,
                    struct outbox_item *item, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(transaction_db(tx), &rows, err,
                 "SELECT url, events, variable, kind FROM webhook "
                 "WHERE id = $1 AND model = $2 AND kind <> ''",
                 DB_I64(id), DB_TEXT(model)));
    TRY(db_step(rows, &any, err));
    if (!any) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s has no channel %llu", model, (unsigned long long)id);
        return mlops_hint(err, "'mlops monitor notify list %s' shows those that there are", model);
    }
    *item = (struct outbox_item){.url = xstrdup(db_string(rows, 0)),
                                 .events = xstrdup(db_string(rows, 1)),
                                 .secret_env = xstrdup(db_string(rows, 2)),
                                 .kind = xstrdup(db_string(rows, 3)),
                                 .model = xstrdup(model)};
    return MLOPS_OK;
}

int mlops_channel_remove(struct mlops_registry *registry, const char *model, uint64_t id,
                         struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(outbox_item_clear) struct outbox_item item = {.url = NULL};
    TRY(mlops_version_list(registry, model, &versions, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(read_one(tx, model, id, &item, err));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM outbox WHERE webhook = $1", DB_I64(id)));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM webhook WHERE id = $1", DB_I64(id)));
    TRY(log_change(tx, "remove", &item, id, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int channel_tell(struct transaction *tx, const char *model, const char *severity,
                 struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    TRY(db_exec(db, err,
                "INSERT INTO outbox (webhook, position, due_ns, attempts, last_error) "
                "SELECT id, $1, $2, 0, '' FROM webhook "
                "WHERE kind <> '' AND model = $3 AND least <= $4",
                DB_I64(tx->audit_index), DB_I64(tx->now_ns), DB_TEXT(model),
                DB_I64(rank_of(severity))));
    if (db_changes(db) > 0)
        tx->registry->outbox_filled = true;
    return MLOPS_OK;
}

/* ---- listing -----------------------------------------------------------------------------------
 */

struct listing {
    struct mlops_channel_list *list;
    size_t capacity;
};

static void add_channel(void *context, const struct outbox_target *target)
{
    struct listing *listing = context;
    struct mlops_channel_list *list = listing->list;
    bool url = *target->url && channel_is_http(target->kind);
    GROW(list->items, list->count, &listing->capacity);
    list->items[list->count++] =
        (struct mlops_channel){.id = target->id,
                               .kind = xstrdup(target->kind),
                               .target = url ? http_url_plain(target->url) : xstrdup(target->url),
                               .secret_env = xstrdup(target->secret_env),
                               .least = xstrdup(target->events),
                               .waiting = target->waiting,
                               .last_error = xstrdup(target->last_error)};
}

int mlops_channel_list(struct mlops_registry *registry, const char *model,
                       struct mlops_channel_list *list, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    struct listing listing = {.list = list};
    *list = (struct mlops_channel_list){0};
    TRY(mlops_version_list(registry, model, &versions, err));
    int code = outbox_each_target(registry, model, add_channel, &listing, err);
    if (code)
        mlops_channel_list_clear(list);
    return code;
}

void mlops_channel_list_clear(struct mlops_channel_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].kind);
        free(list->items[i].target);
        free(list->items[i].secret_env);
        free(list->items[i].least);
        free(list->items[i].last_error);
    }
    free(list->items);
    *list = (struct mlops_channel_list){0};
}
