/* lib/base/digest_set.h - a set of digests. */
#ifndef BASE_DIGEST_SET_H
#define BASE_DIGEST_SET_H
#include "base/hash.h"

/* Zeroed is empty. About 45 bytes for each of up to 2^32 digests; aborts where it has more. */
struct digest_set {
    struct digest *digests; /* in the order of their coming */
    size_t count, capacity;
    uint32_t *slots; /* number of a digest, counted from 1; 0: empty. Open addressing, linear
                        probing; a power of two of them */
    size_t size;
};

/* True where it was not in yet. */
bool digest_set_add(struct digest_set *set, const struct digest *digest);
bool digest_set_has(const struct digest_set *set, const struct digest *digest);
void digest_set_clear(struct digest_set *set);

#endif
