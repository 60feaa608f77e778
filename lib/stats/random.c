/*
 * lib/stats/random.c - xoshiro256**, and binomial counts made of its bits.
 *
 * A binomial count is made by comparing n uniform numbers with p digit by digit, all at once: of
 * those still undecided, how many have the next binary digit 1 is a count of fair coins. Half of
 * them are decided by each digit. Counts of fair coins are bits counted, or, by the hundred and
 * more, taken from an alias table (Walker 1977; Vose 1991).
 */
#include "stats/random.h"
#include <math.h>

__extension__ typedef unsigned __int128 u128;

#define TABLES 3
#define SLOTS_MAX 4096
#define FEW 256      /* coins of the last of them */
#define DEVIATIONS 9 /* a table reaches so far; what lies beyond has less than 2^-60 */

static const uint64_t table_coins[TABLES] = {65536, 4096, FEW};

/* Slot i stands for `first + i` with probability `keep` of 2^52, and for `other` with the rest. */
struct half_table {
    uint64_t first;
    unsigned bits; /* 2^bits slots */
    uint64_t keep[SLOTS_MAX];
    uint16_t other[SLOTS_MAX];
};

struct half_tables {
    struct half_table table[TABLES];
};

/* The share of each count, by the ratio of neighbours from the middle outwards. */
static void fill_shares(double *share, size_t slots, uint64_t coins, uint64_t first)
{
    size_t middle = (size_t)(coins / 2 - first);
    double total = 1;
    share[middle] = 1;
    for (size_t i = middle; i + 1 < slots; i++) {
        double k = (double)(first + i);
        share[i + 1] = k < (double)coins ? share[i] * ((double)coins - k) / (k + 1) : 0;
        total += share[i + 1];
    }
    for (size_t i = middle; i > 0; i--) {
        double k = (double)(first + i);
        share[i - 1] = share[i] * k / ((double)coins - k + 1);
        total += share[i - 1];
    }
    for (size_t i = 0; i < slots; i++)
        share[i] = share[i] / total * (double)slots;
}

static void fill_table(struct half_table *table, uint64_t coins)
{
    static const double one = 4503599627370496.0; /* 2^52 */
    double share[SLOTS_MAX];
    uint16_t small[SLOTS_MAX], large[SLOTS_MAX];
    size_t small_count = 0, large_count = 0;
    double deviation = sqrt((double)coins) / 2;
    uint64_t reach = (uint64_t)(DEVIATIONS * deviation);
    if (reach > coins / 2)
        reach = coins / 2;
    table->first = coins / 2 - reach;
    while ((1ULL << table->bits) < 2 * reach + 1)
        table->bits++;
    size_t slots = (size_t)1 << table->bits;
    fill_shares(share, slots, coins, table->first);
    for (size_t i = 0; i < slots; i++) {
        table->keep[i] = (uint64_t)one;
        if (share[i] < 1)
            small[small_count++] = (uint16_t)i;
        else
            large[large_count++] = (uint16_t)i;
    }
    while (small_count > 0 && large_count > 0) {
        uint16_t less = small[--small_count], more = large[large_count - 1];
        table->keep[less] = (uint64_t)(share[less] * one);
        table->other[less] = more;
        share[more] -= 1 - share[less];
        if (share[more] < 1) {
            large_count--;
            small[small_count++] = more;
        }
    }
}

struct half_tables *half_tables_new(void)
{
    struct half_tables *tables = xcalloc(1, sizeof(*tables));
    for (size_t i = 0; i < TABLES; i++)
        fill_table(&tables->table[i], table_coins[i]);
    return tables;
}

void half_tables_free(struct half_tables *tables)
{
    free(tables);
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void random_init(struct random *random, uint64_t seed, uint64_t stream,
                 const struct half_tables *tables)
{
    uint64_t from = stream;
    uint64_t mixed = seed ^ splitmix(&from);
    for (size_t i = 0; i < ARRAY_LENGTH(random->state); i++)
        random->state[i] = splitmix(&mixed);
    random->tables = tables;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    u128 product = (u128)random_next(random) * bound;
    uint64_t low = (uint64_t)product;
    if (low < bound) {
        uint64_t floor = (0 - bound) % bound;
        while (low < floor) {
            product = (u128)random_next(random) * bound;
            low = (uint64_t)product;
        }
    }
    return (uint64_t)(product >> 64);
}

static uint64_t draw(const struct half_table *table, struct random *random)
{
    uint64_t bits = random_next(random);
    size_t slot = (size_t)(bits >> (64 - table->bits));
    bool keep = (bits & 0xfffffffffffffULL) < table->keep[slot];
    return table->first + (keep ? slot : table->other[slot]);
}

/* How many of `n` fair coins show heads. */
static inline uint64_t half(struct random *random, uint64_t n)
{
    uint64_t heads = 0;
    for (size_t i = 0; i < TABLES && n >= FEW && random->tables; i++)
        for (; n >= table_coins[i]; n -= table_coins[i])
            heads += draw(&random->tables->table[i], random);
    for (; n >= 64; n -= 64)
        heads += (uint64_t)__builtin_popcountll(random_next(random));
    if (n > 0)
        heads += (uint64_t)__builtin_popcountll(random_next(random) >> (64 - n));
    return heads;
}

/* Which digit it is, nobody can foresee: there are no branches for it. */
static inline __attribute__((always_inline)) uint64_t binomial(struct random *random, uint64_t n,
                                                               uint64_t part, uint64_t whole)
{
    struct random own = *random; /* in registers */
    uint64_t below = 0, rest = part;
    while (n > 0 && rest > 0) {
        uint64_t ones = half(&own, n), zeros = n - ones;
        rest *= 2;
        bool one = rest >= whole; /* the digit of p is 1: a 0 is below it */
        rest -= one ? whole : 0;
        below += one ? zeros : 0;
        n = one ? ones : zeros;
    }
    *random = own;
    return below;
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static uint64_t binomial_popcnt(struct random *random, uint64_t n,
                                                                  uint64_t part, uint64_t whole)
{
    return binomial(random, n, part, whole);
}
#endif

uint64_t random_binomial(struct random *random, uint64_t n, uint64_t part, uint64_t whole)
{
    if (part >= whole)
        return n;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt"))
        return binomial_popcnt(random, n, part, whole);
#endif
    return binomial(random, n, part, whole);
}

void random_multinomial(struct random *random, uint64_t n, const uint64_t *cumulative, size_t cells,
                        uint64_t *counts)
{
    while (n > 0 && cells > 1) {
        size_t middle = cells / 2;
        uint64_t left = random_binomial(random, n, cumulative[middle] - cumulative[0],
                                        cumulative[cells] - cumulative[0]);
        if (middle > 1)
            random_multinomial(random, left, cumulative, middle, counts);
        else
            counts[0] = left;
        n -= left;
        cumulative += middle;
        counts += middle;
        cells -= middle;
    }
    if (cells > 1)
        memset(counts, 0, cells * sizeof(*counts));
    else if (cells == 1)
        counts[0] = n;
}

/* 256 coins, centred and scaled. */
static double near_normal(struct random *random)
{
    int heads = 0;
    for (size_t i = 0; i < 4; i++)
        heads += __builtin_popcountll(random_next(random));
    return (heads - 128) / 8.0;
}

double random_weight(struct random *random, uint64_t drawn, uint64_t rows, double weight,
                     double square)
{
    double count = (double)drawn, mean = weight / (double)rows;
    double variance = square / (double)rows - mean * mean, total = count * mean;
    if (drawn == 0)
        return 0;
    if (rows > 1 && variance > 0)
        total += sqrt(count * variance) * near_normal(random);
    return fmax(total, 0);
}
