/* lib/release/freeze.c - freezes begun and ended, each by an entry of the log. */
#include "release/freeze.h"
#include "base/clock.h"
#include "registry/reference.h"
#include "release/vouched.h"
#include <mlops/release.h>

#define FREEZE_STATEMENT "urn:mlops:freeze:v1"

/* ---- what a releaser signs --------------------------------------------------------------------- */

static cJSON *predicate_of(const char *action, const char *model, const char *stage,
                           const char *until, uint64_t after)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "change", action);
    json_add_string(json, "model", model);
    json_add_string(json, "stage", stage);
    json_add_string(json, "until", until);
    json_add_u64(json, "after", after);
    return json;
}

/* A freeze has no digest of its own: its subject is the predicate. */
static int vouched_of(const cJSON *predicate, const char *model, char hex[SHA256_HEX_SIZE],
                      struct vouched *vouched, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    TRY(json_write_canonical(predicate, &text, err));
    sha256_of(text.data, text.length, &digest);
    digest_to_hex(&digest, hex);
    *vouched = (struct vouched){.type = FREEZE_STATEMENT,
                                .name = *model ? model : "registry",
                                .sha256 = hex,
                                .what = predicate};
    return MLOPS_OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

struct walk {
    const struct mlops_trust_list *trusted;
    struct freeze_list *list;
    uint64_t after; /* index of the entry before, plus 1 */
};

static int64_t read_time(const char *text)
{
    int64_t time_ns;
    return clock_parse(text, strlen(text), &time_ns) ? time_ns : 0;
}

static void begin(struct walk *walk, const cJSON *entry, const char *until)
{
    struct freeze *freeze;
    GROW(walk->list->items, walk->list->count, &walk->list->capacity);
    freeze = &walk->list->items[walk->list->count++];
    *freeze = (struct freeze){.reason = xstrdup(json_string(entry, "reason", "")),
                              .since_ns = entry_time_ns(entry),
                              .until_ns = read_time(until),
                              .entry = json_u64(entry, "index", 0)};
    str_copy(freeze->model, sizeof(freeze->model), json_string(entry, "model", ""));
    str_copy(freeze->stage, sizeof(freeze->stage), json_string(entry, "stage", ""));
    str_copy(freeze->by, sizeof(freeze->by), json_string(entry, "actor", ""));
}

/* Ends those of the same model, and of the stage where one is named. */
static void end(struct freeze_list *list, const char *model, const char *stage)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct freeze *freeze = &list->items[i];
        if (str_equal(freeze->model, model) && (!*stage || str_equal(freeze->stage, stage)))
            free(freeze->reason);
        else
            list->items[kept++] = *freeze;
    }
    list->count = kept;
}

static int take(void *context, const cJSON *entry, struct mlops_error *err)
{
    struct walk *walk = context;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const char *action = json_string(entry, "action", ""), *model = json_string(entry, "model", "");
    const char *stage = json_string(entry, "stage", ""), *until = json_string(detail, "until", "");
    _cleanup_(json_free) cJSON *predicate =
        predicate_of(action, model, stage, until, walk->after);
    struct vouched vouched;
    char hex[SHA256_HEX_SIZE];
    TRY(vouched_of(predicate, model, hex, &vouched, err));
    TRY(vouched_check(walk->trusted, entry, &vouched, NULL, err));
    walk->after = json_u64(entry, "index", 0) + 1;
    if (str_equal(action, "freeze"))
        begin(walk, entry, until);
    else
        end(walk->list, model, stage);
    return MLOPS_OK;
}

static void drop_expired(struct freeze_list *list, int64_t now_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].until_ns && list->items[i].until_ns <= now_ns)
            free(list->items[i].reason);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* All of `scope` ("": those of the registry) into `list`; `*after` as of struct walk. */
static int read_scope(const struct log_view *view, const struct mlops_trust_list *trusted,
                      const char *scope, struct freeze_list *list, uint64_t *after,
                      struct mlops_error *err)
{
    struct walk walk = {.trusted = trusted, .list = list};
    TRY(log_view_each(view, (const char *const[]){"freeze", "unfreeze", NULL}, scope, take, &walk,
                      err));
    *after = walk.after;
    return MLOPS_OK;
}

int freeze_read(const struct log_view *view, const struct mlops_trust_list *trusted,
                const char *model, int64_t now_ns, struct freeze_list *list,
                struct mlops_error *err)
{
    uint64_t after;
    *list = (struct freeze_list){.count = 0};
    int code = read_scope(view, trusted, "", list, &after, err);
    if (code == MLOPS_OK && *model)
        code = read_scope(view, trusted, model, list, &after, err);
    drop_expired(list, now_ns);
    if (code)
        freeze_list_clear(list);
    return code;
}

void freeze_list_clear(struct freeze_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].reason);
    free(list->items);
    *list = (struct freeze_list){.count = 0};
}

const struct freeze *freeze_find(const struct freeze_list *list, const char *stage)
{
    for (size_t i = 0; i < list->count; i++)
        if (!*list->items[i].stage || str_equal(list->items[i].stage, stage))
            return &list->items[i];
    return NULL;
}

/* ---- changing --------------------------------------------------------------------------------- */

struct change {
    const char *action, *model, *stage;
    char until[32];
    uint64_t after;
    bool holds; /* there is one to end */
};

/* What stands in the log before the change; `model` must be known. */
static int look(struct mlops_registry *registry, struct change *change, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list trusted = {0};
    _cleanup_(freeze_list_clear) struct freeze_list list = {0};
    struct log_view view;
    uint64_t last;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    if (*change->model)
        TRY(model_check_known(view.db, change->model, err));
    TRY(trusted_read(&view, &trusted, &last, err));
    TRY(read_scope(&view, &trusted, change->model, &list, &change->after, err));
    drop_expired(&list, clock_now_ns());
    for (size_t i = 0; i < list.count; i++)
        change->holds = change->holds || !*change->stage ||
                        str_equal(list.items[i].stage, change->stage);
    return MLOPS_OK;
}

static int check(const struct mlops_freeze_options *options, const struct change *change,
                 struct mlops_error *err)
{
    if (options->unfreeze) {
        if (change->holds)
            return MLOPS_OK;
        mlops_fail(err, MLOPS_NOT_FOUND, "%s%s%s is not frozen",
                   *change->model ? change->model : "the registry", *change->stage ? "@" : "",
                   change->stage);
        return mlops_hint(err, "a freeze of all models ends with '--all', one of a stage with "
                               "'--stage'");
    }
    if (!options->reason || !*options->reason) {
        mlops_fail(err, MLOPS_INVALID, "why is it to be frozen?");
        return mlops_hint(err, "say it with --reason: those who are kept waiting will ask");
    }
    if (options->until_ns && options->until_ns <= clock_now_ns())
        return mlops_fail(err, MLOPS_INVALID, "the freeze would have ended already, at %s",
                          change->until);
    return MLOPS_OK;
}

static int record(struct mlops_registry *registry, struct change *change,
                  const struct signing_key *key, const char *reason, uint64_t *entry,
                  struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject(), *predicate = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct change now = *change;
    struct vouched vouched;
    char hex[SHA256_HEX_SIZE];
    if (*change->until)
        json_add_string(detail, "until", change->until);
    predicate =
        predicate_of(change->action, change->model, change->stage, change->until, change->after);
    TRY(vouched_of(predicate, change->model, hex, &vouched, err));
    TRY(vouched_sign(key, &vouched, detail, err));
    TRY(json_write_canonical(detail, &text, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(look(registry, &now, err));
    if (now.after != change->after)
        return mlops_fail(err, MLOPS_CONFLICT, "somebody froze or unfroze it meanwhile");
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = change->action,
                                           .model = change->model,
                                           .stage = change->stage,
                                           .reason = reason,
                                           .detail = text.data},
                     err));
    *entry = transaction_entry(tx);
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_freeze(struct mlops_registry *registry, const struct mlops_freeze_options *options,
                 uint64_t *entry, struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    struct change change = {.action = options->unfreeze ? "unfreeze" : "freeze",
                            .model = options->model ? options->model : "",
                            .stage = options->stage ? options->stage : ""};
    if (options->until_ns && !options->unfreeze)
        mlops_time_format(options->until_ns, change.until);
    if (*change.stage)
        TRY(stage_name_check(change.stage, err));
    TRY(look(registry, &change, err));
    TRY(check(options, &change, err));
    TRY(vouched_open(registry, &options->signer, "freezes and unfreezes", &key, err));
    return record(registry, &change, key, options->reason, entry, err);
}
