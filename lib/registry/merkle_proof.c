/*
 * lib/registry/merkle_proof.c - proofs over the hash tree: that a leaf is in it, and that one tree
 * is the beginning of another. Made from perfect subtrees, checked from hashes alone.
 */
#include "registry/merkle.h"

uint64_t merkle_node_count(uint64_t size)
{
    return size - (uint64_t)__builtin_popcountll(size);
}

uint64_t merkle_node_number(unsigned level, uint64_t index)
{
    /* Those that smaller trees have, then those of lower levels that the same leaf completes. */
    return merkle_node_count(((index + 1) << level) - 1) + level - 1;
}

/* The level of the largest power of two below `count`, which is 2 or more. */
static unsigned split_level(uint64_t count)
{
    return 63 - (unsigned)__builtin_clzll(count - 1);
}

/* MTH of the `count` leaves from `begin`, which begin where a perfect subtree of that many, or of
 * the next power of two, does. */
static int range_head(uint64_t begin, uint64_t count, merkle_reader read, void *context,
                      struct digest *root, struct mlops_error *err)
{
    struct digest left, right;
    unsigned level;

    if ((count & (count - 1)) == 0) {
        level = (unsigned)__builtin_ctzll(count);
        return read(context, level, begin >> level, root, err);
    }
    level = split_level(count);
    TRY(read(context, level, begin >> level, &left, err));
    TRY(range_head(begin + ((uint64_t)1 << level), count - ((uint64_t)1 << level), read, context,
                   &right, err));
    merkle_node(&left, &right, root);
    return MLOPS_OK;
}

int merkle_head(uint64_t size, merkle_reader read, void *context, struct digest *root,
                struct mlops_error *err)
{
    if (size > 0)
        return range_head(0, size, read, context, root, err);
    sha256_of("", 0, root);
    return MLOPS_OK;
}

/* PATH(index, D[begin:begin+count]): what is farther from the leaf comes later. */
static int path(uint64_t index, uint64_t begin, uint64_t count, merkle_reader read, void *context,
                struct merkle_proof *proof, struct mlops_error *err)
{
    uint64_t half;

    if (count == 1)
        return MLOPS_OK;
    half = (uint64_t)1 << split_level(count);
    if (index < half) {
        TRY(path(index, begin, half, read, context, proof, err));
        return range_head(begin + half, count - half, read, context, &proof->hashes[proof->count++],
                          err);
    }
    TRY(path(index - half, begin + half, count - half, read, context, proof, err));
    return range_head(begin, half, read, context, &proof->hashes[proof->count++], err);
}

int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_reader read, void *context,
                           struct merkle_proof *proof, struct mlops_error *err)
{
    proof->count = 0;
    return path(index, 0, size, read, context, proof, err);
}

/* SUBPROOF(old, D[begin:begin+count], whole) */
static int subproof(uint64_t old, uint64_t begin, uint64_t count, bool whole, merkle_reader read,
                    void *context, struct merkle_proof *proof, struct mlops_error *err)
{
    uint64_t half;

    if (old == count)
        return whole ? MLOPS_OK
                     : range_head(begin, count, read, context, &proof->hashes[proof->count++], err);
    half = (uint64_t)1 << split_level(count);
    if (old <= half) {
        TRY(subproof(old, begin, half, whole, read, context, proof, err));
        return range_head(begin + half, count - half, read, context, &proof->hashes[proof->count++],
                          err);
    }
    TRY(subproof(old - half, begin + half, count - half, false, read, context, proof, err));
    return range_head(begin, half, read, context, &proof->hashes[proof->count++], err);
}

int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_reader read, void *context,
                             struct merkle_proof *proof, struct mlops_error *err)
{
    proof->count = 0;
    return subproof(old, 0, size, true, read, context, proof, err);
}

/* ---- checking ------------------------------------------------------------------------------- */

bool merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                            const struct digest *root, const struct merkle_proof *proof)
{
    uint64_t at = index, last = size - 1;
    struct digest hash = *leaf;

    if (index >= size)
        return false;
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            merkle_node(&proof->hashes[i], &hash, &hash);
            for (; !(at & 1) && at != 0; at >>= 1)
                last >>= 1;
        } else {
            merkle_node(&hash, &proof->hashes[i], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && digest_equal(&hash, root);
}

bool merkle_check_consistency(uint64_t old, const struct digest *old_root, uint64_t size,
                              const struct digest *root, const struct merkle_proof *proof)
{
    uint64_t at = old - 1, last = size - 1;
    struct digest old_hash, hash;
    size_t i = 0;

    if (old == 0 || old > size)
        return false;
    if (old == size)
        return proof->count == 0 && digest_equal(old_root, root);
    for (; at & 1; at >>= 1)
        last >>= 1;
    if (at == 0) { /* a perfect tree: its head is the first hash */
        old_hash = *old_root;
    } else {
        if (proof->count == 0)
            return false;
        old_hash = proof->hashes[i++];
    }
    hash = old_hash;
    for (; i < proof->count; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            merkle_node(&proof->hashes[i], &old_hash, &old_hash);
            merkle_node(&proof->hashes[i], &hash, &hash);
            for (; !(at & 1) && at != 0; at >>= 1)
                last >>= 1;
        } else {
            merkle_node(&hash, &proof->hashes[i], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && digest_equal(&old_hash, old_root) && digest_equal(&hash, root);
}
