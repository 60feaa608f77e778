/*
 * lib/registry/log_tree.h - the hash tree of the audit log as it stands in the database: leaves in
 * the table `audit`, larger perfect subtrees in `audit_node`, and its head under the log's own
 * signature in `meta`.
 */
#ifndef REGISTRY_LOG_TREE_H
#define REGISTRY_LOG_TREE_H
#include "registry/handle.h"
#include "registry/merkle.h"
#include "registry/note.h"

/* merkle_reader over the database (`context`). Errors: MLOPS_INTEGRITY it is not there. */
int log_tree_node(void *context, unsigned level, uint64_t index, struct digest *hash,
                  struct mlops_error *err);
/* Hashes to read, as log_tree_node does, in few statements. They are put into another order; one
 * that is not there is not `found`. */
struct log_tree_hash {
    unsigned level;
    uint64_t index;
    bool found;
    struct digest hash;
};
int log_tree_hashes(struct db *db, struct log_tree_hash *hashes, size_t count,
                    struct mlops_error *err);
/* How many entries the log has. */
int log_tree_size(struct db *db, uint64_t *size, struct mlops_error *err);
/* Keep the subtrees that the leaf just appended completed; `created` as of merkle_append. */
int log_tree_keep(struct db *db, const struct merkle_frontier *frontier, unsigned level,
                  const struct digest created[MERKLE_LEVELS], struct mlops_error *err);
/* Build `audit_node` from the leaves, for a registry that has none yet. */
int log_tree_fill(struct db *db, struct mlops_error *err);

/* ---- the signed head ----------------------------------------------------------------------- */

/* The checkpoint that stands in the database, its signature verified; `note` (may be NULL) gets
 * its text. Errors: MLOPS_INTEGRITY there is none, or its signature is not the log's. */
int log_checkpoint_read(struct db *db, struct checkpoint *checkpoint, struct buffer *note,
                        struct mlops_error *err);
/* What the text `note` says, signed by the key `vkey`. Errors: MLOPS_INTEGRITY it is not. */
int log_checkpoint_open(const char *note, const char *vkey, struct checkpoint *checkpoint,
                        struct mlops_error *err);
/* It is the one of `frontier`. Errors: MLOPS_INTEGRITY. */
int log_checkpoint_signs(const struct checkpoint *checkpoint,
                         const struct merkle_frontier *frontier, struct mlops_error *err);
/* As log_checkpoint_read, and it is the one of `frontier`. */
int log_checkpoint_check(struct db *db, const struct merkle_frontier *frontier,
                         struct mlops_error *err);
/* A checkpoint that somebody kept: is it one of this log? Errors: MLOPS_INVALID not a checkpoint,
 * or of another log; MLOPS_INTEGRITY its signature is not this log's. */
int log_checkpoint_kept(struct db *db, const char *note, size_t length,
                        struct checkpoint *checkpoint, struct mlops_error *err);
/* The log, of `size` entries now, does not begin with what `kept` signs. */
int log_fail_rewritten(const struct checkpoint *kept, uint64_t size, struct mlops_error *err);
/* Sign the head of `frontier` and keep that. */
int log_checkpoint_write(struct mlops_registry *registry, const struct merkle_frontier *frontier,
                         struct mlops_error *err);

/* c2sp.org/tlog-proof: a header line, the index, the path from the leaf up, and the checkpoint. */
void log_proof_write(uint64_t index, const struct merkle_proof *path, const char *note,
                     struct buffer *out);

/* ---- the log's key -------------------------------------------------------------------------- */

/* Make the file of the key where there is none, in the registry's folder or where MLOPS_LOG_KEY
 * says. */
int log_key_make(const char *location, struct mlops_error *err);
/* Where the key is: what MLOPS_LOG_KEY says, or the file in the registry's folder. The caller
 * frees.
 */
char *log_key_path(const char *location);
/* Is the key at hand the one that signs this log? */
bool log_key_fits(struct mlops_registry *registry);
/* Copy the log's key from the file `path` into the registry's folder.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not a key; MLOPS_INTEGRITY the key of another log. */
int log_key_take(struct mlops_registry *registry, const char *path, struct mlops_error *err);
/* Write into the database who signs from now on, and give the key as it is written, "vkey"; the
 * caller frees it. */
int log_key_adopt(struct transaction *tx, char **vkey, struct mlops_error *err);
/* The verifier key that stands in the database. */
int log_key_verifier(struct db *db, struct note_key *key, struct mlops_error *err);

#endif
