/* lib/release/in_force.c - policies put in force, and the one that holds. */
#include "release/in_force.h"
#include "registry/policy_row.h"
#include "registry/reference.h"
#include "release/vouched.h"
#include <mlops/cost.h>
#include <mlops/policy.h>

#define POLICY_STATEMENT "urn:mlops:policy:v1"
#define DIGEST_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* What a releaser signs: this change of this policy, after that one. */
static cJSON *predicate_of(const char *model, uint64_t number, uint64_t after, const char *sha256)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "change", "policy");
    json_add_string(json, "model", model);
    json_add_u64(json, "number", number);
    json_add_u64(json, "after", after);
    json_add_bool(json, "inherits", sha256 == NULL);
    return json;
}

static struct vouched vouched_of(const char *model, const char *sha256, const cJSON *predicate)
{
    return (struct vouched){.type = POLICY_STATEMENT,
                            .name = *model ? model : "registry",
                            .sha256 = sha256 ? sha256 : DIGEST_OF_NOTHING,
                            .what = predicate};
}

/* Where the newest entry "policy" of `model` before `before` (0: of all) stands, and its number. */
static int find_newest(const struct log_view *view, const char *model, uint64_t before,
                       cJSON **entry, bool *found, struct mlops_error *err)
{
    return log_view_newest(
        view, &(struct log_query){.action = "policy", .model = model, .before = before}, entry,
        found, err);
}

static uint64_t after_of(const cJSON *entry)
{
    return entry ? json_u64(entry, "index", 0) + 1 : 0;
}

static uint64_t number_of(const cJSON *entry)
{
    return json_u64(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "number", 0);
}

/* Is `entry` the change that may stand there? `owner` as of vouched_check. */
static int check_entry(const struct log_view *view, const struct mlops_trust_list *trusted,
                       const cJSON *entry, char *owner, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *before = NULL, *predicate = NULL;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const char *model = json_string(entry, "model", "");
    const char *sha256 = json_string(detail, "sha256", NULL);
    uint64_t index = json_u64(entry, "index", 0);
    bool found = false;
    if (index > 0)
        TRY(find_newest(view, model, index, &before, &found, err));
    predicate = predicate_of(model, number_of(before) + 1, after_of(before), sha256);
    struct vouched vouched = vouched_of(model, sha256, predicate);
    return vouched_check(trusted, entry, &vouched, owner, err);
}

/* ---- what holds ------------------------------------------------------------------------------ */

void in_force_clear(struct in_force *in_force)
{
    policy_clear(&in_force->policy);
}

char *in_force_name(const struct in_force *in_force)
{
    if (in_force->number == 0)
        return xstrdup("the default policy");
    return xprintf("policy %llu of %s", (unsigned long long)in_force->number,
                   *in_force->model ? in_force->model : "the registry");
}

static int take(const struct log_view *view, const cJSON *entry, struct in_force *in_force,
                struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer body = {0};
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    TRY(policy_row_read(view, entry, &body, err));
    if (policy_read(body.data, body.length, &in_force->policy, err))
        return mlops_wrap(err, "policy %llu", (unsigned long long)number_of(entry));
    str_copy(in_force->model, sizeof(in_force->model), json_string(entry, "model", ""));
    in_force->number = number_of(entry);
    in_force->entry = json_u64(entry, "index", 0);
    str_copy(in_force->sha256, sizeof(in_force->sha256), json_string(detail, "sha256", ""));
    return MLOPS_OK;
}

int in_force_read(const struct log_view *view, const struct mlops_trust_list *trusted,
                  const char *model, struct in_force *in_force, struct mlops_error *err)
{
    const char *const scopes[] = {model, ""};
    *in_force = (struct in_force){.number = 0};
    for (size_t i = *model ? 0 : 1; i < ARRAY_LENGTH(scopes); i++) {
        _cleanup_(json_free) cJSON *entry = NULL;
        bool found;
        TRY(find_newest(view, scopes[i], 0, &entry, &found, err));
        if (!found)
            continue;
        TRY(check_entry(view, trusted, entry, NULL, err));
        if (cJSON_HasObjectItem(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "sha256"))
            return take(view, entry, in_force, err);
    }
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    policy_default(&in_force->policy);
    TRY(policy_write(&in_force->policy, &text, err));
    sha256_of(text.data, text.length, &digest);
    digest_to_hex(&digest, in_force->sha256);
    return MLOPS_OK;
}

/* ---- shown --------------------------------------------------------------------------------- */

static int describe(const struct policy *policy, struct mlops_policy *out, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer json = {0}, yaml = {0};
    TRY(policy_write(policy, &json, err));
    policy_write_yaml(policy, &yaml);
    out->json = buffer_steal(&json);
    out->yaml = buffer_steal(&yaml);
    return MLOPS_OK;
}

static int describe_entry(const struct log_view *view, const struct mlops_trust_list *trusted,
                          const cJSON *entry, struct mlops_policy *out, struct mlops_error *err)
{
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    char owner[MLOPS_ACTOR_MAX + 1];
    TRY(check_entry(view, trusted, entry, owner, err));
    str_copy(out->model, sizeof(out->model), json_string(entry, "model", ""));
    out->number = number_of(entry);
    out->entry = json_u64(entry, "index", 0);
    out->set_ns = entry_time_ns(entry);
    out->actor = xstrdup(json_string(entry, "actor", ""));
    out->reason = xstrdup(json_string(entry, "reason", ""));
    out->signer = xstrdup(owner);
    out->inherits = !cJSON_HasObjectItem(detail, "sha256");
    if (out->inherits) {
        out->json = xstrdup("");
        out->yaml = xstrdup("");
        return MLOPS_OK;
    }
    _cleanup_(in_force_clear) struct in_force read = {.number = 0};
    TRY(take(view, entry, &read, err));
    str_copy(out->sha256, sizeof(out->sha256), read.sha256);
    return describe(&read.policy, out, err);
}

void mlops_policy_clear(struct mlops_policy *policy)
{
    free(policy->actor);
    free(policy->reason);
    free(policy->signer);
    free(policy->json);
    free(policy->yaml);
    *policy = (struct mlops_policy){.number = 0};
}

void mlops_policy_list_clear(struct mlops_policy_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mlops_policy_clear(&list->items[i]);
    free(list->items);
    *list = (struct mlops_policy_list){.count = 0};
}

/* What holds, as the public sees it. */
static int show(const struct log_view *view, const struct mlops_trust_list *trusted,
                const char *model, struct mlops_policy *out, struct mlops_error *err)
{
    _cleanup_(in_force_clear) struct in_force in_force;
    _cleanup_(json_free) cJSON *entry = NULL;
    bool found;
    TRY(in_force_read(view, trusted, model, &in_force, err));
    if (in_force.number > 0) {
        TRY(find_newest(view, in_force.model, 0, &entry, &found, err));
        return describe_entry(view, trusted, entry, out, err);
    }
    out->actor = xstrdup("");
    out->reason = xstrdup("");
    out->signer = xstrdup("");
    str_copy(out->sha256, sizeof(out->sha256), in_force.sha256);
    return describe(&in_force.policy, out, err);
}

/* The log in one snapshot, and whom it trusts. */
struct sight {
    struct snapshot snapshot;
    struct log_view view;
    struct mlops_trust_list trusted;
};

static void sight_close(struct sight *sight)
{
    mlops_trust_list_clear(&sight->trusted);
    snapshot_end(&sight->snapshot);
}

/* To look at the policies of `model` (NULL: the registry's). */
static int sight_open(struct mlops_registry *registry, const char *model, struct sight *sight,
                      struct mlops_error *err)
{
    uint64_t last;
    TRY(snapshot_begin(registry, &sight->snapshot, err));
    TRY(log_view_open(registry, &sight->view, err));
    if (model)
        TRY(model_check_known(sight->view.db, model, err));
    return trusted_read(&sight->view, &sight->trusted, &last, err);
}

int mlops_policy_show(struct mlops_registry *registry, const char *model,
                      struct mlops_policy *policy, struct mlops_error *err)
{
    _cleanup_(sight_close) struct sight sight = {.view = {0}};
    *policy = (struct mlops_policy){.number = 0};
    TRY(sight_open(registry, model, &sight, err));
    int code = show(&sight.view, &sight.trusted, model ? model : "", policy, err);
    if (code)
        mlops_policy_clear(policy);
    return code;
}

int mlops_policy_cost(struct mlops_registry *registry, const char *model, struct mlops_cost *cost,
                      struct mlops_error *err)
{
    _cleanup_(sight_close) struct sight sight = {.view = {0}};
    _cleanup_(in_force_clear) struct in_force in_force = {.number = 0};
    *cost = (struct mlops_cost){.known = false};
    TRY(sight_open(registry, model, &sight, err));
    TRY(in_force_read(&sight.view, &sight.trusted, model, &in_force, err));
    const struct policy_monitor *monitor = &in_force.policy.monitor;
    _cleanup_(free_string) char *name = in_force_name(&in_force);
    *cost = (struct mlops_cost){monitor->costs, monitor->cost_fp, monitor->cost_fn, ""};
    str_copy(cost->from, sizeof(cost->from), name);
    return MLOPS_OK;
}

struct history {
    const struct log_view *view;
    const struct mlops_trust_list *trusted;
    struct mlops_policy_list *list;
    size_t capacity;
};

static int add_to_history(void *context, const cJSON *entry, struct mlops_error *err)
{
    struct history *history = context;
    struct mlops_policy *item;
    GROW(history->list->items, history->list->count, &history->capacity);
    item = &history->list->items[history->list->count++];
    *item = (struct mlops_policy){.number = 0};
    return describe_entry(history->view, history->trusted, entry, item, err);
}

int mlops_policy_history(struct mlops_registry *registry, const char *model,
                         struct mlops_policy_list *list, struct mlops_error *err)
{
    _cleanup_(sight_close) struct sight sight = {.view = {0}};
    *list = (struct mlops_policy_list){.count = 0};
    TRY(sight_open(registry, model, &sight, err));
    struct history history = {.view = &sight.view, .trusted = &sight.trusted, .list = list};
    int code = log_view_each(&sight.view, (const char *const[]){"policy", NULL}, model ? model : "",
                             add_to_history, &history, err);
    if (code)
        mlops_policy_list_clear(list);
    return code;
}

/* ---- set ----------------------------------------------------------------------------------- */

/* The change, written and signed: after the newest entry that was there when it was begun. */
struct change {
    const char *model;
    struct buffer body; /* empty: it inherits */
    struct policy policy;
    uint64_t after, number;
    cJSON *detail;
};

static void change_clear(struct change *change)
{
    buffer_clear(&change->body);
    policy_clear(&change->policy);
    cJSON_Delete(change->detail);
}

static int look(const struct log_view *view, struct change *change, uint64_t *after,
                uint64_t *number, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *newest = NULL;
    bool found;
    if (*change->model)
        TRY(model_check_known(view->db, change->model, err));
    TRY(find_newest(view, change->model, 0, &newest, &found, err));
    *after = after_of(newest);
    *number = number_of(newest) + 1;
    return MLOPS_OK;
}

static int begin_change(struct mlops_registry *registry, struct change *change,
                        struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    return look(&view, change, &change->after, &change->number, err);
}

static int sign_change(struct change *change, const struct signing_key *key,
                       struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *predicate = NULL;
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    const char *sha256 = change->body.length ? hex : NULL;
    if (sha256) {
        sha256_of(change->body.data, change->body.length, &digest);
        digest_to_hex(&digest, hex);
    }
    change->detail = cJSON_CreateObject();
    predicate = predicate_of(change->model, change->number, change->after, sha256);
    struct vouched vouched = vouched_of(change->model, sha256, predicate);
    return vouched_sign(key, &vouched, change->detail, err);
}

static int record(struct mlops_registry *registry, struct change *change, const char *reason,
                  struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct log_view view;
    uint64_t after, number;
    TRY(transaction_begin(registry, &tx, err));
    TRY(log_view_open(registry, &view, err));
    TRY(look(&view, change, &after, &number, err));
    if (after != change->after)
        return mlops_fail(err, MLOPS_CONFLICT, "somebody changed the policy meanwhile");
    TRY(policy_row_add(
        tx,
        &(struct policy_change){.model = change->model,
                                .number = change->number,
                                .body = change->body.length ? change->body.data : NULL,
                                .reason = reason,
                                .detail = change->detail},
        err));
    if (*change->model)
        TRY(policy_monitor_apply(tx, &view, change->model, change->number, &change->policy.monitor,
                                 err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int read_text(const struct mlops_policy_options *options, struct change *change,
                     struct mlops_error *err)
{
    if (!options->text)
        return options->model ? MLOPS_OK
                              : mlops_fail(err, MLOPS_INVALID,
                                           "the registry's policy cannot inherit from another: "
                                           "set one, or that of a model");
    TRY(policy_parse(options->text, options->length, options->what ? options->what : "the policy",
                     &change->policy, err));
    if (!options->model && change->policy.monitor.channel_count) {
        mlops_fail(err, MLOPS_INVALID,
                   "the registry's policy names channels, and they are of one "
                   "model");
        return mlops_hint(err, "put 'notify' into the policies of the models");
    }
    return policy_write(&change->policy, &change->body, err);
}

int mlops_policy_set(struct mlops_registry *registry, const struct mlops_policy_options *options,
                     struct mlops_policy *policy, struct mlops_error *err)
{
    _cleanup_(change_clear) struct change change = {.model = options->model ? options->model : ""};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    *policy = (struct mlops_policy){.number = 0};
    TRY(read_text(options, &change, err));
    TRY(begin_change(registry, &change, err));
    TRY(vouched_open(registry, &options->signer, "changes a policy", &key, err));
    TRY(sign_change(&change, key, err));
    TRY(record(registry, &change, options->reason, err));
    return mlops_policy_show(registry, options->model, policy, err);
}
