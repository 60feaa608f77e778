/* lib/base/digest_set.h - a set of digests. */
#ifndef BASE_DIGEST_SET_H
#define BASE_DIGEST_SET_H
#include "base/hash.h"

/* Zeroed is empty. */
struct digest_set {
    struct digest *slots; /* open addressing, linear probing; a power of two of them */
    bool *taken;
    size_t size, count;
};

/* True where it was not in yet. */
bool digest_set_add(struct digest_set *set, const struct digest *digest);
bool digest_set_has(const struct digest_set *set, const struct digest *digest);
void digest_set_clear(struct digest_set *set);

#endif
