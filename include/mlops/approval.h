/*
 * include/mlops/approval.h - approvals: what somebody signs who lets a version into a stage.
 *
 * A statement (in-toto, predicate urn:mlops:approval:v1, in a DSSE envelope) bound to the bundle's
 * digest, the stage, the model and the registry; it stands in the audit log. Whether it counts is
 * decided when a gate asks, by whom the registry trusts then.
 */
#ifndef MLOPS_APPROVAL_H
#define MLOPS_APPROVAL_H
#include <mlops/key.h>
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_approve_options {
    const char *ref;
    const char *stage;  /* that it is approved for */
    const char *reason; /* NULL: none */
    bool withdraw;      /* take back what the signer approved before */
    struct mlops_signer signer;
};

struct mlops_approval {
    struct mlops_version version;
    char stage[MLOPS_STAGE_MAX + 1];
    char owner[MLOPS_ACTOR_MAX + 1]; /* the person, by the registry's trust */
    char fingerprint[65];            /* of the key */
    bool withdrawn;
    uint64_t entry; /* of the audit log */
};

/*
 * Approve a version for a stage, or withdraw that.
 * Errors: MLOPS_NOT_FOUND no such version, or nothing to withdraw; MLOPS_INVALID not registered, or
 * no stage of its policy; MLOPS_REFUSED the signer is not trusted as an approver, or is the
 * version's author; MLOPS_INTEGRITY.
 */
MLOPS_API int mlops_approve(struct mlops_registry *registry,
                            const struct mlops_approve_options *options,
                            struct mlops_approval *approval, struct mlops_error *err);

MLOPS_END
#endif
