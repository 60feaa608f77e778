/*
 * lib/registry/log_head.h - the head of the audit log as it stands in the database: how many
 * entries, the roots of its tree, and the log's signature under it. A handle that finds the head it
 * has checked before does not check it again, and one that finds a longer log adds what came since.
 */
#ifndef REGISTRY_LOG_HEAD_H
#define REGISTRY_LOG_HEAD_H
#include "registry/handle.h"
#include "registry/merkle.h"

/* `frontier` gets what is needed to append, also where the signature fails. Errors: MLOPS_INTEGRITY
 * the checkpoint's signature is not the log's, or not of this tree, or there is none. */
int log_head_read(struct mlops_registry *registry, struct merkle_frontier *frontier,
                  struct mlops_error *err);
/* The transaction or snapshot that is about to begin will ask for it (db_foresee). */
void log_head_foresee(struct mlops_registry *registry);
/* Who signs the head that log_head_read has read, as a verifier key; NULL: not read. */
const char *log_head_key(const struct mlops_registry *registry);
/* The newest entry's text, proved by nothing yet, of a log of `size` entries; NULL: not read. */
const char *log_head_newest(const struct mlops_registry *registry, uint64_t size);
/* The same number as long as each head that was read went on from the one before, so that what was
 * proved to be in the tree is in it still; 0: no head was read. */
uint64_t log_head_lineage(const struct mlops_registry *registry);
/* Room for what log_view_origin has proved, kept as long as the lineage; NULL: no head was read. */
char *log_head_origin(struct mlops_registry *registry);
void log_head_forget(struct mlops_registry *registry);

#endif
