/*
 * lib/stats/radix.h - numbers sorted by their bits, in time that grows as their count.
 */
#ifndef STATS_RADIX_H
#define STATS_RADIX_H
#include "base/util.h"

/* A key that orders as doubles do, turned round: the smallest key is the highest number, and equal
 * numbers (-0 and 0 too) have equal keys (Herf, "Radix Tricks", 2001). Not for NaN. */
static inline uint64_t falling_key(double number)
{
    uint64_t bits;
    number += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 63 ? bits : ~bits & ~(1ULL << 63);
}

/* The number that has this key. */
static inline double falling_number(uint64_t key)
{
    uint64_t bits = key >> 63 ? key : ~key & ~(1ULL << 63);
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

/* What is sorted by `key` and brings something along. */
struct keyed {
    uint64_t key;
    union {
        double weight;
        uint64_t row;
    };
};

/* Sort ascending, two halves at once where there are many. `spare` has room for `count`, too.
 * That of `keyed` is stable. */
void radix_sort_keys(uint64_t *keys, uint64_t *spare, size_t count);
void radix_sort_keyed(struct keyed *items, struct keyed *spare, size_t count);

/* `order` gets the places of `keys`, some hundreds, by ascending key; keys stay where they are.
 * `spare` has room for `count`, too. Slow where many keys share their upper 32 bits and no more. */
void radix_order(const uint64_t *keys, size_t count, uint64_t *order, uint64_t *spare);

#endif
