/*
 * lib/registry/log_nodes.h - hashes of the log's tree as a handle has read them: many at once, as
 * each question costs a round trip where the database is a server, and none of them twice.
 *
 * They are no authority. What is proved with them is held against the signed head; where that fails
 * they are forgotten, and the proof is made anew from what the database says now.
 */
#ifndef REGISTRY_LOG_NODES_H
#define REGISTRY_LOG_NODES_H
#include "registry/handle.h"
#include "registry/merkle.h"

/* merkle_reader over the registry (`context`). Errors: MLOPS_INTEGRITY it is not there. */
int log_nodes_read(void *context, unsigned level, uint64_t index, struct digest *hash,
                   struct mlops_error *err);
/* Read what the paths from the leaves at `indexes` to the head of a tree of `size` leaves need. */
int log_nodes_fetch(struct mlops_registry *registry, const uint64_t *indexes, size_t count,
                    uint64_t size, struct mlops_error *err);
/* What is needed to append to a tree of `size` leaves: the roots of its perfect subtrees, those not
 * yet read in one question. Errors: MLOPS_INTEGRITY one is not there. */
int log_nodes_frontier(struct mlops_registry *registry, uint64_t size,
                       struct merkle_frontier *frontier, struct mlops_error *err);
/* Append the leaf that the database has next, and keep the hashes that come of it. */
void log_nodes_append(struct mlops_registry *registry, struct merkle_frontier *frontier,
                      const struct digest *leaf);
void log_nodes_forget(struct mlops_registry *registry);

#endif
