/* lib/release/vouched.c - a releaser's word for a change, given and checked. */
#include "release/vouched.h"
#include "base/clock.h"
#include "trust/keyring.h"

int64_t entry_time_ns(const cJSON *entry)
{
    const char *text = json_string(entry, "time", "");
    int64_t time_ns;
    return clock_parse(text, strlen(text), &time_ns) ? time_ns : 0;
}

int vouched_open(struct mlops_registry *registry, const struct mlops_signer *signer,
                 const char *what, struct signing_key **key, struct mlops_error *err)
{
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list list = {0};
    const struct mlops_trusted_key *found;
    int64_t now_ns = clock_now_ns();
    *key = NULL;
    TRY(mlops_trust_list(registry, &list, err));
    if (!trusted_any(&list, MLOPS_ROLE_RELEASER, now_ns))
        return MLOPS_OK;
    TRY(keyring_open(signer, key, err));
    if (trusted_check(&list, *key, MLOPS_ROLE_RELEASER, now_ns, &found, err))
        return mlops_wrap(err, "only a releaser %s", what);
    return MLOPS_OK;
}

int vouched_sign(const struct signing_key *key, const struct vouched *vouched, cJSON *detail,
                 struct mlops_error *err)
{
    cJSON *envelope;
    if (!key)
        return MLOPS_OK;
    TRY(statement_sign(key, vouched->type, vouched->name, vouched->sha256,
                       cJSON_Duplicate(vouched->what, true), &envelope, err));
    cJSON_AddItemToObject(detail, "signature", envelope);
    return MLOPS_OK;
}

/* Whom the registry trusted just before `entry`: borrowed items, `items` alone is to be freed. */
static struct mlops_trust_list trusted_before(const struct mlops_trust_list *list,
                                              const cJSON *entry)
{
    struct mlops_trust_list then = {.items = xcalloc(list->count + 1, sizeof(*then.items))};
    uint64_t index = json_u64(entry, "index", 0);
    int64_t time_ns = entry_time_ns(entry);
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_trusted_key *key = &list->items[i];
        if (key->entry >= index || (key->removed_ns && key->removed_ns <= time_ns))
            continue;
        then.items[then.count] = *key;
        then.items[then.count++].removed_ns = 0;
    }
    return then;
}

static int check_signature(const struct mlops_trust_list *trusted, const cJSON *envelope,
                           const struct vouched *vouched, int64_t time_ns, char *owner,
                           struct mlops_error *why)
{
    _cleanup_(dsse_clear) struct dsse dsse = {0};
    _cleanup_(statement_clear) struct statement statement = {0};
    const struct mlops_trusted_key *key;
    TRY(dsse_read(envelope, &dsse, why));
    key = trusted_signer(trusted, &dsse, MLOPS_ROLE_RELEASER, time_ns, why);
    if (!key)
        return (int)why->code;
    TRY(statement_read(&dsse, vouched->type, &statement, why));
    if (!str_equal(statement.sha256, vouched->sha256) || !str_equal(statement.name, vouched->name) ||
        !cJSON_Compare(statement.predicate, vouched->what, true))
        return mlops_fail(why, MLOPS_REFUSED, "the signature is of another change");
    if (owner)
        str_copy(owner, MLOPS_ACTOR_MAX + 1, key->owner);
    return MLOPS_OK;
}

int vouched_check(const struct mlops_trust_list *trusted, const cJSON *entry,
                  const struct vouched *vouched, char *owner, struct mlops_error *err)
{
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const cJSON *envelope = cJSON_GetObjectItemCaseSensitive(detail, "signature");
    struct mlops_trust_list then = trusted_before(trusted, entry);
    int64_t time_ns = entry_time_ns(entry);
    struct mlops_error why = {0};
    int code = MLOPS_OK;
    if (owner)
        *owner = '\0';
    if (trusted_any(&then, MLOPS_ROLE_RELEASER, time_ns))
        code = envelope ? check_signature(&then, envelope, vouched, time_ns, owner, &why)
                        : mlops_fail(&why, MLOPS_REFUSED, "no releaser signed it");
    free(then.items);
    if (code == MLOPS_OK)
        return code;
    mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the audit log ('%s') counts for nothing: %s",
               (unsigned long long)json_u64(entry, "index", 0), json_string(entry, "action", ""),
               why.message);
    return mlops_hint(err, "somebody wrote it who is no releaser: compare the registry with a "
                           "backup");
}
