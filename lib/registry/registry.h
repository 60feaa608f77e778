/*
 * lib/registry/registry.h - what the other rooms may do with a registry beyond the public API:
 * its store, its transactions, and the writes that promote, package and test make inside them.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H
#include "base/buffer.h"
#include "base/hash.h"
#include "base/util.h"
#include <mlops/registry.h>

/* Of a version; each is a fact (registry/fact.h), lineage.parents.0 and so on. */
#define LINEAGE_PARENTS_MAX 8

struct store;
struct db;
struct transaction;

DEFINE_CLEANUP(struct mlops_registry, mlops_registry_close)

/* The registry's objects; opened when first asked for, closed with the registry. */
int registry_store(struct mlops_registry *registry, struct store **store, struct mlops_error *err);
const struct mlops_observer *registry_observer(const struct mlops_registry *registry);
/* The connection, for queries of other rooms; each inside a snapshot or a transaction. */
struct db *registry_db(struct mlops_registry *registry);
/* Is its database sound in itself, whatever stands in it? As db_check. */
int registry_check(struct mlops_registry *registry, bool quick, struct mlops_error *err);
/* Tell the observer; a no-op without one. */
void registry_warn(const struct mlops_registry *registry, const char *format, ...)
    MLOPS_PRINTF(2, 3);
/* Who is recorded; found out when first asked for. Owned by the registry. */
const char *registry_actor(struct mlops_registry *registry);
/* A folder inside the registry for private temporary work ("tmp"); made when missing. The caller
 * frees the path. */
int registry_scratch(struct mlops_registry *registry, char **path, struct mlops_error *err);

/* A folder `name` inside the registry for what can be found out again ("cache/NAME"); made when
 * missing. The caller frees the path. */
int registry_cache(struct mlops_registry *registry, const char *name, char **path,
                   struct mlops_error *err);

/* Open the registry that `registry` is of once more, as the same actor: for another thread, which
 * may do it itself as soon as registry_actor was asked. `observer` (NULL: nobody) and the lock
 * timeout (0: as registry's) are its own. The caller closes `*again`. Errors: as
 * mlops_registry_open. */
int registry_open_again(const struct mlops_registry *registry,
                        const struct mlops_observer *observer, int64_t lock_timeout_ns,
                        struct mlops_registry **again, struct mlops_error *err);
/* Who is told and asked from now on; those who were come back. */
struct mlops_observer registry_observe(struct mlops_registry *registry,
                                       struct mlops_observer observer);

/* ---- transactions: writers wait in line, readers see a snapshot ------------------------- */

/* Begin to write, waiting for other writers up to the lock timeout. */
int transaction_begin(struct mlops_registry *registry, struct transaction **tx,
                      struct mlops_error *err);
/* Durable when it returns MLOPS_OK. Frees `tx`, also on failure (then nothing happened). */
int transaction_commit(struct transaction *tx, struct mlops_error *err);
void transaction_abort(struct transaction *tx); /* NULL is fine */
DEFINE_CLEANUP(struct transaction, transaction_abort)
struct db *transaction_db(struct transaction *tx);

/*
 * From now on a transaction of this handle begins only where the query `sql`, of `number` as $1,
 * has a row in it, and fails elsewhere with MLOPS_CONFLICT and `why`: who holds something that may
 * be taken from it writes nothing once it was. `sql` is a literal; NULL lifts it.
 */
void registry_guard(struct mlops_registry *registry, const char *sql, uint64_t number,
                    const char *why);

/* Queries between snapshot_begin and the end of the scope see one state of the registry: that of
 * the open transaction where there is one. `_cleanup_(snapshot_end)`. */
struct snapshot {
    struct mlops_registry *registry; /* NULL: nothing to end */
};
int snapshot_begin(struct mlops_registry *registry, struct snapshot *snapshot,
                   struct mlops_error *err);
void snapshot_end(struct snapshot *snapshot);

/* ---- writes inside a transaction --------------------------------------------------------- */

/* Remember a packaged bundle (idempotent): its model, size, and that it is unregistered yet. */
int bundle_record(struct transaction *tx, const char *bundle, const char *model, uint64_t files,
                  uint64_t bytes, struct mlops_error *err);

/* As mlops_register, in the transaction. `manifest` is the text of the bundle's; NULL where the
 * caller does not have it at hand. */
int version_register(struct transaction *tx, const char *bundle, const struct buffer *manifest,
                     struct mlops_version *version, bool *created, struct mlops_error *err);

/* Before a transaction that registers: ask the hook, unless the bundle has a version already. And
 * after it, where it was given one. Errors: those of hook_before. */
int version_announce(struct mlops_registry *registry, const char *bundle, const char *model,
                     struct mlops_error *err);
void version_announced(struct mlops_registry *registry, const struct mlops_version *version);

/* As mlops_version_resolve, seeing what the transaction sees. */
int version_resolve(struct transaction *tx, const char *ref, struct mlops_version *version,
                    struct mlops_error *err);

/* A bundle that no version names is MLOPS_INVALID, with the command that registers it. */
int version_check_registered(const struct mlops_version *version, struct mlops_error *err);

/*
 * Append evidence about a bundle (body: a JSON object). Its digest goes into the next log entry
 * of the transaction (audit_append), or into one "evidence" of its own where none follows.
 * Errors: MLOPS_NOT_FOUND no such bundle; MLOPS_INVALID body is not a JSON object.
 */
int evidence_record(struct transaction *tx, const char *bundle, const char *kind, const char *name,
                    const char *status, const char *body, struct mlops_error *err);

/* The evidence that was recorded last speaks of an object of the store, as its `what`: gc keeps it
 * as long as it keeps the bundle. The object is there, and saved (bundle/reach.h). */
int evidence_keep(struct transaction *tx, const char *what, const struct digest *digest,
                  uint64_t bytes, struct mlops_error *err);

/* One action for the audit log; NULL and 0 where it has none. */
struct audit_entry {
    const char *action;
    const char *model;
    uint64_t version;
    uint64_t previous;
    const char *bundle;
    const char *stage;
    const char *reason;
    const char *detail; /* a JSON object, canonical or not; NULL for none */
};
/* Errors: MLOPS_INVALID text that is not UTF-8, `detail` is not an object, or all of it too long
 * for the log (64 KiB); MLOPS_INTEGRITY the log is damaged. */
int audit_append(struct transaction *tx, const struct audit_entry *entry, struct mlops_error *err);
/* The index of the entry that the transaction appended last. */
uint64_t transaction_entry(const struct transaction *tx);

/* May the version enter a stage? Read from the log alone: a row that was changed decides nothing.
 * Errors: MLOPS_REFUSED it is retired, with who, when and why; MLOPS_INTEGRITY. */
int version_check_in_use(struct mlops_registry *registry, const struct mlops_version *version,
                         struct mlops_error *err);

/* ---- stages: a stack of holders a stage ---------------------------------------------------- */

/* What stage `stage` of `model` held `back` steps before now, as the open transaction or snapshot
 * sees it; `*held` false where it is empty. */
int stage_holder(struct mlops_registry *registry, const char *model, const char *stage,
                 uint64_t back, struct mlops_version *holder, bool *held, struct mlops_error *err);

/* Whoever is about to judge whether a stage may change hands first waits for those who are at it
 * already, as far as the engine has lines: most find then that it was moved, and have judged
 * nothing in vain. `expected` as of stage_begin, whose errors it has. _cleanup_(stage_line_leave);
 * zeroed is nowhere. */
struct stage_line {
    struct mlops_registry *registry;
    char *name;
    uint64_t expected;
};
int stage_line_up(struct mlops_registry *registry, const char *model, const char *stage,
                  uint64_t expected, struct stage_line *line, struct mlops_error *err);
void stage_line_leave(struct stage_line *line);
/* After a second look, which found version `number`: is that what was expected? As stage_line_up;
 * MLOPS_OK where nobody stood in line. */
int stage_line_check(const struct stage_line *line, const char *model, const char *stage,
                     uint64_t number, struct mlops_error *err);

/* Begin a transaction in which the stage holds version `expected` (0: nothing), for those who are
 * about to swap. Errors: MLOPS_CONFLICT as of stage_push, and those of transaction_begin. */
int stage_begin(struct mlops_registry *registry, const char *model, const char *stage,
                uint64_t expected, struct transaction **tx, struct mlops_error *err);

/*
 * The compare-and-swap: put `version` on top where the present holder is version `expected` (0:
 * empty), with its log entry ("promote").
 * Errors: MLOPS_CONFLICT naming the holder, who put it there and when; MLOPS_INVALID that is no
 * stage's name, or the version is not registered; MLOPS_REFUSED it is retired; those of
 * audit_append.
 */
int stage_push(struct transaction *tx, const struct mlops_version *version, const char *stage,
               uint64_t expected, const char *reason, const char *detail, struct mlops_error *err);

/* Drop `steps` holders from the top where the top is `expected`, with its log entry
 * ("rollback"). The new top is there since now, put there by who rolled back.
 * Errors: MLOPS_CONFLICT as of stage_push; MLOPS_NOT_FOUND where nothing would be left;
 * MLOPS_REFUSED what was there is retired; MLOPS_INVALID no steps; those of audit_append. */
int stage_pop(struct transaction *tx, const char *model, const char *stage, uint64_t expected,
              uint64_t steps, const char *reason, struct mlops_error *err);

/* Is `name` a model, suite, snapshot name: 1 to MLOPS_NAME_MAX of [A-Za-z0-9._-], beginning with
 * a letter or digit, and not all digits? `what` is "model" and the like, for the message. */
int name_check(const char *what, const char *name, struct mlops_error *err);
/* 1 to MLOPS_STAGE_MAX of [a-z0-9_-], beginning with a letter, and not "latest". */
int stage_name_check(const char *stage, struct mlops_error *err);

#endif
