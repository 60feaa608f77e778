/* lib/release/standing.c - approvals and rollbacks of a version, read from the log and judged. */
#include "release/standing.h"
#include "bundle/signature.h"
#include "release/vouched.h"

cJSON *approval_predicate(const char *decision, const struct mlops_version *version,
                          const char *stage, const char *origin, uint64_t after)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "decision", decision);
    json_add_string(json, "model", version->model);
    json_add_u64(json, "version", version->number);
    json_add_string(json, "stage", stage);
    json_add_string(json, "registry", origin);
    json_add_u64(json, "after", after);
    return json;
}

/* ---- who made it ------------------------------------------------------------------------------ */

static bool signed_as_author(const struct mlops_trust_list *trusted, const char *fingerprint,
                             const char *owner)
{
    for (size_t i = 0; i < trusted->count; i++) /* also where the key is no longer trusted */
        if (str_equal(trusted->items[i].fingerprint, fingerprint) &&
            (trusted->items[i].roles & MLOPS_ROLE_AUTHOR) &&
            str_equal(trusted->items[i].owner, owner))
            return true;
    return false;
}

int standing_is_author(struct mlops_registry *registry, const struct mlops_trust_list *trusted,
                       const struct mlops_version *version, const char *registered_by,
                       const char *owner, bool *is_author, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    *is_author = str_equal(owner, registered_by);
    if (*is_author)
        return MLOPS_OK;
    TRY(mlops_evidence_list(registry, version->bundle, SIGNATURE_EVIDENCE, &list, err));
    for (size_t i = 0; i < list.count && !*is_author; i++)
        *is_author = signed_as_author(trusted, list.items[i].name, owner);
    return MLOPS_OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct mlops_registry *registry;
    const struct mlops_trust_list *trusted;
    const struct mlops_version *version;
    const char *stage;
    int64_t now_ns;
    char origin[SHA256_HEX_SIZE];
    struct standing *standing;
    size_t capacity;
};

/* Is the statement in `entry` this decision about this version, by somebody who may? */
static int check_statement(const struct reading *reading, const cJSON *entry, const char *decision,
                           struct approval *approval, struct mlops_error *why)
{
    _cleanup_(dsse_clear) struct dsse dsse = {0};
    _cleanup_(statement_clear) struct statement statement = {0};
    _cleanup_(json_free) cJSON *expected = NULL;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const struct mlops_version *version = reading->version;
    const struct mlops_trusted_key *key;
    TRY(dsse_read(cJSON_GetObjectItemCaseSensitive(detail, "signature"), &dsse, why));
    key = trusted_signer(reading->trusted, &dsse, MLOPS_ROLE_APPROVER, reading->now_ns, why);
    if (!key)
        return (int)why->code;
    str_copy(approval->owner, sizeof(approval->owner), key->owner);
    TRY(statement_read(&dsse, APPROVAL_STATEMENT, &statement, why));
    if (!str_equal(statement.sha256, version->bundle + strlen("sha256:")))
        return mlops_fail(why, MLOPS_REFUSED, "it approves another bundle: sha256:%.16s…",
                          statement.sha256);
    approval->after = json_u64(statement.predicate, "after", UINT64_MAX);
    expected = approval_predicate(decision, version, reading->stage, reading->origin,
                                  approval->after);
    if (!cJSON_Compare(statement.predicate, expected, true))
        return mlops_fail(why, MLOPS_REFUSED,
                          "it was given for %s of %s@%llu, or in another registry",
                          json_string(statement.predicate, "stage", "no stage"),
                          json_string(statement.predicate, "model", "no model"),
                          (unsigned long long)json_u64(statement.predicate, "version", 0));
    if (approval->after > approval->entry)
        return mlops_fail(why, MLOPS_REFUSED, "it was signed after the entry that it stands in");
    return MLOPS_OK;
}

static int check_author(const struct reading *reading, struct approval *approval,
                        struct mlops_error *err)
{
    bool is_author;
    TRY(standing_is_author(reading->registry, reading->trusted, reading->version,
                           reading->standing->registered_by, approval->owner, &is_author, err));
    if (is_author)
        approval->why = xprintf("%s is the author of %s@%llu, and approves the versions of others "
                                "alone",
                                approval->owner, reading->version->model,
                                (unsigned long long)reading->version->number);
    return MLOPS_OK;
}

static int take_approval(struct reading *reading, const cJSON *entry, struct mlops_error *err)
{
    struct standing *standing = reading->standing;
    struct approval *approval;
    struct mlops_error why = {0};
    GROW(standing->approvals, standing->approval_count, &reading->capacity);
    approval = &standing->approvals[standing->approval_count++];
    *approval = (struct approval){.entry = json_u64(entry, "index", 0),
                                  .time_ns = entry_time_ns(entry)};
    if (check_statement(reading, entry, "approve", approval, &why)) {
        approval->why = xstrdup(why.message);
        return MLOPS_OK;
    }
    return check_author(reading, approval, err);
}

/* Who withdraws takes back all that they said before; a withdrawal that is not theirs is none. */
static void take_withdrawal(struct reading *reading, const cJSON *entry)
{
    struct standing *standing = reading->standing;
    struct approval withdrawal = {.entry = json_u64(entry, "index", 0)};
    struct mlops_error why = {0};
    if (check_statement(reading, entry, "withdraw", &withdrawal, &why))
        return;
    for (size_t i = 0; i < standing->approval_count; i++)
        if (!standing->approvals[i].why &&
            str_equal(standing->approvals[i].owner, withdrawal.owner))
            standing->approvals[i].why = xprintf("%s withdrew it", withdrawal.owner);
}

static int take_entry(void *context, const cJSON *entry, struct mlops_error *err)
{
    struct reading *reading = context;
    const char *action = json_string(entry, "action", "");
    if (str_equal(action, "register"))
        str_copy(reading->standing->registered_by, sizeof(reading->standing->registered_by),
                 json_string(entry, "actor", ""));
    if (!str_equal(json_string(entry, "stage", ""), reading->stage))
        return MLOPS_OK;
    if (str_equal(action, "approve"))
        return take_approval(reading, entry, err);
    if (str_equal(action, "withdraw"))
        take_withdrawal(reading, entry);
    return MLOPS_OK;
}

static int read_rollback(const struct log_view *view, const struct reading *reading,
                         struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *entry = NULL;
    struct standing *standing = reading->standing;
    bool found;
    TRY(log_view_newest(view,
                        &(struct log_query){.action = "rollback",
                                            .model = reading->version->model,
                                            .stage = reading->stage,
                                            .previous = reading->version->number},
                        &entry, &found, err));
    if (found) {
        standing->left = json_u64(entry, "index", 0) + 1;
        standing->left_ns = entry_time_ns(entry);
    }
    standing->left_by = xstrdup(found ? json_string(entry, "actor", "") : "");
    standing->left_reason = xstrdup(found ? json_string(entry, "reason", "") : "");
    return MLOPS_OK;
}

int standing_read(struct mlops_registry *registry, const struct log_view *view,
                  const struct mlops_trust_list *trusted, const struct mlops_version *version,
                  const char *stage, int64_t now_ns, struct standing *standing,
                  struct mlops_error *err)
{
    struct reading reading = {.registry = registry,
                              .trusted = trusted,
                              .version = version,
                              .stage = stage,
                              .now_ns = now_ns,
                              .standing = standing};
    *standing = (struct standing){.left = 0};
    int code = log_view_origin(view, reading.origin, err);
    if (code == MLOPS_OK)
        code = log_view_version(view, version->model, version->number, take_entry, &reading, err);
    if (code == MLOPS_OK)
        code = read_rollback(view, &reading, err);
    if (code)
        standing_clear(standing);
    return code;
}

void standing_clear(struct standing *standing)
{
    for (size_t i = 0; i < standing->approval_count; i++)
        free(standing->approvals[i].why);
    free(standing->approvals);
    free(standing->left_by);
    free(standing->left_reason);
    *standing = (struct standing){.left = 0};
}

/* ---- counting --------------------------------------------------------------------------------- */

static bool counts(const struct standing *standing, size_t at, int64_t since_ns)
{
    const struct approval *approval = &standing->approvals[at];
    return !approval->why && approval->after >= standing->left && approval->time_ns >= since_ns;
}

size_t standing_approvers(const struct standing *standing, int64_t since_ns, struct buffer *names)
{
    size_t people = 0;
    for (size_t i = 0; i < standing->approval_count; i++) {
        bool again = !counts(standing, i, since_ns);
        for (size_t j = 0; j < i && !again; j++)
            again = counts(standing, j, since_ns) &&
                    str_equal(standing->approvals[j].owner, standing->approvals[i].owner);
        if (again)
            continue;
        if (names)
            buffer_printf(names, "%s%s", people ? ", " : "", standing->approvals[i].owner);
        people++;
    }
    return people;
}
