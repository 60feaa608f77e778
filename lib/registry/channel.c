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
    const char *example;
} kinds[] = {
    {"exec", NEED_YES, NEED_NONE, false, "exec PROGRAM"},
    {"webhook", NEED_YES, NEED_YES, true, "webhook https://example.org/alerts --secret-env SECRET"},
    {"slack", NEED_NONE, NEED_YES, false, "slack --secret-env SLACK_URL"},
    {"pagerduty", NEED_MAYBE, NEED_YES, true, "pagerduty --secret-env PD_KEY"},
    {"alertmanager", NEED_YES, NEED_MAYBE, true, "alertmanager http://localhost:9093"},
    {"email", NEED_YES, NEED_NONE, false, "email oncall@example.com"},
};

static const char *const severities[] = {"info", "warning", "critical", NULL};

static int rank_of(const char *severity)
{
    for (int i = 0; severities[i]; i++)
        if (str_equal(severities[i], severity))
            return i;
    return -1;
}

/* ---- what may be added --------------------------------------------------------------------- */

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
    if (need == NEED_YES && !given) {
        mlops_fail(err, MLOPS_INVALID, "a channel '%s' needs %s%s", kind->name,
                   *what == '-' ? "" : "a ", what);
        return mlops_hint(err, "such as '%s'", kind->example);
    }
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

int channel_check(const struct mlops_channel_options *options, struct mlops_error *err)
{
    const struct kind *kind = NULL;
    TRY(find_kind(options->kind, &kind, err));
    TRY(check_need(kind, kind->target, options->target, "target", err));
    TRY(check_need(kind, kind->secret, options->secret_env,
                   "--secret-env (in a policy: secret_env)", err));
    if (options->target)
        TRY(check_target(kind, options->target, err));
    if (options->secret_env)
        TRY(webhook_check_variable(options->secret_env, err));
    if (options->least && rank_of(options->least) < 0)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not one of info, warning, critical",
                          options->least);
    return MLOPS_OK;
}

static void free_bools(bool **bools)
{
    free(*bools);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* `id` 0: it is added, and is what the entry says; `policy` 0: by a command. */
static int log_change(struct transaction *tx, const struct outbox_item *item, uint64_t id,
                      uint64_t policy, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(free_string) char *plain =
        channel_is_http(item->kind) ? http_url_plain(item->url) : xstrdup(item->url);
    _cleanup_(buffer_clear) struct buffer text = {0};
    char hex[SHA256_HEX_SIZE];
    webhook_digest(item, hex);
    json_add_string(detail, "notify", id ? "remove" : "add");
    json_add_string(detail, "kind", item->kind);
    json_add_string(detail, "target", plain);
    json_add_string(detail, "sha256", hex);
    if (id)
        json_add_u64(detail, "id", id);
    if (policy)
        json_add_u64(detail, "policy", policy);
    TRY(json_write_canonical(detail, &text, err));
    return audit_append(
        tx, &(struct audit_entry){.action = "notify", .model = item->model, .detail = text.data},
        err);
}

/* Borrowed, never cleared. */
static struct outbox_item item_of(const struct mlops_channel_options *options, const char *model)
{
    const char *target = options->target ? options->target : "";
    if (str_equal(options->kind, "pagerduty") && !*target)
        target = PAGERDUTY_URL;
    return (struct outbox_item){
        .kind = (char *)(uintptr_t)options->kind,
        .model = (char *)(uintptr_t)model,
        .url = (char *)(uintptr_t)target,
        .events = (char *)(uintptr_t)(options->least ? options->least : severities[0]),
        .secret_env = (char *)(uintptr_t)(options->secret_env ? options->secret_env : "")};
}

static int add_row(struct transaction *tx, const struct outbox_item *item, uint64_t policy,
                   uint64_t *id, struct mlops_error *err)
{
    TRY(log_change(tx, item, 0, policy, err));
    *id = transaction_entry(tx);
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO webhook (id, url, events, variable, kind, model, least) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   DB_I64(*id), DB_TEXT(item->url), DB_TEXT(item->events),
                   DB_TEXT(item->secret_env), DB_TEXT(item->kind), DB_TEXT(item->model),
                   DB_I64(rank_of(item->events)));
}

static int remove_row(struct transaction *tx, const struct outbox_item *item, uint64_t id,
                      uint64_t policy, struct mlops_error *err)
{
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM outbox WHERE webhook = $1", DB_I64(id)));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM webhook WHERE id = $1", DB_I64(id)));
    return log_change(tx, item, id, policy, err);
}

/* Which policy put it there, by the entry that added it; 0: none. */
static int read_policy(const struct log_view *view, uint64_t id, uint64_t *policy,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *entry = NULL;
    TRY(log_view_text(view, id, &text, NULL, err));
    TRY(json_parse(text.data, text.length, "an entry of the audit log", &entry, err));
    *policy = json_u64(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "policy", 0);
    return MLOPS_OK;
}

int mlops_channel_add(struct mlops_registry *registry, const struct mlops_channel_options *options,
                      uint64_t *id, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(channel_check(options, err));
    TRY(mlops_version_list(registry, options->model, &versions, err));
    const struct outbox_item item = item_of(options, options->model);
    TRY(transaction_begin(registry, &tx, err));
    TRY(add_row(tx, &item, 0, id, err));
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
    struct log_view view;
    uint64_t policy;
    TRY(mlops_version_list(registry, model, &versions, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(read_one(tx, model, id, &item, err));
    TRY(log_view_open(registry, &view, err));
    TRY(read_policy(&view, id, &policy, err));
    if (policy) {
        mlops_fail(err, MLOPS_REFUSED, "the policy of %s names channel %llu", model,
                   (unsigned long long)id);
        return mlops_hint(
            err, "take it out of 'monitor: notify:' there, and 'mlops policy set %s FILE'", model);
    }
    TRY(remove_row(tx, &item, id, 0, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- channels of a policy ------------------------------------------------------------------ */

struct id_list {
    uint64_t *items;
    size_t count, capacity;
};
static void id_list_clear(struct id_list *list)
{
    free(list->items);
}

static int read_ids(struct transaction *tx, const char *model, struct id_list *list,
                    struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(transaction_db(tx), &rows, err,
                 "SELECT id FROM webhook WHERE model = $1 AND kind <> '' ORDER BY id",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &any, err));
        if (!any)
            return MLOPS_OK;
        GROW(list->items, list->count, &list->capacity);
        list->items[list->count++] = (uint64_t)db_i64(rows, 0);
    }
}

/* Is there one among `wanted` that is not taken yet and says the same as the row? */
static bool take_same(const struct channels_of_policy *wanted, bool *taken,
                      const struct outbox_item *row)
{
    char ours[SHA256_HEX_SIZE], theirs[SHA256_HEX_SIZE];
    webhook_digest(row, theirs);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct outbox_item item = item_of(&wanted->items[i], wanted->model);
        webhook_digest(&item, ours);
        if (taken[i] || !str_equal(ours, theirs))
            continue;
        taken[i] = true;
        return true;
    }
    return false;
}

int channels_follow(struct transaction *tx, const struct log_view *view,
                    const struct channels_of_policy *wanted, struct mlops_error *err)
{
    _cleanup_(id_list_clear) struct id_list ids = {0};
    _cleanup_(free_bools) bool *taken = xcalloc(wanted->count + 1, sizeof(*taken));
    uint64_t policy, id;
    TRY(read_ids(tx, wanted->model, &ids, err));
    for (size_t i = 0; i < ids.count; i++) {
        _cleanup_(outbox_item_clear) struct outbox_item row = {.url = NULL};
        TRY(read_policy(view, ids.items[i], &policy, err));
        if (!policy)
            continue;
        TRY(read_one(tx, wanted->model, ids.items[i], &row, err));
        if (!take_same(wanted, taken, &row))
            TRY(remove_row(tx, &row, ids.items[i], wanted->policy, err));
    }
    for (size_t i = 0; i < wanted->count; i++) {
        const struct outbox_item item = item_of(&wanted->items[i], wanted->model);
        if (!taken[i])
            TRY(add_row(tx, &item, wanted->policy, &id, err));
    }
    return MLOPS_OK;
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

/* ---- listing ------------------------------------------------------------------------------- */

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

static int name_policies(struct mlops_registry *registry, struct mlops_channel_list *list,
                         struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    for (size_t i = 0; i < list->count; i++)
        TRY(read_policy(&view, list->items[i].id, &list->items[i].policy, err));
    return MLOPS_OK;
}

int mlops_channel_list(struct mlops_registry *registry, const char *model,
                       struct mlops_channel_list *list, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    struct listing listing = {.list = list};
    *list = (struct mlops_channel_list){0};
    TRY(mlops_version_list(registry, model, &versions, err));
    int code = outbox_each_target(registry, model, add_channel, &listing, err);
    if (code == MLOPS_OK)
        code = name_policies(registry, list, err);
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
