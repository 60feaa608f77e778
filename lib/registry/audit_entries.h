/*
 * lib/registry/audit_entries.h - the entries of the log, each against its own row and against the
 * tree of those before it, on all cores. What the entries speak of is asked by audit_verify.c.
 */
#ifndef REGISTRY_AUDIT_ENTRIES_H
#define REGISTRY_AUDIT_ENTRIES_H
#include "base/json.h"
#include "registry/db.h"
#include "registry/merkle.h"

/* An entry that was found right. */
struct audit_seen {
    uint64_t index;
    uint64_t control;   /* what it says of the newest control (log_control.h) */
    const cJSON *entry; /* NULL where `wants` did not ask for it */
    struct digest leaf;
    const struct merkle_frontier *tree; /* has it already */
};

/* Who looks at the entries. */
struct audit_taker {
    /* Is there more in the entry than what struct audit_seen has of each? Called from several
     * threads. */
    bool (*wants)(const cJSON *entry);
    /* Called for each entry in their order, never two at once; may ask the database. `seen` is good
     * for the call. What it returns ends the whole where it is not MLOPS_OK, unless an entry before
     * this one fails. */
    int (*take)(void *context, const struct audit_seen *seen, struct mlops_error *err);
    void *context;
};

/* Is every entry there, in its place, of the hash that its row has, as its columns say, after the
 * tree head that it names; and are the kept hashes of the tree those of the entries? The first
 * that is not is named. `tree` gets all of them; it is empty when this begins.
 * Errors: MLOPS_INTEGRITY; those of `take`. */
int audit_entries_verify(struct db *db, const struct audit_taker *taker,
                         struct merkle_frontier *tree, struct mlops_error *err);

/* The log or what it speaks of was changed behind its back: MLOPS_INTEGRITY, with a hint. */
int audit_fail_damaged(struct mlops_error *err, const char *format, ...) MLOPS_PRINTF(2, 3);

#endif
