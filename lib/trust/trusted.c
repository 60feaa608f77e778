/*
 * lib/trust/trusted.c - whom the registry trusts. The log's entries "trust" and "distrust" are read
 * from the first on; each must be signed by who was a releaser when it was appended, as soon as
 * there is one.
 */
#include "trust/trusted.h"
#include "base/clock.h"
#include "trust/keyring.h"
#include <stdio.h>

#define TRUST_STATEMENT "urn:mlops:trust:v1"

static const struct {
    enum mlops_role role;
    const char *name;
} roles[] = {{MLOPS_ROLE_AUTHOR, "author"},
             {MLOPS_ROLE_APPROVER, "approver"},
             {MLOPS_ROLE_RELEASER, "releaser"}};

unsigned mlops_role_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++)
        if (str_equal(roles[i].name, name))
            return roles[i].role;
    return 0;
}

char *mlops_roles_format(unsigned set)
{
    struct buffer text = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++)
        if (set & roles[i].role)
            buffer_printf(&text, "%s%s", text.length ? ", " : "", roles[i].name);
    return buffer_steal(&text);
}

void mlops_trust_list_clear(struct mlops_trust_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].public_pem);
    free(list->items);
    *list = (struct mlops_trust_list){0};
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool is_trusted(const struct mlops_trusted_key *key, int64_t now_ns)
{
    return key->removed_ns == 0 && (key->expires_ns == 0 || now_ns < key->expires_ns);
}

bool trusted_any(const struct mlops_trust_list *list, unsigned role, int64_t now_ns)
{
    for (size_t i = 0; i < list->count; i++)
        if ((list->items[i].roles & role) && is_trusted(&list->items[i], now_ns))
            return true;
    return false;
}

/* Why a key that is known does not count; MLOPS_OK where it does. */
static int check_key(const struct mlops_trusted_key *key, unsigned wanted, int64_t now_ns,
                     struct mlops_error *err)
{
    char when[32];
    if (key->removed_ns) {
        mlops_time_format(key->removed_ns, when);
        return mlops_fail(err, MLOPS_REFUSED, "the key %.12s of %s was revoked at %s",
                          key->fingerprint, key->owner, when);
    }
    if (!is_trusted(key, now_ns)) {
        mlops_time_format(key->expires_ns, when);
        return mlops_fail(err, MLOPS_REFUSED, "the key %.12s of %s expired at %s", key->fingerprint,
                          key->owner, when);
    }
    if (wanted == 0 || (key->roles & wanted))
        return MLOPS_OK;
    _cleanup_(free_string) char *has = mlops_roles_format(key->roles);
    _cleanup_(free_string) char *needs = mlops_roles_format(wanted);
    return mlops_fail(err, MLOPS_REFUSED, "the key %.12s of %s is trusted as %s, not as %s",
                      key->fingerprint, key->owner, has, needs);
}

/* The newest with that fingerprint: a key may be added again. */
static const struct mlops_trusted_key *find(const struct mlops_trust_list *list,
                                            const char *fingerprint)
{
    for (size_t i = list->count; i > 0; i--)
        if (str_equal(list->items[i - 1].fingerprint, fingerprint))
            return &list->items[i - 1];
    return NULL;
}

int trusted_check(const struct mlops_trust_list *list, const struct signing_key *key,
                  unsigned wanted, int64_t now_ns, const struct mlops_trusted_key **found,
                  struct mlops_error *err)
{
    char fingerprint[SHA256_HEX_SIZE];
    signing_key_fingerprint(key, fingerprint);
    *found = find(list, fingerprint);
    if (*found)
        return check_key(*found, wanted, now_ns, err);
    mlops_fail(err, MLOPS_REFUSED, "the key %.12s is not trusted by this registry", fingerprint);
    return mlops_hint(err, "a releaser adds it with 'mlops trust add'");
}

static bool signed_by(const struct mlops_trusted_key *key, const struct dsse *dsse)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *public = NULL;
    struct mlops_error ignored = {0};
    return signing_key_read_public(key->public_pem, strlen(key->public_pem), "a trusted key",
                                   &public, &ignored) == MLOPS_OK &&
           dsse_verify(dsse, public);
}

const struct mlops_trusted_key *trusted_signer(const struct mlops_trust_list *list,
                                               const struct dsse *dsse, unsigned wanted,
                                               int64_t now_ns, struct mlops_error *err)
{
    const struct mlops_trusted_key *key = find(list, dsse->keyid);
    if (!key) {
        mlops_fail(err, MLOPS_REFUSED,
                   "signed by the key %.12s, which is not trusted by this "
                   "registry",
                   *dsse->keyid ? dsse->keyid : "(unnamed)");
        return NULL;
    }
    if (!signed_by(key, dsse)) {
        mlops_fail(err, MLOPS_REFUSED, "the signature is not that of the key %.12s of %s",
                   key->fingerprint, key->owner);
        return NULL;
    }
    return check_key(key, wanted, now_ns, err) ? NULL : key;
}

/* ---- reading the log ----------------------------------------------------------------------- */

static unsigned read_roles(const cJSON *key)
{
    const cJSON *item;
    unsigned set = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(key, "roles"))
    {
        if (cJSON_IsString(item))
            set |= mlops_role_find(item->valuestring);
    }
    return set;
}

static int64_t read_time(const cJSON *object, const char *name)
{
    const char *text = json_string(object, name, "");
    int64_t time_ns;
    return clock_parse(text, strlen(text), &time_ns) ? time_ns : 0;
}

/* The state so far, and where its newest change stands. */
struct walk {
    struct mlops_trust_list *list;
    size_t capacity;
    uint64_t last;
};

static int fail_entry(struct mlops_error *err, const cJSON *entry, const char *why)
{
    mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the audit log changes whom to trust %s",
               (unsigned long long)json_u64(entry, "index", 0), why);
    return mlops_hint(err, "somebody wrote it who is no releaser: compare the registry with a "
                           "backup");
}

/* Who changes whom to trust signs just that change, after just that state. */
static int check_signed(const struct walk *walk, const cJSON *entry, const cJSON *detail,
                        int64_t time_ns, struct mlops_error *err)
{
    const cJSON *envelope = cJSON_GetObjectItemCaseSensitive(detail, "signature");
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(detail, "key");
    struct statement statement = {0};
    struct dsse dsse = {0};
    struct mlops_error why = {0};
    int code = MLOPS_OK;
    if (!trusted_any(walk->list, MLOPS_ROLE_RELEASER, time_ns))
        return MLOPS_OK;
    if (!envelope)
        return fail_entry(err, entry, "without a releaser's signature");
    if (dsse_read(envelope, &dsse, &why) ||
        !trusted_signer(walk->list, &dsse, MLOPS_ROLE_RELEASER, time_ns, &why) ||
        statement_read(&dsse, TRUST_STATEMENT, &statement, &why)) {
        code = fail_entry(err, entry, why.message);
    } else if (!str_equal(statement.sha256, json_string(key, "fingerprint", "")) ||
               !str_equal(json_string(statement.predicate, "change", ""),
                          json_string(entry, "action", "")) ||
               json_u64(statement.predicate, "after", UINT64_MAX) != walk->last ||
               !cJSON_Compare(cJSON_GetObjectItemCaseSensitive(statement.predicate, "key"), key,
                              true)) {
        code = fail_entry(err, entry, "by a signature of another change");
    }
    statement_clear(&statement);
    dsse_clear(&dsse);
    return code;
}

static int add(struct walk *walk, const cJSON *entry, const cJSON *key, int64_t time_ns,
               struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *public = NULL;
    const char *pem = json_string(key, "public_key", "");
    struct mlops_trusted_key *added;
    char fingerprint[SHA256_HEX_SIZE];
    struct mlops_error ignored = {0};
    if (signing_key_read_public(pem, strlen(pem), "", &public, &ignored) != MLOPS_OK)
        return fail_entry(err, entry, "and names no key");
    signing_key_fingerprint(public, fingerprint);
    if (!str_equal(fingerprint, json_string(key, "fingerprint", "")))
        return fail_entry(err, entry, "and names a key by the fingerprint of another");
    for (size_t i = 0; i < walk->list->count; i++) /* from now on in other roles */
        if (str_equal(walk->list->items[i].fingerprint, fingerprint) &&
            walk->list->items[i].removed_ns == 0)
            walk->list->items[i].removed_ns = time_ns;
    GROW(walk->list->items, walk->list->count, &walk->capacity);
    added = &walk->list->items[walk->list->count++];
    *added = (struct mlops_trusted_key){.roles = read_roles(key),
                                        .public_pem = xstrdup(pem),
                                        .added_ns = time_ns,
                                        .expires_ns = read_time(key, "expires"),
                                        .entry = json_u64(entry, "index", 0)};
    str_copy(added->fingerprint, sizeof(added->fingerprint), fingerprint);
    str_copy(added->algorithm, sizeof(added->algorithm),
             signing_algorithm_name(signing_key_algorithm(public)));
    str_copy(added->owner, sizeof(added->owner), json_string(key, "owner", ""));
    return MLOPS_OK;
}

static void remove_key(struct walk *walk, const cJSON *key, int64_t time_ns)
{
    const char *fingerprint = json_string(key, "fingerprint", "");
    for (size_t i = 0; i < walk->list->count; i++)
        if (str_equal(walk->list->items[i].fingerprint, fingerprint) &&
            walk->list->items[i].removed_ns == 0)
            walk->list->items[i].removed_ns = time_ns;
}

static int take_entry(void *context, const cJSON *entry, struct mlops_error *err)
{
    struct walk *walk = context;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(detail, "key");
    int64_t time_ns = read_time(entry, "time");
    TRY(check_signed(walk, entry, detail, time_ns, err));
    if (str_equal(json_string(entry, "action", ""), "trust"))
        TRY(add(walk, entry, key, time_ns, err));
    else
        remove_key(walk, key, time_ns);
    walk->last = json_u64(entry, "index", 0) + 1;
    return MLOPS_OK;
}

int trusted_read(const struct log_view *view, struct mlops_trust_list *list, uint64_t *last,
                 struct mlops_error *err)
{
    struct walk walk = {.list = list};
    *list = (struct mlops_trust_list){0};
    int code = log_view_each(view, (const char *const[]){"trust", "distrust", NULL}, "", take_entry,
                             &walk, err);
    if (code)
        mlops_trust_list_clear(list);
    *last = walk.last;
    return code;
}

int mlops_trust_list(struct mlops_registry *registry, struct mlops_trust_list *list,
                     struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    uint64_t last;
    *list = (struct mlops_trust_list){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    return trusted_read(&view, list, &last, err);
}

/* ---- changing ------------------------------------------------------------------------------ */

/* A change that is being made. */
struct change {
    const char *action; /* "trust", "distrust" */
    cJSON *key;         /* as the log will have it */
    struct signing_key *signer;
    struct mlops_trust_list list; /* as it is now */
    uint64_t last;
};

static void change_clear(struct change *change)
{
    cJSON_Delete(change->key);
    signing_key_free(change->signer);
    mlops_trust_list_clear(&change->list);
}

static cJSON *key_to_json(const char *fingerprint, const char *owner, unsigned set,
                          int64_t expires_ns, const char *pem)
{
    cJSON *json = cJSON_CreateObject(), *list;
    char text[32];
    json_add_string(json, "fingerprint", fingerprint);
    json_add_string(json, "owner", owner);
    list = json_add_array(json, "roles");
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++)
        if (set & roles[i].role)
            json_append_text(list, roles[i].name);
    mlops_time_format(expires_ns, text);
    if (expires_ns)
        json_add_string(json, "expires", text);
    json_add_text(json, "public_key", pem);
    return json;
}

/* Open the signer's key outside of the transaction: a passphrase may be asked for. */
static int read_state(struct mlops_registry *registry, const struct mlops_signer *signer,
                      struct change *change, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    const struct mlops_trusted_key *found;
    struct log_view view;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    TRY(trusted_read(&view, &change->list, &change->last, err));
    snapshot_end(&snapshot);
    snapshot = (struct snapshot){0};
    if (!trusted_any(&change->list, MLOPS_ROLE_RELEASER, clock_now_ns()))
        return MLOPS_OK;
    TRY(keyring_open(signer, &change->signer, err));
    if (trusted_check(&change->list, change->signer, MLOPS_ROLE_RELEASER, clock_now_ns(), &found,
                      err)) {
        mlops_wrap(err, "only a releaser changes whom to trust");
        return (int)err->code;
    }
    return MLOPS_OK;
}

static int sign_change(const struct change *change, cJSON *detail, struct mlops_error *err)
{
    cJSON *predicate, *envelope;
    if (!change->signer)
        return MLOPS_OK;
    predicate = cJSON_CreateObject();
    json_add_string(predicate, "change", change->action);
    json_add_u64(predicate, "after", change->last);
    cJSON_AddItemToObject(predicate, "key", cJSON_Duplicate(change->key, true));
    TRY(statement_sign(change->signer, TRUST_STATEMENT, json_string(change->key, "owner", ""),
                       json_string(change->key, "fingerprint", ""), predicate, &envelope, err));
    cJSON_AddItemToObject(detail, "signature", envelope);
    return MLOPS_OK;
}

static int record(struct mlops_registry *registry, struct change *change, const char *reason,
                  struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_trust_list now;
    struct log_view view;
    uint64_t last;
    TRY(sign_change(change, detail, err));
    cJSON_AddItemToObject(detail, "key", TAKE_PTR(change->key));
    TRY(json_write_canonical(detail, &text, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(log_view_open(registry, &view, err));
    TRY(trusted_read(&view, &now, &last, err));
    mlops_trust_list_clear(&now);
    if (last != change->last)
        return mlops_fail(err, MLOPS_CONFLICT, "somebody changed whom to trust meanwhile");
    TRY(audit_append(
        tx, &(struct audit_entry){.action = change->action, .reason = reason, .detail = text.data},
        err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* What stands in the log now about `fingerprint`. */
static int give(struct mlops_registry *registry, const char *fingerprint,
                struct mlops_trusted_key *key, struct mlops_error *err)
{
    struct mlops_trust_list list;
    if (!key)
        return MLOPS_OK;
    TRY(mlops_trust_list(registry, &list, err));
    const struct mlops_trusted_key *found = find(&list, fingerprint);
    if (found) {
        *key = *found;
        key->public_pem = xstrdup(found->public_pem);
    }
    mlops_trust_list_clear(&list);
    return MLOPS_OK;
}

static int check_add(const struct mlops_key *key, const struct mlops_trust_options *options,
                     const char *owner, struct mlops_error *err)
{
    if (str_equal(key->algorithm, "ed25519"))
        return mlops_fail(err, MLOPS_INVALID, "an Ed25519 key signs logs, not bundles");
    if (options->roles == 0) {
        mlops_fail(err, MLOPS_INVALID, "in which role is the key to be trusted?");
        return mlops_hint(err, "author, approver, releaser: '--role author --role approver'");
    }
    if (!*owner || strlen(owner) > MLOPS_ACTOR_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the owner's name is 1 to %d bytes", MLOPS_ACTOR_MAX);
    return MLOPS_OK;
}

/* Somebody must be left who can change things. */
static int check_remove(const struct mlops_trust_list *list, const struct mlops_trusted_key *key,
                        struct mlops_error *err)
{
    int64_t now_ns = clock_now_ns();
    if (!(key->roles & MLOPS_ROLE_RELEASER) || !is_trusted(key, now_ns))
        return MLOPS_OK;
    for (size_t i = 0; i < list->count; i++)
        if (&list->items[i] != key && (list->items[i].roles & MLOPS_ROLE_RELEASER) &&
            is_trusted(&list->items[i], now_ns))
            return MLOPS_OK;
    mlops_fail(err, MLOPS_REFUSED, "the key of %s is the last of a releaser", key->owner);
    return mlops_hint(err, "trust another releaser first: without one nobody could vouch for any "
                           "change");
}

/* Adding a key again gives it other roles and another end: that must not take the last releaser's
 * word away, after which changes would be believed on anybody's. */
static int check_again(struct mlops_registry *registry, const struct mlops_trust_list *list,
                       const char *fingerprint, const struct mlops_trust_options *options,
                       struct mlops_error *err)
{
    const struct mlops_trusted_key *before = find(list, fingerprint);
    if (options->expires_ns && options->expires_ns <= clock_now_ns()) {
        mlops_fail(err, MLOPS_INVALID, "the key would have ended before it is trusted");
        return mlops_hint(err, "give a later --expires, or 'mlops trust remove' the key");
    }
    if (!before || ((options->roles & MLOPS_ROLE_RELEASER) && !options->expires_ns))
        return MLOPS_OK;
    int code = check_remove(list, before, err);
    if (code == MLOPS_OK || !(options->roles & MLOPS_ROLE_RELEASER))
        return code;
    *err = (struct mlops_error){0};
    registry_warn(registry, "this is the last releaser's key: when it has ended, changes are "
                            "believed on anybody's word; trust another releaser before");
    return MLOPS_OK;
}

int mlops_trust_add(struct mlops_registry *registry, const struct mlops_trust_options *options,
                    struct mlops_trusted_key *key, struct mlops_error *err)
{
    _cleanup_(change_clear) struct change change = {.action = "trust"};
    _cleanup_(mlops_key_clear) struct mlops_key found = {0};
    const char *owner = options->owner ? options->owner : registry_actor(registry);
    TRY(mlops_key_find(options->key, &found, err));
    TRY(check_add(&found, options, owner, err));
    TRY(read_state(registry, &options->signer, &change, err));
    TRY(check_again(registry, &change.list, found.fingerprint, options, err));
    change.key = key_to_json(found.fingerprint, owner, options->roles, options->expires_ns,
                             found.public_pem);
    TRY(record(registry, &change, options->reason, err));
    return give(registry, found.fingerprint, key, err);
}

/* A trusted key by its owner or the beginning of its fingerprint. */
static int pick(const struct mlops_trust_list *list, const char *name,
                const struct mlops_trusted_key **key, struct mlops_error *err)
{
    *key = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_trusted_key *item = &list->items[i];
        bool named = str_equal(item->owner, name) ||
                     (strlen(name) >= 8 && str_starts(item->fingerprint, name));
        if (!named || item->removed_ns)
            continue;
        if (*key) {
            mlops_fail(err, MLOPS_INVALID, "'%s' names several keys", name);
            return mlops_hint(err, "name one by its fingerprint: 'mlops trust list' shows them");
        }
        *key = item;
    }
    if (*key)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no key that this registry trusts", name);
    return mlops_hint(err,
                      "'mlops trust list' shows them: fingerprint (8 digits or more) or owner");
}

int mlops_trust_remove(struct mlops_registry *registry, const struct mlops_trust_options *options,
                       struct mlops_trusted_key *key, struct mlops_error *err)
{
    _cleanup_(change_clear) struct change change = {.action = "distrust"};
    const struct mlops_trusted_key *removed;
    char fingerprint[SHA256_HEX_SIZE];
    TRY(read_state(registry, &options->signer, &change, err));
    TRY(pick(&change.list, options->key, &removed, err));
    TRY(check_remove(&change.list, removed, err));
    str_copy(fingerprint, sizeof(fingerprint), removed->fingerprint);
    change.key =
        key_to_json(fingerprint, removed->owner, removed->roles, removed->expires_ns, NULL);
    TRY(record(registry, &change, options->reason, err));
    return give(registry, fingerprint, key, err);
}
