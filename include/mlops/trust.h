/*
 * include/mlops/trust.h - whom a registry trusts: public keys, the people they belong to, and what
 * these may do. It stands in the audit log and nowhere else.
 *
 * The first key is trusted on the word of whoever adds it. As soon as a releaser is trusted, every
 * change must be signed by one: a change that is not counts for nothing, and makes what depends on
 * trust fail with MLOPS_INTEGRITY.
 */
#ifndef MLOPS_TRUST_H
#define MLOPS_TRUST_H
#include <mlops/key.h>
#include <mlops/registry.h>
MLOPS_BEGIN

enum mlops_role {
    MLOPS_ROLE_AUTHOR = 1,   /* signs versions */
    MLOPS_ROLE_APPROVER = 2, /* approves the versions of others */
    MLOPS_ROLE_RELEASER = 4, /* changes policies and whom to trust; emergencies */
};

struct mlops_trusted_key {
    char fingerprint[65];
    char algorithm[16];
    char owner[MLOPS_ACTOR_MAX + 1]; /* the person */
    unsigned roles;                  /* of enum mlops_role, or-ed */
    char *public_pem;
    int64_t added_ns, expires_ns; /* 0: does not expire */
    int64_t removed_ns;           /* 0: it is trusted still */
    uint64_t entry;               /* of the audit log, that added it */
};

struct mlops_trust_list {
    struct mlops_trusted_key *items; /* in the order in which they were added */
    size_t count;
};

/* Every key that is or was trusted. The caller clears the list.
 * Errors: MLOPS_INTEGRITY the log was changed, or trust was given without a releaser. */
MLOPS_API int mlops_trust_list(struct mlops_registry *registry, struct mlops_trust_list *list,
                               struct mlops_error *err);
MLOPS_API void mlops_trust_list_clear(struct mlops_trust_list *list);

struct mlops_trust_options {
    const char *key;   /* as mlops_key_find takes it: the key to trust, or no longer; to remove, its
                          fingerprint (8 digits or more) or its owner will do */
    const char *owner; /* NULL: the one who is recorded as the actor */
    unsigned roles;    /* at least one */
    int64_t expires_ns;         /* 0: never */
    const char *reason;         /* NULL: none */
    struct mlops_signer signer; /* used where a releaser is trusted already */
};

/* Trust a key, or trust it in other roles from now on. `key` (may be NULL) gets what stands in the
 * log; the caller frees its `public_pem`.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID no role, an Ed25519 key, an end that is over;
 * MLOPS_REFUSED the signer is no trusted releaser, or no releaser would be left; MLOPS_CONFLICT
 * somebody changed whom to trust meanwhile; MLOPS_INTEGRITY. */
MLOPS_API int mlops_trust_add(struct mlops_registry *registry,
                              const struct mlops_trust_options *options,
                              struct mlops_trusted_key *key, struct mlops_error *err);

/* Trust a key no longer: nothing that it signed counts any more, whenever it was signed.
 * Errors: as mlops_trust_add; MLOPS_REFUSED it is the last releaser's. */
MLOPS_API int mlops_trust_remove(struct mlops_registry *registry,
                                 const struct mlops_trust_options *options,
                                 struct mlops_trusted_key *key, struct mlops_error *err);

/* "author", "approver", "releaser"; 0 where it is none of them. */
MLOPS_API unsigned mlops_role_find(const char *name);
/* "author, approver"; the caller frees. */
MLOPS_API char *mlops_roles_format(unsigned roles);

MLOPS_END
#endif
