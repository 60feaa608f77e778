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

/* Append a leaf. Returns the level of the one root that is new; those below it are gone. `created`
 * (may be NULL) gets the root of each perfect subtree that is complete now, by level, from
 * created[0], the leaf. */
unsigned merkle_append(struct merkle_frontier *frontier, const struct digest *leaf,
                       struct digest created[MERKLE_LEVELS]);

/* The tree head; SHA-256 of nothing for the empty tree. */
void merkle_root(const struct merkle_frontier *frontier, struct digest *root);

/* ---- perfect subtrees, numbered ------------------------------------------------------------ */

/* How many perfect subtrees of two leaves or more a tree of `size` leaves has. */
uint64_t merkle_node_count(uint64_t size);
/* The number of the one of 2^level leaves, level 1 or more, whose last leaf is number
 * (index + 1) * 2^level - 1: 0, 1, 2 … in the order in which appending completes them. */
uint64_t merkle_node_number(unsigned level, uint64_t index);

/* ---- proofs -------------------------------------------------------------------------------- */

/* Gives the root of the perfect subtree of 2^level leaves that begins at leaf index * 2^level. */
typedef int (*merkle_reader)(void *context, unsigned level, uint64_t index, struct digest *hash,
                             struct mlops_error *err);

/* A path has at most a hash a level, and one more for a consistency proof. */
struct merkle_proof {
    struct digest hashes[MERKLE_LEVELS + 1];
    size_t count;
};

/* The head of the first `size` leaves. */
int merkle_head(uint64_t size, merkle_reader read, void *context, struct digest *root,
                struct mlops_error *err);

/* That leaf `index` is in the tree of `size` > index leaves: RFC 6962 §2.1.1. */
int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_reader read, void *context,
                           struct merkle_proof *proof, struct mlops_error *err);
/* That the tree of `size` leaves begins with that of the first `old` ones, 0 < old <= size:
 * RFC 6962 §2.1.2. */
int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_reader read, void *context,
                             struct merkle_proof *proof, struct mlops_error *err);

/* RFC 9162 §2.1.3.2. */
bool merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                            const struct digest *root, const struct merkle_proof *proof);
/* RFC 9162 §2.1.4.2. */
bool merkle_check_consistency(uint64_t old, const struct digest *old_root, uint64_t size,
                              const struct digest *root, const struct merkle_proof *proof);

#endif
