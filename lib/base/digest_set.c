/* lib/base/digest_set.c - a set of digests; they are their own hashes. */
#include "base/digest_set.h"
#include "base/endian.h"

/* The slot of `digest`, or the empty one where it would go. */
static size_t probe(const struct digest_set *set, const struct digest *digest)
{
    size_t mask = set->size - 1, at = get_u64(digest->bytes) & mask;
    while (set->slots[at] && !digest_equal(&set->digests[set->slots[at] - 1], digest))
        at = (at + 1) & mask;
    return at;
}

static void grow(struct digest_set *set)
{
    set->size = set->size ? set->size * 2 : 1024;
    free(set->slots);
    set->slots = xcalloc(set->size, sizeof(*set->slots));
    for (size_t i = 0; i < set->count; i++)
        set->slots[probe(set, &set->digests[i])] = (uint32_t)i + 1;
}

bool digest_set_add(struct digest_set *set, const struct digest *digest)
{
    if (set->count * 3 >= set->size * 2)
        grow(set);
    size_t at = probe(set, digest);
    if (set->slots[at])
        return false;
    if (set->count == set->capacity) {
        set->capacity += set->capacity / 4 + 256;
        set->digests = xrealloc(set->digests, set->capacity, sizeof(*set->digests));
    }
    (void)xcheck(set->count < UINT32_MAX ? set->digests : NULL);
    set->digests[set->count++] = *digest;
    set->slots[at] = (uint32_t)set->count;
    return true;
}

bool digest_set_has(const struct digest_set *set, const struct digest *digest)
{
    return set->size > 0 && set->slots[probe(set, digest)] != 0;
}

void digest_set_clear(struct digest_set *set)
{
    free(set->digests);
    free(set->slots);
    *set = (struct digest_set){0};
}
