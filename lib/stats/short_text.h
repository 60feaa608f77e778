/*
 * lib/stats/short_text.h - texts of at most sixteen bytes as two numbers, to be compared at once.
 */
#ifndef STATS_SHORT_TEXT_H
#define STATS_SHORT_TEXT_H
#include "table/table.h"

#define SHORT_TEXT_MAX 16 /* bytes */

struct short_text {
    uint64_t words[2]; /* its bytes as they stand, zeros behind them */
    uint64_t length;   /* 1 to SHORT_TEXT_MAX; 0: the text is longer, or empty */
};

/* One of each of `count` texts: by AVX-512 where the processor has it, so that a length need not be
 * foreseen. */
void short_texts(const struct text_view *texts, size_t count, struct short_text *out);

static inline bool short_text_equal(const struct short_text *a, const struct short_text *b)
{
    return !((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) | (a->length ^ b->length));
}

/* A number that differs for different texts, mostly, in its lower bits, too. */
static inline uint64_t short_text_place(const struct short_text *text)
{
    uint64_t mixed = (text->words[0] ^ text->length) * 0x9e3779b97f4a7c15ULL +
                     text->words[1] * 0xbf58476d1ce4e5b9ULL;
    return mixed >> 40;
}

#endif
