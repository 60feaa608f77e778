/* lib/base/digest_set.c - a set of digests; they are their own hashes. */
#include "base/digest_set.h"
#include "base/endian.h"

static size_t probe(const struct digest_set *set, const struct digest *digest)
{
    size_t mask = set->size - 1, at = get_u64(digest->bytes) & mask;
    while (set->taken[at] && !digest_equal(&set->slots[at], digest))
        at = (at + 1) & mask;
    return at;
}

static void grow(struct digest_set *set)
{
    struct digest_set grown = {.size = set->size ? set->size * 2 : 1024, .count = set->count};
    grown.slots = xcalloc(grown.size, sizeof(*grown.slots));
    grown.taken = xcalloc(grown.size, sizeof(*grown.taken));
    for (size_t i = 0; i < set->size; i++)
        if (set->taken[i]) {
            size_t at = probe(&grown, &set->slots[i]);
            grown.slots[at] = set->slots[i];
            grown.taken[at] = true;
        }
    free(set->slots);
    free(set->taken);
    *set = grown;
}

bool digest_set_add(struct digest_set *set, const struct digest *digest)
{
    if (set->count * 2 >= set->size)
        grow(set);
    size_t at = probe(set, digest);
    if (set->taken[at])
        return false;
    set->slots[at] = *digest;
    set->taken[at] = true;
    set->count++;
    return true;
}

bool digest_set_has(const struct digest_set *set, const struct digest *digest)
{
    return set->size > 0 && set->taken[probe(set, digest)];
}

void digest_set_clear(struct digest_set *set)
{
    free(set->slots);
    free(set->taken);
    *set = (struct digest_set){0};
}
