/*
 * lib/release/vouched.h - changes of what decides (policies, freezes, emergencies) that a releaser
 * must sign as soon as the registry trusts one, as changes of trust are (trust/trusted.h).
 *
 * The statement names the change, what it is about, and the entry that it follows, so that it
 * cannot be used twice. It stands in the log entry's detail as "signature".
 */
#ifndef RELEASE_VOUCHED_H
#define RELEASE_VOUCHED_H
#include "trust/trusted.h"

/* What is vouched for. */
struct vouched {
    const char *type;   /* of the statement, "urn:mlops:policy:v1" */
    const char *name;   /* of its subject */
    const char *sha256; /* of its subject, hexadecimal */
    const cJSON *what;  /* its predicate; an object */
};

/* The key of a releaser, opened before any transaction, as a passphrase may be asked for; `*key`
 * NULL where nobody is a releaser, and the change goes unsigned.
 * Errors: MLOPS_REFUSED the signer is no trusted releaser; those of keyring_open. */
int vouched_open(struct mlops_registry *registry, const struct mlops_signer *signer,
                 const char *what, struct signing_key **key, struct mlops_error *err);
/* Add the signature to `detail`; nothing where `key` is NULL. */
int vouched_sign(const struct signing_key *key, const struct vouched *vouched, cJSON *detail,
                 struct mlops_error *err);

/* Is `entry` of the log vouched for by somebody who was a releaser when it was appended, or was
 * there none? `owner` (MLOPS_ACTOR_MAX + 1 bytes, may be NULL) gets who it was, "" nobody.
 * Errors: MLOPS_INTEGRITY naming the entry. */
int vouched_check(const struct mlops_trust_list *trusted, const cJSON *entry,
                  const struct vouched *vouched, char *owner, struct mlops_error *err);

/* The time of a log entry; 0 where it has none that can be read. */
int64_t entry_time_ns(const cJSON *entry);

#endif
