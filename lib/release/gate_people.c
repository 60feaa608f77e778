/* lib/release/gate_people.c - who must have signed, and who must have approved. */
#include "bundle/signature.h"
#include "release/gate.h"
#include <mlops/text.h>

int gate_signature(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err)
{
    _cleanup_(mlops_verification_clear) struct mlops_verification verification = {0};
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    unsigned wanted = context->demands->signed_by;
    _cleanup_(free_string) char *roles = mlops_roles_format(wanted);
    TRY(signature_judge(context->registry, context->version->bundle, context->manifest,
                        context->trusted, context->now_ns, &verification, err));
    for (size_t i = 0; i < verification.count && !result->passed; i++) {
        const struct mlops_signature_result *signature = &verification.signatures[i];
        result->passed = signature->valid && (signature->roles & wanted);
        if (result->passed)
            result->detail = xprintf("signed by %s (%.12s)", signature->owner,
                                     signature->fingerprint);
        else if (signature->valid)
            wrongs_add(&wrongs, "; ", "%s signed, who is trusted, but not as %s", signature->owner,
                       roles);
        else
            wrongs_add(&wrongs, "; ", "%s", signature->detail);
    }
    if (result->passed)
        return MLOPS_OK;
    wrongs_end(&wrongs);
    result->detail = wrongs.count ? buffer_steal(&wrongs.text)
                                  : xprintf("not signed: run 'mlops sign %s@%llu'",
                                            context->version->model,
                                            (unsigned long long)context->version->number);
    return MLOPS_OK;
}

/* Whether the same person approved again afterwards: then what became of this one tells nothing. */
static bool is_given_again(const struct standing *standing, size_t at)
{
    const struct approval *this = &standing->approvals[at];
    for (size_t i = at + 1; i < standing->approval_count; i++) {
        const struct approval *later = &standing->approvals[i];
        if (str_equal(later->owner, this->owner) &&
            (this->why ? later->why && str_equal(later->why, this->why) : !later->why))
            return true;
    }
    return false;
}

/* Why approvals that are there do not count. */
static void add_reasons(const struct gate_context *context, int64_t since_ns,
                        struct wrongs *wrongs)
{
    const struct standing *standing = context->standing;
    for (size_t i = 0; i < standing->approval_count; i++) {
        const struct approval *approval = &standing->approvals[i];
        unsigned long long entry = approval->entry;
        if (is_given_again(standing, i))
            continue;
        if (approval->why)
            wrongs_add(wrongs, "; ", "that of entry %llu does not count: %s", entry, approval->why);
        else if (approval->after < standing->left)
            wrongs_add(wrongs, "; ", "that of %s is from before the rollback", approval->owner);
        else if (approval->time_ns < since_ns)
            wrongs_add(wrongs, "; ", "that of %s is too old", approval->owner);
    }
    wrongs_end(wrongs);
}

static int judge_approvals(const struct gate_context *context, uint64_t wanted,
                           const char *before, struct mlops_gate_result *result)
{
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    _cleanup_(buffer_clear) struct buffer people = {0};
    int64_t within_ns = context->demands->approvals_within_ns;
    int64_t since_ns = within_ns ? context->now_ns - within_ns : INT64_MIN;
    size_t given = standing_approvers(context->standing, since_ns, &people);
    result->passed = given >= wanted;
    if (result->passed) {
        result->detail = xprintf("%sapproved by %s", before, people.data ? people.data : "nobody");
        return MLOPS_OK;
    }
    add_reasons(context, since_ns, &wrongs);
    result->detail = xprintf(
        "%s%zu of %llu approvals%s%s%s%s: run 'mlops approve %s@%llu --for %s'", before, given,
        (unsigned long long)wanted, people.length ? ", by " : "", people.length ? people.data : "",
        wrongs.count ? "; " : "", wrongs.count ? wrongs.text.data : "", context->version->model,
        (unsigned long long)context->version->number, context->stage);
    return MLOPS_OK;
}

int gate_approvals(const struct gate_context *context, struct mlops_gate_result *result,
                   struct mlops_error *err)
{
    (void)err; /* all was read before */
    return judge_approvals(context, context->demands->approvals, "", result);
}

/* What a rollback left comes back with somebody's word alone, where anybody can give it. */
int gate_rolled_back(const struct gate_context *context, struct mlops_gate_result *result,
                     struct mlops_error *err)
{
    const struct standing *standing = context->standing;
    char when[32];
    (void)err;
    mlops_time_format(standing->left_ns, when);
    _cleanup_(free_string) char *left =
        xprintf("left by a rollback of %s at %s%s%s; ", standing->left_by, when,
                *standing->left_reason ? ": " : "", standing->left_reason);
    if (context->demands->approvals > 0 ||
        trusted_any(context->trusted, MLOPS_ROLE_APPROVER, context->now_ns))
        return judge_approvals(context, 1, left, result);
    result->passed = true;
    result->detail = xprintf("%snobody is trusted to approve its return, so nobody has to", left);
    return MLOPS_OK;
}
