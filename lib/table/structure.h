/*
 * lib/table/structure.h - where the bytes are that give a text table its structure, 64 bytes at a
 * time: by AVX2 or SSE2 where the processor has them, otherwise one by one, with the same answer.
 */
#ifndef TABLE_STRUCTURE_H
#define TABLE_STRUCTURE_H
#include "base/util.h"

/* The four bytes that are looked for. */
struct structure {
    char bytes[4];
};

/* Bit i is set where block[i] is one of the four. `block` has 64 bytes. */
typedef uint64_t (*structure_finder)(const char *block, const struct structure *structure);

/* The fastest that this machine has; $MLOPS_SIMD=none asks for the plain one. */
structure_finder structure_finder_choose(void);

uint64_t structure_find_plain(const char *block, const struct structure *structure);
/* All that this machine has, the plain one last; NULL-terminated. For tests. */
const structure_finder *structure_finders(void);

#endif
