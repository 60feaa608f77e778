/*
 * lib/registry/merkle.c - the hash tree of RFC 6962 §2.1. Knows neither entries nor SQL.
 * Proofs are in merkle_proof.c.
 */
#include "registry/merkle.h"

static bool has_root(const struct merkle_frontier *frontier, unsigned level)
{
    return (frontier->size >> level & 1) != 0;
}

void merkle_leaf(const void *data, size_t length, struct digest *leaf)
{
    static const uint8_t prefix = 0x00;

    sha256_of_two(&prefix, 1, data, length, leaf);
}

void merkle_node(const struct digest *left, const struct digest *right, struct digest *node)
{
    uint8_t text[1 + sizeof(left->bytes)];

    text[0] = 0x01;
    memcpy(text + 1, left->bytes, sizeof(left->bytes));
    sha256_of_two(text, sizeof(text), right->bytes, sizeof(right->bytes), node);
}

unsigned merkle_append(struct merkle_frontier *frontier, const struct digest *leaf,
                       struct digest created[MERKLE_LEVELS])
{
    /* As in adding 1 to a binary number: equal subtrees merge while there is a carry. */
    struct digest carry = *leaf;
    unsigned level = 0;

    for (; has_root(frontier, level); level++) {
        if (created)
            created[level] = carry;
        merkle_node(&frontier->roots[level], &carry, &carry);
    }
    if (created)
        created[level] = carry;
    frontier->roots[level] = carry;
    frontier->size++;
    return level;
}

void merkle_root(const struct merkle_frontier *frontier, struct digest *root)
{
    bool any = false;

    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!has_root(frontier, level))
            continue;
        if (any)
            merkle_node(&frontier->roots[level], root, root);
        else
            *root = frontier->roots[level];
        any = true;
    }
    if (!any)
        sha256_of("", 0, root);
}
