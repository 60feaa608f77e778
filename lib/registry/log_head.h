/*
 * lib/registry/log_head.h - the head of the audit log as it stands in the database: how many
 * entries, the roots of its tree, and the log's signature under it. A handle that finds the head it
 * has checked before does not check it again.
 */
#ifndef REGISTRY_LOG_HEAD_H
#define REGISTRY_LOG_HEAD_H
#include "registry/handle.h"
#include "registry/merkle.h"

/* `frontier` gets what is needed to append, also where the signature fails. Errors: MLOPS_INTEGRITY
 * the checkpoint's signature is not the log's, or not of this tree, or there is none. */
int log_head_read(struct mlops_registry *registry, struct merkle_frontier *frontier,
                  struct mlops_error *err);
/* Who signs the head that log_head_read has read, as a verifier key; NULL: not read. */
const char *log_head_key(const struct mlops_registry *registry);
void log_head_forget(struct mlops_registry *registry);

#endif
