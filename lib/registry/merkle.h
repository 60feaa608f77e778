/*
 * lib/registry/merkle.h - the hash tree of RFC 6962 §2.1: leaves, nodes, and a tree head that is
 * kept up to date by appending, from the roots of its perfect subtrees alone.
 */
#ifndef REGISTRY_MERKLE_H
#define REGISTRY_MERKLE_H
#include "base/hash.h"

#define MERKLE_LEVELS 64

/* What must be kept of a tree of `size` leaves to append to it: `roots[k]` is the root of the
 * perfect subtree of 2^k leaves, and means something where bit k of `size` is set. Zeroed is the
 * empty tree. */
struct merkle_frontier {
    uint64_t size;
    struct digest roots[MERKLE_LEVELS];
};

/* SHA-256(0x00 || data) */
void merkle_leaf(const void *data, size_t length, struct digest *leaf);
/* SHA-256(0x01 || left || right) */
void merkle_node(const struct digest *left, const struct digest *right, struct digest *node);

/* Append a leaf. Returns the level of the one root that is new; those below it are gone. */
unsigned merkle_append(struct merkle_frontier *frontier, const struct digest *leaf);

/* The tree head; SHA-256 of nothing for the empty tree. */
void merkle_root(const struct merkle_frontier *frontier, struct digest *root);

#endif
