/* lib/release/approve.c - a version approved for a stage, by somebody else than its author. */
#include "bundle/manifest.h"
#include "base/clock.h"
#include "registry/reference.h"
#include "release/in_force.h"
#include "release/standing.h"
#include "trust/keyring.h"
#include <mlops/approval.h>

/* What the registry says before anybody signs. */
struct look {
    char origin[SHA256_HEX_SIZE];
    uint64_t after;
    struct mlops_trust_list trusted;
    struct standing standing;
};

static void look_clear(struct look *look)
{
    mlops_trust_list_clear(&look->trusted);
    standing_clear(&look->standing);
}

static int check_stage(const struct log_view *view, const struct look *look,
                       const struct mlops_approval *approval, struct mlops_error *err)
{
    _cleanup_(in_force_clear) struct in_force in_force;
    TRY(in_force_read(view, &look->trusted, approval->version.model, &in_force, err));
    if (policy_stage_find(&in_force.policy, approval->stage))
        return MLOPS_OK;
    _cleanup_(free_string) char *name = in_force_name(&in_force);
    _cleanup_(free_string) char *stages = policy_stage_names(&in_force.policy);
    mlops_fail(err, MLOPS_INVALID, "'%s' is no stage of %s", approval->stage, name);
    return mlops_hint(err, "its stages are %s", stages);
}

static int look_at(struct mlops_registry *registry, const struct mlops_approve_options *options,
                   struct mlops_approval *approval, struct look *look, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct log_view view;
    uint64_t last;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(mlops_version_resolve(registry, options->ref, &approval->version, err));
    TRY(version_check_registered(&approval->version, err));
    if (!options->withdraw)
        TRY(version_check_in_use(registry, &approval->version, err));
    TRY(log_view_open(registry, &view, err));
    TRY(trusted_read(&view, &look->trusted, &last, err));
    TRY(check_stage(&view, look, approval, err));
    TRY(log_view_origin(&view, look->origin, err));
    look->after = view.checkpoint.size;
    return standing_read(registry, &view, &look->trusted, &approval->version, approval->stage,
                         clock_now_ns(), &look->standing, err);
}

/* May the owner of the key say this? */
static int check_person(struct mlops_registry *registry,
                        const struct mlops_approve_options *options, const struct look *look,
                        const struct mlops_approval *approval, struct mlops_error *err)
{
    const struct mlops_version *version = &approval->version;
    bool is_author, any = false;
    if (options->withdraw) {
        for (size_t i = 0; i < look->standing.approval_count; i++)
            any = any || (!look->standing.approvals[i].why &&
                          str_equal(look->standing.approvals[i].owner, approval->owner));
        return any ? MLOPS_OK
                   : mlops_fail(err, MLOPS_NOT_FOUND, "%s did not approve %s@%llu for %s",
                                approval->owner, version->model,
                                (unsigned long long)version->number, approval->stage);
    }
    TRY(standing_is_author(registry, &look->trusted, version, look->standing.registered_by,
                           approval->owner, &is_author, err));
    if (!is_author)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_REFUSED, "%s is the author of %s@%llu: nobody approves their own version",
               approval->owner, version->model, (unsigned long long)version->number);
    return mlops_hint(err, "ask somebody else whom the registry trusts as an approver");
}

static int sign(const struct signing_key *key, const struct mlops_approve_options *options,
                const struct look *look, const struct mlops_approval *approval,
                struct buffer *detail, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    const struct mlops_version *version = &approval->version;
    cJSON *envelope;
    TRY(statement_sign(key, APPROVAL_STATEMENT, version->model,
                       version->bundle + strlen("sha256:"),
                       approval_predicate(options->withdraw ? "withdraw" : "approve", version,
                                          approval->stage, look->origin, look->after),
                       &envelope, err));
    cJSON_AddItemToObject(json, "signature", envelope);
    json_add_string(json, "approver", approval->owner);
    return json_write_canonical(json, detail, err);
}

int mlops_approve(struct mlops_registry *registry, const struct mlops_approve_options *options,
                  struct mlops_approval *approval, struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(look_clear) struct look look = {.after = 0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(buffer_clear) struct buffer detail = {0};
    const struct mlops_trusted_key *found;
    *approval = (struct mlops_approval){.withdrawn = options->withdraw};
    TRY(stage_name_check(options->stage, err));
    str_copy(approval->stage, sizeof(approval->stage), options->stage);
    TRY(look_at(registry, options, approval, &look, err));
    TRY(keyring_open(&options->signer, &key, err));
    if (trusted_check(&look.trusted, key, MLOPS_ROLE_APPROVER, clock_now_ns(), &found, err)) {
        mlops_wrap(err, "approve %s", options->ref);
        return mlops_hint(err, "a releaser has it trusted with 'mlops trust add KEY --role "
                               "approver', or name another key with --key");
    }
    str_copy(approval->owner, sizeof(approval->owner), found->owner);
    str_copy(approval->fingerprint, sizeof(approval->fingerprint), found->fingerprint);
    TRY(check_person(registry, options, &look, approval, err));
    TRY(sign(key, options, &look, approval, &detail, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = options->withdraw ? "withdraw" : "approve",
                                           .model = approval->version.model,
                                           .version = approval->version.number,
                                           .bundle = approval->version.bundle,
                                           .stage = approval->stage,
                                           .reason = options->reason,
                                           .detail = detail.data},
                     err));
    approval->entry = transaction_entry(tx);
    return transaction_commit(TAKE_PTR(tx), err);
}
