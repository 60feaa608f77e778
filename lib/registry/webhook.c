/* lib/registry/webhook.c - whom to tell of what: added, listed, removed, all by the audit log. */
#include "base/http.h"
#include "base/path.h"
#include "registry/outbox.h"
#include <mlops/text.h>
#include <mlops/webhook.h>

#define URL_MAX 2048
#define VARIABLE_MAX 128

/* Actions of the log that somebody may want to be told of. */
static const char *const events[] = {
    "register", "promote", "rollback", "approve",   "retire",  "delete",   "restore",
    "policy",   "freeze",  "unfreeze", "sign",      "test",    "evidence", "tag",
    "untag",    "trust",   "distrust", "gc",        "webhook", "alert",    "resolve",
    "rule",     "unrule",  "silence",  "unsilence", NULL};

void webhook_digest(const struct outbox_item *item, char hex[SHA256_HEX_SIZE])
{
    _cleanup_(free_string) char *text =
        *item->kind ? xprintf("%s\n%s\n%s\n%s\n%s", item->url, item->events, item->secret_env,
                              item->kind, item->model)
                    : xprintf("%s\n%s\n%s", item->url, item->events, item->secret_env);
    struct digest digest;
    sha256_of(text, strlen(text), &digest);
    digest_to_hex(&digest, hex);
}

/* ---- what may be added --------------------------------------------------------------------- */

int webhook_check_url(const char *url, struct mlops_error *err)
{
    const char *host = str_starts(url, "https://")  ? url + 8
                       : str_starts(url, "http://") ? url + 7
                                                    : NULL;
    bool fits = host && *host && *host != '/' && strlen(url) <= URL_MAX;
    for (const char *c = url; fits && *c; c++)
        fits = *c > ' ' && *c < 0x7f;
    if (!fits || memchr(host, '@', strcspn(host, "/?#")))
        return mlops_fail(err, MLOPS_INVALID,
                          "that is no address of a webhook: it must be http or https, of printable "
                          "ASCII, without user and password");
    return MLOPS_OK;
}

int webhook_check_variable(const char *name, struct mlops_error *err)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (length > 0 && length <= VARIABLE_MAX && !name[length] && (*name < '0' || *name > '9'))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of an environment variable", name);
    return mlops_hint(err, "name the variable that has the secret, not the secret");
}

/* "promote,rollback". */
static int join_events(const char *const *wanted, struct buffer *text, struct mlops_error *err)
{
    for (; wanted && *wanted; wanted++) {
        size_t i = 0;
        while (events[i] && !str_equal(events[i], *wanted))
            i++;
        if (events[i]) {
            buffer_printf(text, "%s%s", text->length ? "," : "", *wanted);
            continue;
        }
        const char *near = mlops_suggest(*wanted, events);
        mlops_fail(err, MLOPS_INVALID, "there is no event '%s'%s%s%s", *wanted,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        return mlops_hint(err, "events are the actions that 'mlops log' shows");
    }
    return MLOPS_OK;
}

/* ---- the log ------------------------------------------------------------------------------- */

static int append(struct transaction *tx, const char *what, uint64_t id, const char *url,
                  const char *wanted, const char *secret_env, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(free_string) char *plain = http_url_plain(url);
    _cleanup_(buffer_clear) struct buffer text = {0};
    char hex[SHA256_HEX_SIZE];
    webhook_digest(&(struct outbox_item){.url = (char *)(uintptr_t)url, /* borrowed */
                                         .events = (char *)(uintptr_t)wanted,
                                         .secret_env = (char *)(uintptr_t)secret_env,
                                         .kind = (char[]){""},
                                         .model = (char[]){""}},
                   hex);
    json_add_string(detail, "webhook", what);
    json_add_string(detail, "url", plain);
    json_add_string(detail, "events", wanted);
    json_add_string(detail, "sha256", hex);
    if (id)
        json_add_u64(detail, "id", id);
    TRY(json_write_canonical(detail, &text, err));
    return audit_append(tx, &(struct audit_entry){.action = "webhook", .detail = text.data}, err);
}

int mlops_webhook_add(struct mlops_registry *registry, const struct mlops_webhook_options *options,
                      uint64_t *id, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(buffer_clear) struct buffer wanted = {0};
    TRY(webhook_check_url(options->url, err));
    TRY(webhook_check_variable(options->secret_env, err));
    TRY(join_events(options->events, &wanted, err));
    const char *text = wanted.data ? wanted.data : "";
    TRY(transaction_begin(registry, &tx, err));
    TRY(append(tx, "add", 0, options->url, text, options->secret_env, err));
    *id = transaction_entry(tx);
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO webhook (id, url, events, variable) VALUES ($1, $2, $3, $4)",
                DB_I64(*id), DB_TEXT(options->url), DB_TEXT(text), DB_TEXT(options->secret_env)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_webhook_remove(struct mlops_registry *registry, uint64_t id, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(free_string) char *url = NULL, *wanted = NULL, *secret_env = NULL;
    bool any;
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_query(transaction_db(tx), &rows, err,
                 "SELECT url, events, variable FROM webhook WHERE id = $1 AND kind = ''",
                 DB_I64(id)));
    TRY(db_step(rows, &any, err));
    if (!any) {
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no webhook %llu", (unsigned long long)id);
        return mlops_hint(err, "'mlops webhook list' shows those that there are");
    }
    url = xstrdup(db_string(rows, 0));
    wanted = xstrdup(db_string(rows, 1));
    secret_env = xstrdup(db_string(rows, 2));
    db_rows_close(TAKE_PTR(rows));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM outbox WHERE webhook = $1", DB_I64(id)));
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM webhook WHERE id = $1", DB_I64(id)));
    TRY(append(tx, "remove", id, url, wanted, secret_env, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- listing ------------------------------------------------------------------------------- */

struct listing {
    struct mlops_webhook_list *list;
    size_t capacity;
};

static void add_webhook(void *context, const struct outbox_target *target)
{
    struct listing *listing = context;
    struct mlops_webhook_list *list = listing->list;
    GROW(list->items, list->count, &listing->capacity);
    list->items[list->count++] = (struct mlops_webhook){.id = target->id,
                                                        .url = http_url_plain(target->url),
                                                        .events = xstrdup(target->events),
                                                        .secret_env = xstrdup(target->secret_env),
                                                        .waiting = target->waiting,
                                                        .last_error = xstrdup(target->last_error)};
}

int mlops_webhook_list(struct mlops_registry *registry, struct mlops_webhook_list *list,
                       struct mlops_error *err)
{
    struct listing listing = {.list = list};
    *list = (struct mlops_webhook_list){0};
    int code = outbox_each_target(registry, "", add_webhook, &listing, err);
    if (code)
        mlops_webhook_list_clear(list);
    return code;
}

void mlops_webhook_list_clear(struct mlops_webhook_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].url);
        free(list->items[i].events);
        free(list->items[i].secret_env);
        free(list->items[i].last_error);
    }
    free(list->items);
    *list = (struct mlops_webhook_list){0};
}
