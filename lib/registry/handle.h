/*
 * lib/registry/handle.h - the registry's handle and transactions as the files of this room see
 * them.
 */
#ifndef REGISTRY_HANDLE_H
#define REGISTRY_HANDLE_H
#include "base/json.h"
#include "registry/db.h"
#include "registry/merkle.h"
#include "registry/registry.h"

struct signing_key;
struct log_controls;

struct mlops_registry {
    char *location; /* the folder, absolute */
    char *metadata; /* URL of the database, maybe with a password; NULL: SQLite, in the folder */
    char *objects;  /* where this machine finds the objects; NULL: as the database says */
    struct mlops_observer observer;
    int64_t lock_timeout_ns;
    char *actor; /* NULL until asked for where it was not given */
    struct db *db;
    struct store *store;           /* NULL until asked for */
    struct transaction *tx;        /* the open one, or NULL */
    struct signing_key *log_key;   /* that signs the log's checkpoints; NULL until asked for */
    struct log_head *head;         /* of the log, as it was checked last (log_head.h), or NULL */
    uint64_t lineages;             /* heads that did not go on from the one before */
    struct log_nodes *nodes;       /* hashes of the log's tree (log_nodes.h), or NULL */
    struct log_controls *controls; /* what was read of the log last (log_control.h), or NULL */
    const char *guard;     /* query that must have a row to write (registry_guard), or NULL */
    uint64_t guard_number; /* its $1 */
    char *guard_why;       /* nothing is written where it has none */
    bool snapshot;                 /* a struct snapshot is open */
    bool head_is_present;          /* `head` was read in it */
    bool outbox_filled;            /* by this handle, since it was last emptied (outbox.h) */
    bool told_of_wait;             /* the observer knows for whom this transaction waits */
};

struct transaction {
    struct mlops_registry *registry;
    int64_t now_ns;       /* the time of everything in it */
    int writer_fd;        /* of the note for those who wait; -1 where it cannot be written */
    uint64_t audit_index; /* of the entry that this transaction appended last */
    char audit_leaf[SHA256_HEX_SIZE]; /* its hash */
    bool tree_known;    /* `tree` is the log's: read, and held against its checkpoint */
    bool control_known; /* `control` and `control_leaf` are what the log says */
    uint64_t control;   /* index of the newest control (log_control.h) plus 1; 0: none */
    struct digest control_leaf;
    bool tree_grown; /* entries were appended: a new checkpoint is due */
    struct merkle_frontier tree;
    cJSON *evidence;         /* array of what was recorded and is in no log entry yet, or NULL */
    char *evidence_bundle;   /* that the last of it is about */
    bool hooks_known, hooks; /* are there webhooks that log entries go to (outbox.h) */
    uint64_t evidence_id;    /* of the last of it; 0: none was recorded */
};

/* A handle to what stands at `location`, not connected yet; `actor` as in mlops_registry_options.
 * The caller closes it. */
int registry_new(const char *location, const char *actor, struct mlops_registry **registry,
                 struct mlops_error *err);
/* Open the database; `create` makes an SQLite one. */
int registry_connect(struct mlops_registry *registry, bool create, struct mlops_error *err);
/* "X is read-only", with what to do about it. */
int registry_fail_read_only(const struct mlops_registry *registry, struct mlops_error *err);

/* Begin to write whatever schema the database has. */
int transaction_begin_unchecked(struct mlops_registry *registry, struct transaction **tx,
                                struct mlops_error *err);
/* Begin to write where the query has a row then (db_begin_if); where not, `*tx` is NULL. */
int transaction_begin_if(struct mlops_registry *registry, const char *line, struct transaction **tx,
                         struct mlops_error *err, const char *sql, const struct db_value *values);
/* What the database asks before each pause while others write; `context` is the registry. */
int transaction_wait(void *context, int64_t waited_ns, struct mlops_error *err);

#endif
