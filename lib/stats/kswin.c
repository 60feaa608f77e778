/* lib/stats/kswin.c - a window's newest values against a sample of its older ones. */
#include "stats/kswin.h"
#include "stats/two_sample.h"
#include <math.h>

#define ALPHA 0.005
#define OLDER (KSWIN_WINDOW - KSWIN_NEWEST)

static void twister_seed(struct twister *random, uint32_t seed)
{
    uint32_t *word = random->word;

    word[0] = seed;
    for (uint32_t i = 1; i < TWISTER_WORDS; i++)
        word[i] = 1812433253U * (word[i - 1] ^ (word[i - 1] >> 30)) + i;
    random->next = TWISTER_WORDS;
}

/* init_by_array of the reference code, for a key of one word: Python seeds so. */
static void twister_seed_key(struct twister *random, uint32_t key)
{
    uint32_t *word = random->word, i = 1;

    twister_seed(random, 19650218U);
    for (uint32_t k = 0; k < TWISTER_WORDS; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1664525U)) + key;
        if (++i == TWISTER_WORDS) {
            word[0] = word[TWISTER_WORDS - 1];
            i = 1;
        }
    }
    for (uint32_t k = 1; k < TWISTER_WORDS; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1566083941U)) - i;
        if (++i == TWISTER_WORDS) {
            word[0] = word[TWISTER_WORDS - 1];
            i = 1;
        }
    }
    word[0] = 0x80000000U;
}

static uint32_t twister_next(struct twister *random)
{
    uint32_t *word = random->word;

    if (random->next == TWISTER_WORDS) {
        for (uint32_t i = 0; i < TWISTER_WORDS; i++) {
            uint32_t y = (word[i] & 0x80000000U) | (word[(i + 1) % TWISTER_WORDS] & 0x7fffffffU);
            word[i] = word[(i + 397) % TWISTER_WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfU : 0);
        }
        random->next = 0;
    }
    uint32_t y = word[random->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

/* 0 … bound-1, as Python draws it: bits, until they are below. */
static uint32_t draw_below(struct twister *random, uint32_t bound)
{
    int unused = __builtin_clz(bound);
    uint32_t value;

    do {
        value = twister_next(random) >> unused;
    } while (value >= bound);
    return value;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static bool differs(struct kswin *kswin)
{
    double pool[OLDER], sample[KSWIN_NEWEST], newest[KSWIN_NEWEST];
    struct kll_view a, b;

    memcpy(pool, kswin->window, sizeof(pool));
    memcpy(newest, kswin->window + OLDER, sizeof(newest));
    for (uint32_t i = 0; i < KSWIN_NEWEST; i++) {
        uint32_t chosen = draw_below(&kswin->random, OLDER - i);
        sample[i] = pool[chosen];
        pool[chosen] = pool[OLDER - i - 1];
    }
    qsort(sample, KSWIN_NEWEST, sizeof(*sample), compare);
    qsort(newest, KSWIN_NEWEST, sizeof(*newest), compare);
    sample_view(sample, KSWIN_NEWEST, &a);
    sample_view(newest, KSWIN_NEWEST, &b);
    struct test_result test = test_ks(&a, &b);
    kll_view_clear(&a);
    kll_view_clear(&b);
    return test.p <= ALPHA && test.statistic > 0.1;
}

void kswin_init(struct kswin *kswin, uint32_t seed)
{
    kswin->held = 0;
    twister_seed_key(&kswin->random, seed);
}

bool kswin_update(struct kswin *kswin, double value)
{
    if (kswin->held == KSWIN_WINDOW)
        memmove(kswin->window, kswin->window + 1, --kswin->held * sizeof(double));
    kswin->window[kswin->held++] = value;
    return kswin->held == KSWIN_WINDOW && differs(kswin);
}
